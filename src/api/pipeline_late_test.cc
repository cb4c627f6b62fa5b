#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Results before windows close and after it, and the rows that come too late.
namespace thalweg {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using Bounds = std::pair<std::int64_t, std::int64_t>;
using Counts = std::map<std::pair<Bounds, std::int64_t>, std::int64_t>;  // By window and auction.
// Time, bidder, window, late by.
using Late = std::map<std::tuple<std::int64_t, std::int64_t, Bounds, std::int64_t>, int>;

std::vector<Bounds> hops_of(std::int64_t time, std::int64_t size, std::int64_t slide) {
  std::vector<Bounds> windows;
  for (std::int64_t start = -20 * kMinute; start <= time; start += slide) {
    if (time < start + size) {
      windows.emplace_back(start, start + size);
    }
  }
  return windows;
}

struct Expected {
  Counts counts;
  Late late;
};

Expected brute_force(const std::vector<Bid>& bids, std::int64_t delay, std::int64_t lateness,
                     std::int64_t size, std::int64_t slide) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  Expected expected;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    for (const Bounds& window : hops_of(bids[i].time.micros, size, slide)) {
      if (i > 0 && window.second + lateness <= stamps[i]) {
        ++expected.late[{bids[i].time.micros, bids[i].bidder, window,
                         stamps[i] - window.second - lateness}];
      } else {
        ++expected.counts[{window, bids[i].auction}];
      }
    }
  }
  return expected;
}

Bounds window_of(const Record& row) {
  return {row.time("window_start").micros, row.time("window_end").micros};
}

// What stands after all changes.
auto fold_into(Counts& counts) {
  return [&counts](const Record& row, int change) {
    const std::pair key(window_of(row), row.integer("auction"));
    if (change > 0) {
      EXPECT_EQ(counts.count(key), 0U);
      counts[key] = row.integer("bids");
    } else {
      EXPECT_EQ(counts.at(key), row.integer("bids"));
      counts.erase(key);
    }
  };
}

auto list_into(Late& late) {
  return [&late](const Record& row) {
    ++late[{row.time("time").micros, row.integer("bidder"), window_of(row),
            row.integer("late_by_micros")}];
  };
}

using PipelineLateTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineLateTest, every_setting());

TEST_P(PipelineLateTest, EveryRowIsCountedOrIsALateRow) {
  const std::vector<Bid> bids = random_bids(4000, 51);
  for (const std::int64_t lateness : {0, 30, 120, 600}) {
    const Expected expected = brute_force(bids, 20 * kSecond, lateness * kSecond, kMinute, kMinute);
    Counts counts;
    Late late;
    Pipeline pipeline("late");
    const auto windows = pipeline.source(bids)
                             .event_time<&Bid::time>(bounded_out_of_order(20s))
                             .key_by<&Bid::auction>()
                             .window(tumbling(1min))
                             .allowed_lateness(std::chrono::seconds(lateness));
    windows.aggregate(count().as("bids")).sink(fold_into(counts));
    windows.late_rows().sink(list_into(late));
    const RunReport report = pipeline.run(options());
    ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
    EXPECT_EQ(counts, expected.counts);
    EXPECT_EQ(late, expected.late);
    std::int64_t rows = 0;
    for (const auto& [key, count] : counts) {
      rows += count;
    }
    for (const auto& [key, times] : late) {
      rows += times;
    }
    EXPECT_EQ(rows, 4000);
  }
}

TEST_P(PipelineLateTest, ARowOfOverlappingWindowsIsListedForEachThatItMissed) {
  const std::vector<Bid> bids = random_bids(2000, 52);
  const Expected expected = brute_force(bids, 10 * kSecond, 0, 90 * kSecond, 20 * kSecond);
  Counts counts;
  Late late;
  Pipeline pipeline("hops");
  const auto windows = pipeline.source(bids)
                           .event_time<&Bid::time>(bounded_out_of_order(10s))
                           .key_by<&Bid::auction>()
                           .window(hopping({.size = 90s, .slide = 20s}));
  windows.emit_every(1ms).aggregate(count().as("bids")).sink(fold_into(counts));
  windows.late_rows().sink(list_into(late));
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(counts, expected.counts);
  EXPECT_EQ(late, expected.late);
}

