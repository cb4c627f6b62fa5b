#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// How event time follows from the rows of a source.
namespace thalweg {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using PipelineTimeTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineTimeTest, every_setting());

std::uint64_t late_rows(const std::vector<Bid>& bids, Watermarks watermarks,
                        const SessionOptions& options) {
  Pipeline pipeline("late");
  pipeline.source(bids)
      .event_time<&Bid::time>(std::move(watermarks))
      .window(session(1s))
      .aggregate(count())
      .sink([](const Record&) {});
  const RunReport report = pipeline.run(options);
  EXPECT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  return report.summary.rows_late;
}

TEST_P(PipelineTimeTest, TheStrategySaysWhichRowsAreLate) {
  const std::vector<Bid> bids = random_bids(3000, 31);
  const auto expected = [&](std::int64_t delay) {
    const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
    std::uint64_t late = 0;
    for (std::size_t i = 0; i < bids.size(); ++i) {
      late += bids[i].time.micros < stamps[i] ? 1 : 0;
    }
    return late;
  };
  EXPECT_EQ(late_rows(bids, ascending(), options()), expected(0));
  EXPECT_EQ(late_rows(bids, bounded_out_of_order(20s), options()), expected(20 * kSecond));
  EXPECT_EQ(late_rows(bids, watermark("time - INTERVAL '20 seconds'"), options()),
            expected(20 * kSecond));
}

// The bound may say of each row how late others may come.
TEST_P(PipelineTimeTest, AnExpressionOverTheFieldsIsTheWatermark) {
  const std::vector<Bid> bids = random_bids(3000, 32);
  std::uint64_t expected = 0;
  std::int64_t stamp = INT64_MIN;
  for (const Bid& bid : bids) {
    expected += bid.time.micros < stamp ? 1 : 0;
    stamp = std::max(stamp, bid.time.micros - (bid.bidder % 2 == 0 ? 10 : 40) * kSecond);
  }
  EXPECT_EQ(late_rows(bids,
                      watermark("time - CASE WHEN bidder % 2 = 0 THEN INTERVAL '10 seconds' "
                                "ELSE INTERVAL '40 seconds' END"),
                      options()),
            expected);
}

TEST_P(PipelineTimeTest, ARowFromTheFutureIsRejected) {
  const std::vector<Bid> bids = {{1, 1, 1, "web", {kMinute}},
                                 {1, 2, 1, "web", {std::int64_t{1} << 60}},
                                 {1, 3, 1, "web", {2 * kMinute}}};
  std::int64_t rows = 0;
  Pipeline pipeline("future");
  pipeline.source(bids)
      .event_time<&Bid::time>(ascending().max_future_skew(24h))
      .window(tumbling(1min))
      .aggregate(count().as("n"))
      .sink([&](const Record& row) { rows += row.integer("n"); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(rows, 2);
  ASSERT_EQ(report.summary.rejected.size(), 1U);
  EXPECT_EQ(report.summary.rejected[0].reason, "too_far_ahead");
}

// One of two inputs says nothing at all; the results of the other come while the pipeline runs.
TEST(PipelineIdleTest, ASilentInputHoldsNobodyBack) {
  const Input<Bid> silent;
  const Input<Bid> busy;
  busy.push({1, 1, 1, "web", {kMinute}});
  busy.push({1, 2, 1, "web", {3 * kMinute}});
  std::map<std::int64_t, std::int64_t> counts;
  Pipeline pipeline("idle");
  pipeline.source(silent, "silent")
      .event_time<&Bid::time>(ascending().idle_timeout(1ms))
      .merge(pipeline.source(busy, "busy").event_time<&Bid::time>(ascending().idle_timeout(1h)))
      .window(tumbling(1min))
      .aggregate(count().as("n"))
      .sink([&](const Record& row) {
        counts[row.time("window_start").micros] = row.integer("n");
        silent.close();
        busy.close();
      });
  const RunReport report = pipeline.run({.workers = 2});
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(counts, (std::map<std::int64_t, std::int64_t>{{kMinute, 1}, {3 * kMinute, 1}}));
}

// The last window of a quiet stream closes by the wall clock.
TEST(PipelineIdleTest, AQuietStreamGoesOnWithTheWallClock) {
  const Input<Bid> input;
  input.push({1, 1, 1, "web", {kMinute}});
  std::atomic<int> results = 0;
  Pipeline pipeline("quiet");
  pipeline.source(input)
      .event_time<&Bid::time>(bounded_out_of_order(1s).idle_timeout(1ms).advance_when_idle())
      .window(tumbling(1min))
      .aggregate(count())
      .sink([&](const Record&) {
        ++results;
        input.close();
      });
  const RunReport report = pipeline.run({.workers = 2});
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(results, 1);
}

std::string problem_of(Watermarks watermarks) {
  Pipeline pipeline("wrong");
  pipeline.source(std::vector<Bid>())
      .event_time<&Bid::time>(std::move(watermarks))
      .sink([](const Bid&) {});
  return problems_of(pipeline);
}

TEST(PipelineTimeErrorTest, StrategiesThatAreNone) {
  EXPECT_THAT(problem_of(bounded_out_of_order(-1s)),
              HasSubstr("the delay of a watermark cannot be less than nothing"));
  EXPECT_THAT(problem_of(ascending().idle_timeout(-1s)),
              HasSubstr("idle_timeout cannot be less than nothing"));
  EXPECT_THAT(problem_of(watermark("tiem - INTERVAL '1 s'")), HasSubstr("tiem"));
  EXPECT_THAT(problem_of(watermark("date_trunc('hour', time)").advance_when_idle()),
              HasSubstr("with advance_when_idle the watermark is a field less a span"));
}

}  // namespace
}  // namespace thalweg
