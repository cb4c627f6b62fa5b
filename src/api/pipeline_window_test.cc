#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

namespace thalweg {
namespace {

using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

struct Hot {
  Timestamp window_start;
  Timestamp window_end;
  std::int64_t auction;
  std::int64_t bids;
  std::optional<double> top;
  friend bool operator==(const Hot&, const Hot&) = default;
};

// What tumbling windows make of the rows: late is what comes when the largest time before it, less
// the delay, has reached the window's end.
struct Expected {
  std::vector<Hot> rows;
  std::uint64_t late = 0;
};
Expected brute_force(const std::vector<Bid>& bids, std::int64_t delay, double price_min) {
  std::map<std::pair<std::int64_t, std::int64_t>, Hot> windows;
  std::optional<std::int64_t> largest;
  Expected expected;
  for (const Bid& bid : bids) {
    const std::optional<std::int64_t> before = largest;
    largest = std::max(largest.value_or(bid.time.micros), bid.time.micros);
    if (!(bid.price >= price_min)) {
      continue;
    }
    const std::int64_t start =
        static_cast<std::int64_t>(std::floor(double(bid.time.micros) / kMinute)) * kMinute;
    if (before && start + kMinute <= *before - delay) {
      ++expected.late;
      continue;
    }
    Hot& top = windows[{start, bid.auction}];
    top.window_start = {start};
    top.window_end = {start + kMinute};
    top.auction = bid.auction;
    ++top.bids;
    top.top = std::max(top.top.value_or(*bid.price), *bid.price);
  }
  for (const auto& [key, row] : windows) {
    expected.rows.push_back(row);
  }
  return expected;
}

using PipelineWindowTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineWindowTest, every_setting());

TEST_P(PipelineWindowTest, TumblingWindowsByKeyWithLateRows) {
  const std::vector<Bid> bids = random_bids(6000, 1);
  const Expected expected = brute_force(bids, 20 * kSecond, 100);
  ASSERT_GT(expected.late, 20U);
  std::vector<Hot> rows;
  Pipeline pipeline("hot-auctions");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(20s))
      .filter([](const Bid& bid) { return bid.price >= 100; })
      .key_by<&Bid::auction>()
      .window(tumbling(1min))
      .aggregate(count().as("bids"), max<&Bid::price>().as("top"))
      .as<Hot>()
      .sink([&](const Hot& row) { rows.push_back(row); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone);
  EXPECT_THAT(rows, UnorderedElementsAreArray(expected.rows));
  EXPECT_EQ(report.summary.rows_late, expected.late);
  ASSERT_EQ(report.summary.rejected.size(), 1U);
  EXPECT_EQ(report.summary.rejected[0].reason, "late");
}

// Rows of one call keep the event time and the lateness of the row they are made of.
TEST_P(PipelineWindowTest, DerivedRowsKeepTheirTime) {
  struct Half {
    std::int64_t auction;
    double price;
  };
  struct HalfTop {
    Timestamp window_start;
    std::int64_t auction;
    std::int64_t halves;
    double top;
  };
  const std::vector<Bid> bids = random_bids(3000, 2);
  const Expected expected = brute_force(bids, 0, 0);
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t, double>> rows;
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t, double>> wanted;
  for (const Hot& row : expected.rows) {
    wanted.emplace_back(row.window_start.micros, row.auction, 2 * row.bids, *row.top / 2);
  }
  Pipeline pipeline("halves");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(0s))
      .filter("price IS NOT NULL")
      .flat_map(
          [](const Bid& bid) { return std::vector<Half>(2, Half{bid.auction, *bid.price / 2}); })
      .key_by<&Half::auction>()
      .window(tumbling(1min))
      .aggregate(count().as("halves"), max<&Half::price>().as("top"))
      .as<HalfTop>()
      .sink([&](const HalfTop& row) {
        rows.emplace_back(row.window_start.micros, row.auction, row.halves, row.top);
      });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone);
  EXPECT_THAT(rows, UnorderedElementsAreArray(wanted));
  EXPECT_EQ(report.summary.rows_late, 2 * expected.late);
}

