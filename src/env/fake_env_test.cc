#include "env/fake_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace thalweg {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<DurableFile> create(FakeEnv& env, const std::string& path) {
  return env.create_file(path).take();
}

TEST(FakeEnv, SyncedBytesUnderASyncedNameOutliveACrash) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FakeEnv env;
    ASSERT_TRUE(env.make_directories("a/b").ok());
    auto file = create(env, "a/b/f");
    ASSERT_TRUE(file->write("safe").ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(env.sync_directory("a/b").ok());

    env.crash(seed);

    EXPECT_EQ(env.get("a/b/f"), "safe");
    EXPECT_FALSE(file->write("of a life before").ok());
  }
}

TEST(FakeEnv, BytesAndNamesThatWereNotSyncedMayBeGone) {
  std::set<std::string> texts;
  std::set<bool> names;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    FakeEnv env;
    ASSERT_TRUE(env.make_directories("d").ok());
    auto file = create(env, "d/f");
    ASSERT_TRUE(file->write("ab").ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(env.sync_directory("d").ok());
    ASSERT_TRUE(file->write("cd").ok());
    ASSERT_TRUE(create(env, "d/g")->sync().ok());
    env.crash(seed);
    texts.insert(env.get("d/f"));
    names.insert(env.exists("d/g"));
  }
  EXPECT_THAT(texts, Contains("ab"));
  EXPECT_THAT(texts, Contains("abc"));
  EXPECT_THAT(texts, Contains("abcd"));
  EXPECT_THAT(texts, Contains(std::string("abc\0", 4)));
  EXPECT_THAT(names, ElementsAre(false, true));
}

TEST(FakeEnv, ARenameIsUndoneAsAWhole) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    FakeEnv env;
    env.put("d/old", "old");
    env.put("d/new", "new");
    ASSERT_TRUE(env.rename_file("d/new", "d/old").ok());
    EXPECT_EQ(env.get("d/old"), "new");
    env.crash(seed);
    found.insert(env.get("d/old") + '/' + env.get("d/new"));
  }
  EXPECT_THAT(found, ElementsAre("new/", "old/new"));
}

TEST(FakeEnv, AfterAFailedSyncTheBytesAreLostWhateverALaterOneSays) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeEnv env;
    ASSERT_TRUE(env.make_directories("d").ok());
    auto file = create(env, "d/f");
    ASSERT_TRUE(env.sync_directory("d").ok());
    ASSERT_TRUE(file->write("x").ok());
    env.fail_disk_call(1, Fault::kError);
    EXPECT_FALSE(file->sync().ok());
    EXPECT_FALSE(file->sync().ok());
    EXPECT_TRUE(env.append_file("d/f").value()->sync().ok());
    env.crash(seed);
    lost = lost || env.get("d/f").empty();
  }
  EXPECT_TRUE(lost);
}

TEST(FakeEnv, ACallGoesWrongAsTold) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("d").ok());
  auto file = create(env, "d/f");
  env.fail_disk_call(2, Fault::kError);
  EXPECT_TRUE(file->write("one ").ok());
  EXPECT_THAT(file->write("two ").message(), HasSubstr("cannot write d/f: Input/output error"));
  EXPECT_EQ(env.get("d/f"), "one tw");

  env.fail_disk_call(1, Fault::kTornWrite);
  EXPECT_FALSE(env.rename_file("d/f", "d/g").ok());
  EXPECT_TRUE(env.exists("d/g"));
  EXPECT_FALSE(env.remove_file("d/g").ok());
  EXPECT_FALSE(env.list_directory("d").ok());
  env.crash(0);
  EXPECT_TRUE(env.remove_file("d/g").ok());
}

TEST(FakeEnv, AFullDiskTakesNothingUntilThereIsRoom) {
  FakeEnv env;
  ASSERT_TRUE(env.make_directories("d").ok());
  env.set_disk_full(true);
  EXPECT_THAT(create(env, "d/f")->write("rows").message(), HasSubstr("No space left"));
  env.set_disk_full(false);
  EXPECT_TRUE(create(env, "d/g")->write("rows").ok());
}

TEST(FakeEnv, ListsAndMovesDirectories) {
  FakeEnv env;
  env.put("s/job/a", "1");
  env.put("s/job/b", "2");
  EXPECT_THAT(env.list_directory("s").value(), ElementsAre("job"));
  EXPECT_THAT(env.list_directory("s/job").value(), ElementsAre("a", "b"));

  ASSERT_TRUE(env.rename_file("s/job", "s/old").ok());

  EXPECT_EQ(env.get("s/old/b"), "2");
  EXPECT_THAT(env.list_directory("s").value(), ElementsAre("old"));
  EXPECT_FALSE(env.list_directory("s/job").ok());
}

TEST(FakeEnv, ALockEndsWithItsOwnerOrTheMachine) {
  FakeEnv env;
  auto lock = env.lock_file("l").take();
  EXPECT_THAT(env.lock_file("l").status().message(), HasSubstr("process 1"));
  env.crash(0);
  auto next = env.lock_file("l").take();
  lock.reset();
  EXPECT_FALSE(env.lock_file("l").ok());
  next.reset();
  EXPECT_TRUE(env.lock_file("l").ok());
}

}  // namespace
}  // namespace thalweg
