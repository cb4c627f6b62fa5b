#include "connectors/standard_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::HasSubstr;

std::string read_all(InputFile& file) {
  std::string text;
  std::byte buffer[5];
  while (const std::size_t count = file.read(buffer, sizeof buffer).value()) {
    text.append(reinterpret_cast<const char*>(buffer), count);
  }
  return text;
}

TEST(StandardInputTest, WhatWasSampledIsReadAgain) {
  FakeEnv env;
  env.say("a\nb\nc\n");
  env.say("d\n");
  StandardInput input(env);

  EXPECT_EQ(input.sample(2).value(), "a\nb\n");
  EXPECT_EQ(input.sample(2).value(), "a\nb\n");
  EXPECT_EQ(read_all(*input.take().value()), "a\nb\nc\nd\n");
}

TEST(StandardInputTest, AShortInputIsSampledWhole) {
  FakeEnv env;
  env.say("a\nb");
  StandardInput input(env);

  EXPECT_EQ(input.sample(1000).value(), "a\nb");
}

TEST(StandardInputTest, ASampleEndsWhereTheInputFallsSilent) {
  FakeEnv env;
  env.say("a\nb");
  env.keep_input_open(true);
  StandardInput input(env);

  EXPECT_EQ(input.sample(1000).value(), "a\n");
}

TEST(StandardInputTest, AWaitForTheFirstRowEndsWhenItIsStopped) {
  FakeEnv env;
  env.keep_input_open(true);
  StandardInput input(env);

  input.request_stop();

  EXPECT_THAT(input.sample(1000).status().message(), HasSubstr("stopped"));
  env.say("a\n");
  EXPECT_EQ(input.sample(1000).value(), "a\n");
}

TEST(StandardInputTest, IsReadOnlyOnce) {
  FakeEnv env;
  env.say("a\n");
  StandardInput input(env);
  ASSERT_TRUE(input.take().ok());

  EXPECT_THAT(input.take().status().message(), HasSubstr("only once"));
  EXPECT_FALSE(input.sample(1).ok());
}

}  // namespace
}  // namespace thalweg
