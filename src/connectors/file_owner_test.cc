#include "connectors/file_owner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kFile = "out/rows.csv";

// A run that has written `epoch`, and is over.
void write_as(Env& env, const EpochStart& start, std::uint64_t epoch, std::uint64_t length = 1) {
  FileOwner owner(env, kFile);
  ASSERT_TRUE(owner.take(start).ok());
  ASSERT_TRUE(owner.note(epoch, length).ok());
}

std::string refusal(Env& env, const EpochStart& start) {
  return std::string(FileOwner(env, kFile).take(start).message());
}

TEST(FileOwner, OneProcessAtATime) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  FileOwner owner(env, kFile);
  ASSERT_TRUE(owner.take({.incarnation = "a", .decided = 0}).ok());

  EXPECT_THAT(refusal(env, {.incarnation = "b", .decided = 0}),
              AllOf(HasSubstr(kFile), HasSubstr("process 1")));
  EXPECT_TRUE(FileOwner(env, "out/rows").take({.incarnation = "b", .decided = 0}).ok());
}

TEST(FileOwner, ARunGoesOnWithItsFile) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  write_as(env, {.incarnation = "a", .decided = 0}, 1);
  env.put(kFile, "1");
  write_as(env, {.incarnation = "a", .decided = 2}, 2);
  write_as(env, {.incarnation = "a", .decided = 2}, 2);
  EXPECT_THAT(env.list_directory("out").value(),
              ElementsAre(".rows.csv.a-2-1.owner", ".rows.csv.lock", "rows.csv"));
}

TEST(FileOwner, ABeginningReplacesNothingThatAnotherRunHasWritten) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  env.put(kFile, "of nobody");
  write_as(env, {.incarnation = "a", .decided = 0}, 7);
  EXPECT_THAT(refusal(env, {.incarnation = "b", .decided = 0}),
              AllOf(HasSubstr(kFile), HasSubstr("epoch 7"), HasSubstr("move the file away")));

  ASSERT_TRUE(env.remove_file(kFile).ok());
  write_as(env, {.incarnation = "b", .decided = 0}, 1);
  env.put(kFile, "1");
  EXPECT_EQ(refusal(env, {.incarnation = "b", .decided = 1}), "");
  EXPECT_NE(refusal(env, {.incarnation = "a", .decided = 0}), "");
}

TEST(FileOwner, OneThatGoesOnFromASavepointDoesNotGiveLaterEpochsAgain) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  write_as(env, {.incarnation = "a", .decided = 0}, 7);
  env.put(kFile, "1");
  EXPECT_THAT(refusal(env, {.incarnation = "b", .decided = 6}),
              AllOf(HasSubstr(kFile), HasSubstr("epoch 7"), HasSubstr("epoch 6")));
  write_as(env, {.incarnation = "b", .decided = 7}, 8);
  EXPECT_NE(refusal(env, {.incarnation = "a", .decided = 7}), "");
}

TEST(FileOwner, AStateThatIsSetBackDoesNotGiveRowsAgain) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  write_as(env, {.incarnation = "a", .decided = 0}, 7);
  env.put(kFile, "1");
  EXPECT_EQ(refusal(env, {.incarnation = "a", .decided = 7}), "");
  EXPECT_THAT(refusal(env, {.incarnation = "a", .decided = 6}),
              AllOf(HasSubstr(kFile), HasSubstr("epoch 7"), HasSubstr("epoch 6")));
}

TEST(FileOwner, AFileThatWasCutIsNotGoneOnWith) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  write_as(env, {.incarnation = "a", .decided = 0}, 1, 6);
  FileOwner owner(env, kFile);
  ASSERT_TRUE(owner.take({.incarnation = "a", .decided = 1}).ok());
  EXPECT_TRUE(owner.check_length().ok());  // Taken away,
  for (const char* text : {"", "1\n2\n3\n"}) {
    env.put(kFile, text);
    EXPECT_TRUE(owner.check_length().ok());  // emptied, and as it was.
  }
  for (const char* text : {"1\n2", "1\n2\n3\n4\n"}) {
    env.put(kFile, text);
    EXPECT_THAT(owner.check_length().message(), AllOf(HasSubstr(kFile), HasSubstr("had 6")));
  }
}

std::string refusal_without_state(Env& env) {
  return std::string(FileOwner(env, kFile).take_from_nobody().message());
}

TEST(FileOwner, ARunWithoutStateReplacesNothingThatOneWithStateHasWritten) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("out").ok());
  env.put(kFile, "of nobody");
  EXPECT_EQ(refusal_without_state(env), "");
  EXPECT_THAT(env.list_directory("out").value(), ElementsAre("rows.csv"));

  {
    FileOwner owner(env, kFile);
    ASSERT_TRUE(owner.take({.incarnation = "a", .decided = 0}).ok());
    EXPECT_THAT(refusal_without_state(env), AllOf(HasSubstr(kFile), HasSubstr("process 1")));
    ASSERT_TRUE(owner.note(7, 9).ok());
  }
  EXPECT_THAT(refusal_without_state(env),
              AllOf(HasSubstr(kFile), HasSubstr("epoch 7"), HasSubstr("--state-dir")));
  ASSERT_TRUE(env.remove_file(kFile).ok());
  EXPECT_EQ(refusal_without_state(env), "");
  env.put(kFile, "of the run without state");
  EXPECT_EQ(refusal_without_state(env), "");
}

}  // namespace
}  // namespace thalweg
