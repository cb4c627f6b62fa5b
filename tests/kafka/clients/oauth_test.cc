#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

#include "thalweg/kafka/admin.h"

// Against a broker that asks for tokens, which tests/kafka/security_test.py starts: it names the
// broker and a file with a token in the environment. Without that there is no such test.
namespace thalweg::kafka {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class OauthTest : public testing::Test {
 public:
  explicit OauthTest(bool by_function) : by_function_(by_function) {}

  void TestBody() override {
    const std::string path = variable("THALWEG_KAFKA_TOKEN_FILE");
    Security security{.mechanism = SaslMechanism::kOauthBearer};
    int asked = 0;
    if (by_function_) {
      security.token = [&]() -> Expected<OauthToken> {
        ++asked;
        std::string text;
        std::getline(std::ifstream(path), text);
        return OauthToken{
            .token = text,
            .expires = Timestamp::from(std::chrono::system_clock::now()) + std::chrono::minutes(5),
            .principal = "alice"};
      };
    } else {
      security.token_file = path;
    }
    auto admin = Admin::open(
        {.connection = {.brokers = variable("THALWEG_KAFKA_OAUTH_BROKERS"), .security = security}});
    ASSERT_TRUE(admin) << admin.error().message();
    const auto topics = admin->list_topics();
    EXPECT_TRUE(topics) << topics.error().message();
    EXPECT_EQ(asked > 0, by_function_);
  }

 private:
  const bool by_function_;
};

const bool kRegistered = [] {
  if (!variable("THALWEG_KAFKA_OAUTH_BROKERS").empty()) {
    for (const bool by_function : {false, true}) {
      testing::RegisterTest("OauthTest", by_function ? "ATokenOfAFunction" : "ATokenInAFile",
                            nullptr, nullptr, __FILE__, __LINE__,
                            [=]() -> testing::Test* { return new OauthTest(by_function); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace thalweg::kafka