TEST_P(PipelineWindowTest, EveryAggregate) {
  const std::vector<Bid> bids = random_bids(2000, 3);
  struct Row {
    std::string channel;
    std::int64_t rows;
    std::int64_t prices;
    double sum;
    double mean;
    double least;
    double most;
    std::int32_t first_bidder;
    std::int32_t last_bidder;
    double spread;
  };
  std::map<std::string, Row> rows;
  Pipeline pipeline("aggregates");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(300s))
      .key_by<&Bid::channel>()
      .aggregate(count().as("rows"), count<&Bid::price>().as("prices"),
                 sum<&Bid::price>().as("sum"), avg<&Bid::price>().as("mean"),
                 min<&Bid::price>().as("least"), max<&Bid::price>().as("most"),
                 first<&Bid::bidder>().as("first_bidder"), last<&Bid::bidder>().as("last_bidder"),
                 of("stddev_pop", "price").as("spread"))
      .as<Row>()
      .sink([&](const Row& row) { rows[row.channel] = row; });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  ASSERT_EQ(rows.size(), 2U);
  for (const auto& [channel, row] : rows) {
    std::vector<const Bid*> own;
    for (const Bid& bid : bids) {
      if (bid.channel == channel) {
        own.push_back(&bid);
      }
    }
    double sum = 0;
    double squares = 0;
    double least = 1e9;
    double most = -1;
    int prices = 0;
    for (const Bid* bid : own) {
      if (bid->price) {
        ++prices;
        sum += *bid->price;
        squares += *bid->price * *bid->price;
        least = std::min(least, *bid->price);
        most = std::max(most, *bid->price);
      }
    }
    // The order that counts is that of event time, then of the source.
    const auto earlier = [](const Bid* a, const Bid* b) { return a->time < b->time; };
    const Bid* const first = *std::min_element(own.begin(), own.end(), earlier);
    const Bid* const last =
        *std::max_element(own.rbegin(), own.rend(), [&](auto a, auto b) { return earlier(a, b); });
    EXPECT_EQ(row.rows, static_cast<std::int64_t>(own.size()));
    EXPECT_EQ(row.prices, prices);
    EXPECT_DOUBLE_EQ(row.sum, sum);
    EXPECT_DOUBLE_EQ(row.mean, sum / prices);
    EXPECT_EQ(row.least, least);
    EXPECT_EQ(row.most, most);
    EXPECT_EQ(row.first_bidder, first->bidder);
    EXPECT_EQ(row.last_bidder, last->bidder);
    EXPECT_NEAR(row.spread, std::sqrt(squares / prices - sum / prices * sum / prices), 1e-6);
  }
}

TEST_P(PipelineWindowTest, WithoutAKeyAndByTwo) {
  const std::vector<Bid> bids = random_bids(1000, 4);
  std::map<std::int64_t, std::int64_t> all;
  std::map<std::tuple<std::int64_t, std::int64_t, std::string>, std::int64_t> by_two;
  Pipeline pipeline("keys");
  const auto source = pipeline.source(bids).event_time<&Bid::time>(bounded_out_of_order(300s));
  source.window(tumbling(1min, 15s)).aggregate(count()).sink([&](const Record& row) {
    all[row.time("window_start").micros] += row.integer("count");
  });
  source.key_by<&Bid::auction, &Bid::channel>()
      .window(tumbling(2min))
      .aggregate(count().as("n"))
      .sink([&](const Record& row) {
        by_two[{row.time("window_start").micros, row.integer("auction"), row.text("channel")}] +=
            row.integer("n");
      });
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  std::map<std::int64_t, std::int64_t> expected;
  std::map<std::tuple<std::int64_t, std::int64_t, std::string>, std::int64_t> expected_by_two;
  const auto start = [](std::int64_t time, std::int64_t size, std::int64_t offset) {
    return static_cast<std::int64_t>(std::floor(double(time - offset) / double(size))) * size +
           offset;
  };
  for (const Bid& bid : bids) {
    ++expected[start(bid.time.micros, kMinute, 15 * kSecond)];
    ++expected_by_two[{start(bid.time.micros, 2 * kMinute, 0), bid.auction, bid.channel}];
  }
  EXPECT_EQ(all, expected);
  EXPECT_EQ(by_two, expected_by_two);
}

// Windows over the results of windows: their event time is window_time.
TEST_P(PipelineWindowTest, WindowsOverWindows) {
  const std::vector<Bid> bids = random_bids(2000, 5);
  std::map<std::int64_t, std::int64_t> busy;
  Pipeline pipeline("twice");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(300s))
      .key_by<&Bid::auction>()
      .window(tumbling(1min))
      .aggregate(count().as("bids"))
      .filter("bids >= 20")
      .window(tumbling(5min))
      .aggregate(of("sum", "bids").as("total"))
      .sink(
          [&](const Record& row) { busy[row.time("window_start").micros] = row.integer("total"); });
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> minutes;
  for (const Bid& bid : bids) {
    const auto start =
        static_cast<std::int64_t>(std::floor(double(bid.time.micros) / kMinute)) * kMinute;
    ++minutes[{start, bid.auction}];
  }
  std::map<std::int64_t, std::int64_t> expected;
  for (const auto& [key, bids_in] : minutes) {
    if (bids_in >= 20) {
      expected[static_cast<std::int64_t>(std::floor(double(key.first) / (5 * kMinute))) * 5 *
               kMinute] += bids_in;
    }
  }
  EXPECT_EQ(busy, expected);
}

TEST_P(PipelineWindowTest, NoRowsNoWindowsAndOneTotal) {
  int windows = 0;
  std::vector<std::int64_t> totals;
  Pipeline pipeline("empty");
  const auto source =
      pipeline.source(std::vector<Bid>()).event_time<&Bid::time>(bounded_out_of_order(1s));
  source.window(tumbling(1min)).aggregate(count()).sink([&](const Record&) { ++windows; });
  source.aggregate(count().as("n")).sink([&](const Record& row) {
    totals.push_back(row.integer("n"));
  });
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_EQ(windows, 0);
  EXPECT_EQ(totals, std::vector<std::int64_t>{0});
}

}  // namespace
}  // namespace thalweg
