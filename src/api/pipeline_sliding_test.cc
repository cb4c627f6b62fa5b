#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Windows that overlap and windows that follow from their rows.
namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

struct Result {
  Timestamp window_start;
  Timestamp window_end;
  std::int64_t auction;
  std::int64_t bids;
  std::optional<double> mean;
  friend bool operator==(const Result&, const Result&) = default;
};

struct Expected {
  std::vector<Result> rows;
  std::uint64_t late = 0;
};

using Bounds = std::pair<std::int64_t, std::int64_t>;  // Start and end.

struct Sum {
  std::int64_t bids = 0;
  std::int64_t prices = 0;
  double sum = 0;
};
void add(Sum& sum, const Bid& bid) {
  ++sum.bids;
  sum.prices += bid.price ? 1 : 0;
  sum.sum += bid.price.value_or(0);
}
Result result_of(const Bounds& window, std::int64_t auction, const Sum& sum) {
  return {{window.first},
          {window.second},
          auction,
          sum.bids,
          sum.prices > 0 ? std::optional(sum.sum / double(sum.prices)) : std::nullopt};
}

std::int64_t floor_to(std::int64_t time, std::int64_t step, std::int64_t offset) {
  std::int64_t start = (time - offset) / step * step + offset;
  return start > time ? start - step : start;
}

std::vector<Bounds> hops_of(std::int64_t time, std::int64_t size, std::int64_t slide,
                            std::int64_t offset) {
  std::vector<Bounds> windows;
  for (std::int64_t start = floor_to(time, slide, offset); start + size > time; start -= slide) {
    windows.emplace_back(start, start + size);
  }
  return windows;
}

std::vector<Bounds> cumulations_of(std::int64_t time, std::int64_t size, std::int64_t step) {
  std::vector<Bounds> windows;
  const std::int64_t start = floor_to(time, size, 0);
  for (std::int64_t end = start + step; end - step < start + size; end += step) {
    const std::int64_t bounded = std::min(end, start + size);
    if (time < bounded) {
      windows.emplace_back(start, bounded);
    }
  }
  return windows;
}

// A row counts in those of its windows that the watermark before it has not reached the end of, and
// is late when there is none.
template <typename WindowsOf>
Expected brute_force(const std::vector<Bid>& bids, std::int64_t delay, WindowsOf windows_of) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  std::map<std::pair<Bounds, std::int64_t>, Sum> sums;
  Expected expected;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    bool late = false;
    bool counted = false;
    for (const Bounds& window : windows_of(bids[i].time.micros)) {
      if (window.second <= stamps[i]) {
        late = true;
      } else {
        counted = true;
        add(sums[{window, bids[i].auction}], bids[i]);
      }
    }
    expected.late += late && !counted ? 1 : 0;
  }
  for (const auto& [key, sum] : sums) {
    expected.rows.push_back(result_of(key.first, key.second, sum));
  }
  return expected;
}

using PipelineSlidingTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineSlidingTest, every_setting());

// Runs the windows over the bids and compares with what is expected.
void check(const std::vector<Bid>& bids, std::chrono::microseconds delay, const Windows& windows,
           const Expected& expected, const SessionOptions& options) {
  std::vector<Result> rows;
  Pipeline pipeline("windows");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(delay))
      .key_by<&Bid::auction>()
      .window(windows)
      .aggregate(count().as("bids"), avg<&Bid::price>().as("mean"))
      .as<Result>()
      .sink([&](const Result& row) { rows.push_back(row); });
  const RunReport report = pipeline.run(options);
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_THAT(rows, UnorderedElementsAreArray(expected.rows));
  EXPECT_EQ(report.summary.rows_late, expected.late);
}

TEST_P(PipelineSlidingTest, HoppingWindowsOfAnySlide) {
  const std::vector<Bid> bids = random_bids(3000, 11);
  const std::tuple<int, int, int> spans[] = {{60, 20, 0}, {60, 35, 10}, {10, 45, 0}, {90, 90, 7}};
  for (const auto& [size, slide, offset] : spans) {
    SCOPED_TRACE(testing::Message() << size << " s every " << slide << " s");
    const std::int64_t size_micros = size * kSecond;
    const std::int64_t slide_micros = slide * kSecond;
    const std::int64_t offset_micros = offset * kSecond;
    const Expected expected = brute_force(bids, 20 * kSecond, [=](std::int64_t time) {
      return hops_of(time, size_micros, slide_micros, offset_micros);
    });
    EXPECT_GT(expected.late, 0U);
    check(bids, 20s,
          hopping({.size = std::chrono::seconds(size),
                   .slide = std::chrono::seconds(slide),
                   .offset = std::chrono::seconds(offset - 1000 * slide)}),
          expected, options());
  }
}

TEST_P(PipelineSlidingTest, CumulatingWindows) {
  const std::vector<Bid> bids = random_bids(3000, 12);
  for (const int step : {20, 25, 60}) {
    SCOPED_TRACE(testing::Message() << "every " << step << " s");
    const Expected expected = brute_force(bids, 20 * kSecond, [step](std::int64_t time) {
      return cumulations_of(time, kMinute, step * kSecond);
    });
    check(bids, 20s, cumulating({.size = 1min, .step = std::chrono::seconds(step)}), expected,
          options());
  }
}