TEST_P(PipelineLateTest, ASessionMissesNoWindowButHasLateRows) {
  const std::vector<Bid> bids = random_bids(2000, 53);
  const std::vector<std::int64_t> stamps = stamps_of(bids, 10 * kSecond);
  std::map<std::int64_t, std::int64_t> expected;   // How late, by time.
  for (std::size_t i = 1; i < bids.size(); ++i) {  // Before the first there is no watermark.
    if (const std::int64_t by = stamps[i] - 30 * kSecond - bids[i].time.micros; by > 0) {
      expected[bids[i].time.micros] = by;
    }
  }
  ASSERT_FALSE(expected.empty());
  std::map<std::int64_t, std::int64_t> late;
  std::atomic<std::int64_t> rows = 0;  // Of two sinks, each on a worker of its own.
  Pipeline pipeline("sessions");
  const auto windows = pipeline.source(bids)
                           .event_time<&Bid::time>(bounded_out_of_order(10s))
                           .key_by<&Bid::auction>()
                           .window(session(3s))
                           .allowed_lateness(30s);
  windows.aggregate(count().as("bids")).sink([&](const Record& row, int change) {
    rows += change * row.integer("bids");
  });
  windows.late_rows().sink([&](const Record& row) {
    EXPECT_TRUE(row.is_null("window_start"));
    late[row.time("time").micros] = row.integer("late_by_micros");
    ++rows;
  });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(late, expected);
  EXPECT_EQ(rows, 2000);
}

TEST_P(PipelineLateTest, WindowsOverCorrectedOnesHoldTheCorrections) {
  const std::vector<Bid> bids = random_bids(2000, 54);
  std::int64_t rows = 0;
  Pipeline pipeline("cascade");
  pipeline.source(bids)
      .event_time<&Bid::time>(ascending())
      .window(tumbling(10s))
      .allowed_lateness(10min)
      .aggregate(count().as("bids"))
      .window(tumbling(1min))
      .aggregate(of("sum", "bids").as("bids"))
      .sink([&](const Record& row) { rows += row.integer("bids"); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(rows, 2000);
}

template <typename Step>
std::string problem_of(Step step) {
  Pipeline pipeline("wrong");
  step(pipeline.source(std::vector<Bid>()).event_time<&Bid::time>(ascending()));
  return problems_of(pipeline);
}

TEST(PipelineLateErrorTest, WhatMakesNoSense) {
  const auto drop = [](const Record&, int) {};
  EXPECT_THAT(problem_of([&](const auto& bids) {
                bids.window(tumbling(1min)).allowed_lateness(-1s).aggregate(count()).sink(drop);
              }),
              HasSubstr("the lateness cannot be less than nothing: -1 second"));
  EXPECT_THAT(problem_of([&](const auto& bids) {
                bids.window(tumbling(1min)).emit_every(0s).aggregate(count()).sink(drop);
              }),
              HasSubstr("the period of emit_every is more than nothing, not 0 seconds"));
  EXPECT_THAT(
      problem_of([&](const auto& bids) {
        bids.window(tumbling(1min)).aggregate(count()).window(tumbling(1h)).late_rows().sink(drop);
      }),
      HasSubstr("none of them comes too late"));
  EXPECT_THAT(problem_of([&](const auto& bids) {
                bids.window(tumbling(1min))
                    .emit_changes()
                    .aggregate(count())
                    .window(session(1min))
                    .aggregate(count())
                    .sink(drop);
              }),
              HasSubstr("sessions need final rows"));
}

std::string problems_with_output(bool reads_late_rows) {
  Pipeline pipeline("output");
  const auto windows =
      pipeline
          .source<Bid>(connector(
              "file",
              {{"path", THALWEG_DATA_DIR "/quakes.jsonl"}, {"format", "json"}, {"late", "output"}}))
          .event_time<&Bid::time>(ascending())
          .filter([](const Bid&) { return true; })
          .window(tumbling(1min));
  windows.aggregate(count()).sink([](const Record&) {});
  if (reads_late_rows) {
    windows.late_rows().sink([](const Record&) {});
    const RunReport report = pipeline.run({.workers = 1});
    return report.problems.empty() ? "" : report.problems[0].text;
  }
  return problems_of(pipeline);
}

TEST(PipelineLateErrorTest, LateRowsThatHaveToBeWrittenOut) {
  EXPECT_THAT(problems_with_output(false), HasSubstr("nothing reads the late rows of"));
  EXPECT_EQ(problems_with_output(true), "");
}

}  // namespace
}  // namespace thalweg
