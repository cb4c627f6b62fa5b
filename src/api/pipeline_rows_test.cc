#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Windows of so many rows of a key.
namespace thalweg {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using PipelineRowsTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineRowsTest, every_setting());

// Start, time of the last row, rows, sum of bidders; by auction and number.
using Windowed = std::map<std::pair<std::int64_t, std::int64_t>,
                          std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>>;

Windowed expected_windows(const std::vector<Bid>& bids, std::int64_t delay, std::size_t rows,
                          std::size_t slide) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  std::map<std::int64_t, std::vector<const Bid*>> by_auction;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    if (bids[i].time.micros >= stamps[i]) {
      by_auction[bids[i].auction].push_back(&bids[i]);
    }
  }
  Windowed windows;
  for (auto& [auction, own] : by_auction) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Bid* a, const Bid* b) { return a->time < b->time; });
    for (std::size_t first = 0; first < own.size(); first += slide) {
      const std::size_t end = std::min(first + rows, own.size());
      std::int64_t bidders = 0;
      for (std::size_t i = first; i < end; ++i) {
        bidders += own[i]->bidder;
      }
      windows[{auction, static_cast<std::int64_t>(first / slide) + 1}] = {
          own[first]->time.micros, own[end - 1]->time.micros,
          static_cast<std::int64_t>(end - first), bidders};
    }
  }
  return windows;
}

TEST_P(PipelineRowsTest, AgreesWithCountingRowByRow) {
  const std::vector<Bid> bids = random_bids(2000, 61);
  for (const auto& [rows, slide] :
       {std::pair<std::size_t, std::size_t>(10, 10), {10, 3}, {3, 10}, {1, 1}}) {
    Windowed windows;
    Pipeline pipeline("rows");
    pipeline.source(bids)
        .event_time<&Bid::time>(bounded_out_of_order(20s))
        .key_by<&Bid::auction>()
        .window(hopping_rows({.rows = rows, .slide = slide}))
        .aggregate(count().as("rows"), sum<&Bid::bidder>().as("bidders"))
        .sink([&](const Record& row) {
          windows[{row.integer("auction"), row.integer("window_number")}] = {
              row.time("window_start").micros, row.time("window_time").micros, row.integer("rows"),
              row.integer("bidders")};
        });
    const RunReport report = pipeline.run(options());
    ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
    EXPECT_EQ(windows, expected_windows(bids, 20 * kSecond, rows, slide));
  }
}

TEST_P(PipelineRowsTest, GivesTheRowsThemselvesToo) {
  const std::vector<Bid> bids = random_bids(500, 62);
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts;
  Pipeline pipeline("rows");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(20s))
      .key_by<&Bid::auction>()
      .window(tumbling_rows(7))
      .rows()
      .sink([&](const Record& row) {
        ++counts[{row.integer("auction"), row.integer("window_number")}];
      });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  const Windowed expected = expected_windows(bids, 20 * kSecond, 7, 7);
  ASSERT_EQ(counts.size(), expected.size());
  for (const auto& [key, window] : expected) {
    EXPECT_EQ(counts[key], std::get<2>(window));
  }
}

template <typename Step>
std::string problem_of(Step step) {
  Pipeline pipeline("wrong");
  step(pipeline.source(std::vector<Bid>())
           .event_time<&Bid::time>(ascending())
           .key_by<&Bid::auction>());
  return problems_of(pipeline);
}

TEST(PipelineRowsErrorTest, WhatMakesNoSense) {
  const auto drop = [](const Record&, int) {};
  EXPECT_THAT(problem_of([&](const auto& bids) {
                bids.window(tumbling_rows(0)).aggregate(count()).sink(drop);
              }),
              HasSubstr("have one row or more and begin one or more apart, not 0 and 0"));
  EXPECT_THAT(problem_of([&](const auto& bids) {
                bids.window(tumbling_rows(5)).emit_changes().aggregate(count()).sink(drop);
              }),
              HasSubstr("windows of so many rows give final results alone"));
  EXPECT_THAT(problem_of([&](const auto& bids) {
                bids.window(tumbling_rows(5)).top(2, largest<&Bid::price>()).sink(drop);
              }),
              HasSubstr("it takes windows of time"));
  EXPECT_THAT(
      problem_of([&](const auto& bids) { bids.window(tumbling_rows(5)).late_rows().sink(drop); }),
      HasSubstr("a row misses no window of so many rows"));
}

}  // namespace
}  // namespace thalweg
