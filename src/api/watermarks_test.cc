#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "api/live_job_fixture.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using namespace fixture;

constexpr const char* kCounts =
    "SELECT count(*) FROM TUMBLE(t, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end;";

std::uint64_t rejected(const RunProgress& progress, const std::string& reason) {
  for (const RunProgress::Rejected& each : progress.rejected) {
    if (each.reason == reason) {
      return each.rows;
    }
  }
  return 0;
}

// What does a silent partition do?
TEST(WatermarksTest, ASilentPartitionStepsAsideAfterItsTimeout) {
  LiveJob job(", idle_timeout = '30s'", kCounts);
  job.env().put("part-a", row_at(1));
  job.env().put("part-b", row_at(2));
  job.start();
  ASSERT_TRUE(job.reads(2));
  job.env().append("part-a", row_at(40));
  ASSERT_TRUE(job.reads(3));
  ASSERT_TRUE(job.reaches([](const RunProgress& progress) {
    return progress.partitions.size() == 2 && progress.partitions[1].holds_back;
  }));
  EXPECT_THAT(job.lines(), IsEmpty());
  EXPECT_EQ(held_back_by(job.progress()), "t \"part-b\"");

  // Part b falls silent for longer than the timeout while part a goes on.
  ASSERT_TRUE(job.shows_as_time_passes(1, row_at(48)));
  EXPECT_THAT(job.lines(), ElementsAre("2"));
  const RunProgress progress = job.progress();
  EXPECT_FALSE(progress.partitions[0].idle_micros.has_value());
  EXPECT_TRUE(progress.partitions[1].idle_micros.has_value());
}

TEST(WatermarksTest, ASilentPartitionHoldsNobodyBackAfterARestart) {
  LiveJob job(", idle_timeout = '30s'", kCounts, {.directory = "state", .name = "job"});
  job.env().put("part-a", row_at(1));
  job.env().put("part-b", row_at(2));
  job.start();
  ASSERT_TRUE(job.reads(2));
  ASSERT_TRUE(job.shows_as_time_passes(1, row_at(23)));
  const auto b_is_idle = [](const RunProgress& progress) {
    return progress.partitions.size() == 2 && progress.partitions[1].idle_micros.has_value();
  };
  ASSERT_TRUE(job.reaches(b_is_idle));

  // The clock stands still from now on.
  job.restart();
  ASSERT_TRUE(job.reaches(b_is_idle));
  job.env().append("part-a", row_at(36));
  ASSERT_TRUE(job.shows(2));
  job.env().append("part-b", row_at(45));
  ASSERT_TRUE(job.reaches([&](const RunProgress& progress) { return !b_is_idle(progress); }));
}

TEST(WatermarksTest, APartitionThatComesBackBehindIsLateAfterIdle) {
  LiveJob job(", idle_timeout = '30s'", kCounts);
  job.env().put("part-a", row_at(1));
  job.env().put("part-b", row_at(2));
  job.start();
  ASSERT_TRUE(job.reads(2));
  ASSERT_TRUE(job.shows_as_time_passes(1, row_at(23)));

  job.env().append("part-b", row_at(3));
  ASSERT_TRUE(job.reaches(
      [](const RunProgress& progress) { return rejected(progress, "late_after_idle") == 1; }));
  EXPECT_THAT(job.lines(), ElementsAre("2"));
}

TEST(WatermarksTest, WithoutATimeoutASilentPartitionHoldsForEver) {
  LiveJob job(", idle_timeout = '0'", kCounts);
  job.env().put("part-a", row_at(1));
  job.env().put("part-b", row_at(2));
  job.start();
  ASSERT_TRUE(job.reads(2));
  job.env().advance_micros(3600 * kSecond);
  job.env().append("part-a", row_at(60));
  ASSERT_TRUE(job.reads(3));
  ASSERT_TRUE(job.reaches([](const RunProgress& progress) {
    return progress.partitions[1].holds_back && progress.partitions[1].watermark_micros &&
           progress.partitions[0].watermark_micros > progress.partitions[1].watermark_micros;
  }));
  EXPECT_THAT(job.lines(), IsEmpty());
  const std::string report = explain_watermarks(job.progress());
  EXPECT_THAT(report,
              HasSubstr("part-b     2023-11-14 22:13:17  active, holds the watermark back"));
}

// Does the last window of a quiet stream close?
TEST(WatermarksTest, AQuietStreamFollowsTheWallClockWhenAsked) {
  LiveJob job(", idle_timeout = '30s', advance_when_idle = true", kCounts);
  job.env().put("part-a", row_at(1));
  job.start();
  ASSERT_TRUE(job.reads(1));
  EXPECT_THAT(job.lines(), IsEmpty());
  ASSERT_TRUE(job.shows_as_time_passes(1));
  EXPECT_THAT(job.lines(), ElementsAre("1"));
}

// Which times may open a window?
TEST(WatermarksTest, ARowTooFarAheadIsRefusedAndClosesNothing) {
  LiveJob job("", kCounts);
  job.env().put("part-a", row_at(1) + row_at(1000LL * 365 * 86'400) + row_at(2));
  job.start();
  ASSERT_TRUE(job.reads(3));
  ASSERT_TRUE(job.reaches(
      [](const RunProgress& progress) { return rejected(progress, "too_far_ahead") == 1; }));
  job.env().append("part-a", row_at(16));
  ASSERT_TRUE(job.shows(1));
  EXPECT_THAT(job.lines(), ElementsAre("2"));
}

TEST(WatermarksTest, PartitionsThatMeetAreReadInStep) {
  // Blocks of a file are read whole, so each part brings its rows in many small ones.
  LiveJob job(", idle_timeout = '0', max_drift = '10s', block_bytes = '64'", kCounts);
  std::string far;
  for (int i = 0; i < 2000; ++i) {
    far += row_at(i);
  }
  job.env().put("part-a", far);
  job.env().put("part-b", row_at(0));
  job.start();
  ASSERT_TRUE(job.reaches([](const RunProgress& progress) {
    return progress.partitions.size() == 2 && progress.partitions[1].watermark_micros.has_value() &&
           progress.rows_in > 5;
  }));
  // However long it waits, part a stays within the drift of part b, but for a block per worker.
  for (int i = 0; i < 1000; ++i) {
    std::this_thread::yield();
    const RunProgress progress = job.progress();
    ASSERT_LT(progress.rows_in, 60U);
  }
  job.env().append("part-b", row_at(3000));
  EXPECT_TRUE(job.reads(2002));
}

}  // namespace
}  // namespace thalweg
