#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/engine.h"
#include "columnar/value.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;

// One line per row: values joined by blanks.
class LineReceiver final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& header, const Rows& rows) override {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      std::string line;
      for (std::uint32_t column = 0; column < header.columns.size(); ++column) {
        line += (column == 0 ? "" : " ") + rows.text(row, column);
      }
      lines_.push_back(std::move(line));
    }
    return true;
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;  // Guards lines_.
  std::vector<std::string> lines_;
};

// A row at so many seconds after the fake world's beginning.
std::string row_at(std::int64_t second) {
  return "{\"ts\":" + std::to_string(1'700'000'000'000 + second * 1000) + "}\n";
}

// A job over files that grow, while the test moves the clock.
class LiveJob {
 public:
  LiveJob(const std::string& options, const std::string& query)
      : engine_(env_, SessionOptions{.workers = 2, .interleaving_seed = std::nullopt}) {
    script_.name = "test";
    script_.text =
        "CREATE TABLE t (ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '5 seconds') WITH "
        "(connector = 'file', path = 'part-*', format = 'json', follow = true" +
        options + ");\n" + query;
  }
  ~LiveJob() {
    engine_.request_stop();
    thread_.join();
  }

  FakeEnv& env() { return env_; }

  void start() {
    thread_ = std::thread([this] { report_ = engine_.execute(script_, receiver_); });
  }

  // Waits for the job, which runs by itself, to get there.
  bool reaches(const std::function<bool(const RunProgress&)>& condition,
               std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition(engine_.progress())) {
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }
  bool reads(std::uint64_t rows) {
    return reaches([&](const RunProgress& progress) { return progress.rows_in == rows; });
  }
  bool shows(std::size_t lines) {
    return reaches([&](const RunProgress&) { return receiver_.lines().size() >= lines; });
  }
  // Lets the clock go on, with `row` coming to part a now and then, until so many lines are there.
  // When exactly the job notices that a partition is silent is its own affair.
  bool shows_as_time_passes(std::size_t lines, const std::string& row = "") {
    for (int i = 0; i < 200; ++i) {
      env_.advance_micros(10 * kSecond);
      env_.append("part-a", row);
      if (reaches([&](const RunProgress&) { return receiver_.lines().size() >= lines; },
                  std::chrono::milliseconds(100))) {
        return true;
      }
    }
    return false;
  }
  std::vector<std::string> lines() { return receiver_.lines(); }
  RunProgress progress() { return engine_.progress(); }

 private:
  FakeEnv env_;
  Engine engine_;
  Script script_;
  LineReceiver receiver_;
  RunReport report_;
  std::thread thread_;
};

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

  // Part b falls silent for longer than the timeout while part a goes on.
  ASSERT_TRUE(job.shows_as_time_passes(1, row_at(48)));
  EXPECT_THAT(job.lines(), ElementsAre("2"));
  const RunProgress progress = job.progress();
  EXPECT_FALSE(progress.partitions[0].idle_micros.has_value());
  EXPECT_TRUE(progress.partitions[1].idle_micros.has_value());
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

TEST(WatermarksTest, AQuietStreamFollowsTheWallClockWhenAsked) {
  LiveJob job(", idle_timeout = '30s', advance_when_idle = true", kCounts);
  job.env().put("part-a", row_at(1));
  job.start();
  ASSERT_TRUE(job.reads(1));
  EXPECT_THAT(job.lines(), IsEmpty());
  ASSERT_TRUE(job.shows_as_time_passes(1));
  EXPECT_THAT(job.lines(), ElementsAre("1"));
}

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
