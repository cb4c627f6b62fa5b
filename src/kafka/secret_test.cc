#include "kafka/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kafka/oauth.h"

namespace thalweg::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class KafkaSecretTest : public testing::Test {
 protected:
  KafkaSecretTest() { std::filesystem::create_directories(directory); }
  ~KafkaSecretTest() override { std::filesystem::remove_all(directory); }

  std::string file(const std::string& name, const std::string& text) {
    const std::string path = directory + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Expected<std::string> resolved(const std::string& text, const Directories& directories = {}) {
    return resolve_reference(system_env(), text, directories, "sasl.password");
  }

  const std::string directory = testing::TempDir() + "kafka_secret_test_" +
                                testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(KafkaSecretTest, ATextIsItself) { EXPECT_EQ(*resolved("p$ss{word}"), "p$ss{word}"); }

TEST_F(KafkaSecretTest, AFileIsItsTextWithoutTheNewline) {
  EXPECT_EQ(*resolved("${file:" + file("password", "hunter2\n") + "}"), "hunter2");
}

TEST_F(KafkaSecretTest, AVariableOfTheEnvironment) {
  ::setenv("KAFKA_SECRET_TEST", "hunter2", 1);
  EXPECT_EQ(*resolved("${env:KAFKA_SECRET_TEST}"), "hunter2");
  ::unsetenv("KAFKA_SECRET_TEST");
  EXPECT_THAT(resolved("${env:KAFKA_SECRET_TEST}").error().message(),
              HasSubstr("no variable KAFKA_SECRET_TEST"));
}

TEST_F(KafkaSecretTest, AMissingFileIsToldWithItsSetting) {
  EXPECT_THAT(resolved("${file:/nowhere/password}").error().message(),
              AllOf(HasSubstr("sasl.password"), HasSubstr("/nowhere/password")));
}

TEST_F(KafkaSecretTest, ALinkCountsAsWhatItLeadsTo) {
  const std::string inner = directory + "/inner";
  std::filesystem::create_directories(inner);
  const std::string outside = file("outside", "x");
  const std::string inside = file("inner/file", "y");
  std::filesystem::create_symlink(outside, inner + "/out");
  std::filesystem::create_symlink("file", inner + "/in");
  std::filesystem::create_directory_symlink(inner, directory + "/linked");
  EXPECT_THAT(resolved("${file:" + inner + "/out}", {inner}).error().message(),
              HasSubstr("outside of the directories"));
  EXPECT_TRUE(resolved("${file:" + inner + "/in}", {inner}));
  EXPECT_TRUE(resolved("${file:" + directory + "/linked/in}", {directory + "/linked"}));
}

TEST_F(KafkaSecretTest, FilesLieInTheirDirectories) {
  const std::string path = file("password", "hunter2");
  EXPECT_TRUE(resolved("${file:" + path + "}", {directory}));
  EXPECT_TRUE(resolved("${file:" + path + "}", {"/elsewhere", directory + "/"}));
  EXPECT_THAT(resolved("${file:" + path + "}", {"/elsewhere"}).error().message(),
              HasSubstr("outside of the directories"));
  EXPECT_FALSE(resolved("${file:" + directory + "/../../etc/passwd}", {directory}));
  EXPECT_FALSE(resolved("${file:" + directory + "2/password}", {directory}));
}

TEST_F(KafkaSecretTest, AnotherReferenceIsRefusedWithoutShowingIt) {
  EXPECT_THAT(resolved("${vault:hunter2}").error().message(),
              AllOf(HasSubstr("${file:PATH} or ${env:NAME}"), Not(HasSubstr("hunter2"))));
}

// {"alg":"none"} {"sub":"ann","exp":1700000000.5}
constexpr char kToken[] = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjE3MDAwMDAwMDAuNX0.";

TEST_F(KafkaSecretTest, AWebTokenTellsItsOwnerAndItsEnd) {
  const auto token = read_token_file(system_env(), file("token", std::string(kToken) + "\n"), {});
  ASSERT_TRUE(token) << token.error().message();
  EXPECT_EQ(token->principal, "ann");
  EXPECT_EQ(token->expires.micros, 1'700'000'000'500'000);
  EXPECT_EQ(SecretReader::text(token->token), kToken);
}

TEST_F(KafkaSecretTest, WhatIsNoWebTokenIsRefused) {
  for (const char* const text : {"", "hunter2", "a.b", "a.!!!!.c", "a.e30.c"}) {
    const auto token = parse_token(text);
    ASSERT_FALSE(token) << text;
    EXPECT_THAT(token.error().message(), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace thalweg::kafka
