#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

#include "thalweg/kafka/admin.h"

// Against a broker that asks for tokens, which tests/kafka/security_test.py starts: it names the
// broker and a file with a token in the environment.
namespace thalweg::kafka {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void expect_topics(const Security& security) {
  auto admin = Admin::open(
      {.connection = {.brokers = variable("THALWEG_KAFKA_OAUTH_BROKERS"), .security = security}});
  ASSERT_TRUE(admin) << admin.error().message();
  const auto topics = admin->list_topics();
  EXPECT_TRUE(topics) << topics.error().message();
}

TEST(OauthTest, ATokenInAFile) {
  expect_topics({.mechanism = SaslMechanism::kOauthBearer,
                 .token_file = variable("THALWEG_KAFKA_TOKEN_FILE")});
}

TEST(OauthTest, ATokenOfAFunction) {
  int asked = 0;
  const auto token = [&]() -> Expected<OauthToken> {
    ++asked;
    std::ifstream file(variable("THALWEG_KAFKA_TOKEN_FILE"));
    std::string text;
    std::getline(file, text);
    return OauthToken{
        .token = text,
        .expires = Timestamp::from(std::chrono::system_clock::now()) + std::chrono::minutes(5),
        .principal = "alice"};
  };
  expect_topics({.mechanism = SaslMechanism::kOauthBearer, .token = token});
  EXPECT_GT(asked, 0);
}

}  // namespace
}  // namespace thalweg::kafka