// A session's rows are at most the gap apart; a row is late when it is older than the watermark
// before it.
Expected expected_sessions(const std::vector<Bid>& bids, std::int64_t delay, std::int64_t gap) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  std::map<std::int64_t, std::vector<const Bid*>> by_auction;
  Expected expected;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    if (bids[i].time.micros < stamps[i]) {
      ++expected.late;
    } else {
      by_auction[bids[i].auction].push_back(&bids[i]);
    }
  }
  for (auto& [auction, own] : by_auction) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Bid* a, const Bid* b) { return a->time < b->time; });
    for (std::size_t first = 0; first < own.size();) {
      Sum sum;
      std::size_t next = first;
      do {
        add(sum, *own[next++]);
      } while (next < own.size() && own[next]->time.micros - own[next - 1]->time.micros <= gap);
      expected.rows.push_back(
          result_of({own[first]->time.micros, own[next - 1]->time.micros + gap}, auction, sum));
      first = next;
    }
  }
  return expected;
}

TEST_P(PipelineSlidingTest, Sessions) {
  const std::vector<Bid> bids = random_bids(3000, 13);
  for (const int gap : {1, 3, 20}) {
    SCOPED_TRACE(testing::Message() << gap << " s");
    check(bids, 20s, session(std::chrono::seconds(gap)),
          expected_sessions(bids, 20 * kSecond, gap * kSecond), options());
  }
}

// The same plan: also the same results as SQL gives over the same source.
TEST_P(PipelineSlidingTest, RowsOfWindowsAreThoseOfSql) {
  const std::vector<Bid> bids = random_bids(1500, 14);
  using Row = std::tuple<std::string, std::string, std::string, std::string>;
  const auto row_of = [](const Record& row) {
    return Row(row.text("window_start"), row.text("window_end"), row.text("bidder"),
               row.text("time"));
  };
  std::vector<Row> hops;
  std::vector<Row> sessions;
  std::vector<Row> sql_hops;
  std::vector<Row> sql_sessions;
  Pipeline pipeline("rows");
  const auto source =
      pipeline.source(bids, "bids").event_time<&Bid::time>(bounded_out_of_order(10s));
  source.window(sliding({.size = 15s, .slide = 10s})).rows().sink([&](const Record& row) {
    hops.push_back(row_of(row));
  });
  source.key_by<&Bid::bidder>().window(session(4s)).rows().sink([&](const Record& row) {
    sessions.push_back(row_of(row));
  });
  pipeline.sql("SELECT * FROM HOP(bids, time, INTERVAL '10 s', INTERVAL '15 s')")
      .sink([&](const Record& row) { sql_hops.push_back(row_of(row)); });
  pipeline.sql("SELECT * FROM SESSION(bids PARTITION BY bidder, time, INTERVAL '4 s')")
      .sink([&](const Record& row) { sql_sessions.push_back(row_of(row)); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_FALSE(sql_hops.empty());
  EXPECT_FALSE(sql_sessions.empty());
  EXPECT_THAT(hops, UnorderedElementsAreArray(sql_hops));
  EXPECT_THAT(sessions, UnorderedElementsAreArray(sql_sessions));
}

// Grouping by the window of a stream of results needs no window of its own, and is final too.
TEST_P(PipelineSlidingTest, ResultsAreGroupedByTheirWindow) {
  const std::vector<Bid> bids = random_bids(2000, 15);
  std::map<Bounds, std::int64_t> sums;
  std::size_t rows = 0;
  Pipeline pipeline("cascade");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(300s))
      .key_by<&Bid::auction>()
      .window(hopping({.size = 60s, .slide = 25s}))
      .aggregate(count().as("bids"))
      .key_by({"window_start", "window_end"})
      .aggregate(of("sum", "bids").as("all"), count().as("auctions"))
      .sink([&](const Record& row) {
        ++rows;
        sums[{row.time("window_start").micros, row.time("window_end").micros}] +=
            row.integer("all");
      });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<Bounds, std::int64_t> expected;
  for (const Bid& bid : bids) {
    for (const Bounds& window : hops_of(bid.time.micros, 60 * kSecond, 25 * kSecond, 0)) {
      ++expected[window];
    }
  }
  EXPECT_EQ(sums, expected);
  EXPECT_EQ(rows, expected.size());  // Each once.
}

std::string problem_of(const Windows& windows) {
  Pipeline pipeline("wrong");
  pipeline.source(std::vector<Bid>())
      .event_time<&Bid::time>(ascending())
      .window(windows)
      .aggregate(count())
      .sink([](const Record&) {});
  return problems_of(pipeline);
}

TEST(PipelineSlidingErrorTest, WindowsThatAreNone) {
  EXPECT_THAT(problem_of(tumbling(0s)), HasSubstr("the size of a window is more than nothing"));
  EXPECT_THAT(problem_of(hopping({.size = 1min, .slide = 0s})),
              HasSubstr("the slide of a window is more than nothing"));
  EXPECT_THAT(problem_of(hopping({.size = -1min, .slide = 1s})),
              HasSubstr("the size of a window is more than nothing, not -1 minute"));
  EXPECT_THAT(problem_of(cumulating({.size = 1min, .step = 2min})),
              HasSubstr("the step of cumulating windows, 2 minutes, is at most their size, 1 min"));
  EXPECT_THAT(problem_of(session(0s)), HasSubstr("the gap of a session is more than nothing"));
}

TEST(PipelineSlidingErrorTest, AWindowNeedsEventTime) {
  Pipeline pipeline("timeless");
  const auto source = pipeline.source(std::vector<Bid>());
  source.key_by<&Bid::auction>().window(session(1s)).rows().sink([](const Record&) {});
  EXPECT_THAT(problems_of(pipeline), HasSubstr("the stream has no event time"));
}

}  // namespace
}  // namespace thalweg
