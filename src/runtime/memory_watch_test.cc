#include "runtime/memory_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env/fake_env.h"
#include "runtime/runtime_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kLimit = 1'000'000'000;

class MemoryWatchTest : public ::testing::Test {
 protected:
  // What look() says a moment later, with so much resident.
  Status look(std::uint64_t resident, Activity activity = Activity::kStill,
              std::int64_t after_micros = 10'000) {
    env_.set_memory(2 * kLimit, resident);
    env_.advance_micros(after_micros);
    return watch_.look(activity);
  }
  bool paused() const { return graph_.signals.paused.load(); }

  FakeEnv env_;
  JobGraph graph_;
  MemoryWatch watch_{kLimit, graph_, env_};
};

TEST_F(MemoryWatchTest, PausesAboveTheLimitAndGoesOnWellBelowIt) {
  EXPECT_TRUE(look(kLimit).ok());
  EXPECT_FALSE(paused());
  EXPECT_TRUE(look(kLimit + 1).ok());
  EXPECT_TRUE(paused());
  EXPECT_TRUE(look(kLimit / 100 * 97).ok());
  EXPECT_TRUE(paused());
  EXPECT_TRUE(look(kLimit / 100 * 94).ok());
  EXPECT_FALSE(paused());
  EXPECT_EQ(watch_.paused_nanos(), 20'000'000);
}

TEST_F(MemoryWatchTest, GivesFreedMemoryBackBeforeItPauses) {
  env_.set_freed_memory(kLimit / 2);
  EXPECT_TRUE(look(kLimit + 1).ok());
  EXPECT_FALSE(paused());
}

TEST_F(MemoryWatchTest, EndsTheJobWhenNothingMovesAndNothingGetsLess) {
  ASSERT_TRUE(look(kLimit + 1).ok());
  ASSERT_TRUE(look(kLimit + 1, Activity::kStill, 1'900'000).ok());
  const Status status = look(kLimit + 1, Activity::kStill, 200'000);
  EXPECT_EQ(status.code(), Code::kNoMemory);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("the program has 954 MiB, and may have 954 MiB"),
                                      HasSubstr("memory_limit")));
}

TEST_F(MemoryWatchTest, WaitsWhileSomethingMoves) {
  ASSERT_TRUE(look(kLimit + 1).ok());
  for (int second = 0; second < 20; ++second) {
    ASSERT_TRUE(look(kLimit + 1, Activity::kMoving, 1'000'000).ok());
  }
  ASSERT_TRUE(look(kLimit + 1, Activity::kStill, 1'000'000).ok());
  EXPECT_FALSE(look(kLimit + 1, Activity::kStill, 1'000'000).ok());
}

TEST_F(MemoryWatchTest, WaitsWhileMemoryGetsLess) {
  std::uint64_t resident = kLimit / 100 * 120;
  for (int second = 0; second < 10; ++second, resident -= kLimit / 100) {
    ASSERT_TRUE(look(resident, Activity::kStill, 1'500'000).ok());
  }
  EXPECT_TRUE(paused());
}

TEST_F(MemoryWatchTest, EndsTheJobAtOnceFarBeyondTheLimit) {
  ASSERT_TRUE(look(kLimit + 1, Activity::kMoving).ok());
  EXPECT_EQ(look(kLimit / 100 * 126, Activity::kMoving).code(), Code::kNoMemory);
}

TEST_F(MemoryWatchTest, AdmitsLargePiecesUpToAQuarterBeyondTheLimit) {
  env_.set_memory(2 * kLimit, kLimit / 2);
  EXPECT_TRUE(watch_.admits(kLimit / 4 * 3));
  watch_.note_filled(kLimit / 4 * 3);
  EXPECT_THAT(watch_.failure().message(), Not(HasSubstr("it needs")));
  EXPECT_FALSE(watch_.admits(kLimit / 4 * 3 + 100));
  EXPECT_THAT(watch_.failure().message(), HasSubstr("it needs 715 MiB more at once"));
  env_.set_freed_memory(kLimit / 4);
  EXPECT_TRUE(watch_.admits(kLimit / 4 * 3 + 100));
}

TEST_F(MemoryWatchTest, CountsWhatItHasAdmittedUntilThatIsFilled) {
  env_.set_memory(2 * kLimit, kLimit / 4);
  WorkerAdmission one(&watch_);
  WorkerAdmission other(&watch_);
  EXPECT_TRUE(one.admits(kLimit / 2));
  EXPECT_TRUE(other.admits(kLimit / 2));
  EXPECT_TRUE(one.admits(kLimit / 4));  // What it took before is filled, or gone.
  EXPECT_FALSE(one.admits(kLimit / 2 + 100));
  other.note_filled();
  EXPECT_TRUE(one.admits(kLimit / 2 + 100));
}

TEST_F(MemoryWatchTest, LooksLessOftenFarFromTheLimit) {
  ASSERT_TRUE(look(0).ok());
  EXPECT_EQ(watch_.until_next_look(), std::chrono::milliseconds(100));
  ASSERT_TRUE(look(kLimit - (std::uint64_t{1} << 20)).ok());
  EXPECT_EQ(watch_.until_next_look(), std::chrono::milliseconds(10));
}

TEST_F(MemoryWatchTest, NamesWhatTakesMost) {
  StepCounters first;
  StepCounters second;
  StepCounters small;
  first.kept = {.count = 3'000'000, .bytes = std::size_t{300} << 20};
  second.kept = {.count = 2'000'000, .bytes = std::size_t{212} << 20};
  small.kept = {.count = 1, .bytes = 4096};
  GraphStep lesser;
  lesser.description = "SORT by a";
  lesser.counters = {&small};
  GraphStep larger;
  larger.id = "query/aggregate#1";
  larger.description = "GROUP by b";
  larger.counters = {&first, &second};
  graph_.steps = {lesser, larger};
  ASSERT_TRUE(look(kLimit).ok());
  EXPECT_THAT(watch_.failure().message(),
              HasSubstr("\n  what takes most:"
                        "\n    GROUP by b: 5000000 rows or groups in 512 MiB (query/aggregate#1)"
                        "\n    SORT by a: 1 row or group in 4.0 KiB\n"));
}

TEST(BytesTextTest, IsForPeople) {
  EXPECT_EQ(bytes_text(512), "512 bytes");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(std::uint64_t{20} << 30), "20 GiB");
}

}  // namespace
}  // namespace thalweg
