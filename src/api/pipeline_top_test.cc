#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// The first rows of each key.
namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

using PipelineTopTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineTopTest, every_setting());

using Row = std::tuple<std::int64_t, double, std::int32_t, std::int64_t>;
Row row_of(const Bid& bid) {
  return {bid.auction, bid.price.value_or(-1), bid.bidder, bid.time.micros};
}

// Highest price first, those without one last, then by bidder and time, so that no two are equal.
bool comes_before(const Bid& a, const Bid& b) {
  return std::tuple(-a.price.value_or(-1), a.bidder, a.time.micros) <
         std::tuple(-b.price.value_or(-1), b.bidder, b.time.micros);
}

// All different, so that one order is the only right one.
std::vector<Bid> different_bids(std::size_t count, std::uint32_t seed) {
  std::set<std::tuple<std::int64_t, std::int32_t, std::int64_t>> seen;
  std::vector<Bid> bids;
  for (const Bid& bid : random_bids(count, seed)) {
    if (seen.insert({bid.auction, bid.bidder, bid.time.micros}).second) {
      bids.push_back(bid);
    }
  }
  return bids;
}

TEST_P(PipelineTopTest, OfABoundedStreamAtItsEnd) {
  const std::vector<Bid> bids = different_bids(2000, 21);
  std::vector<Row> rows;
  Pipeline pipeline("top");
  pipeline.source(bids)
      .key_by<&Bid::auction>()
      .top(3, largest<&Bid::price>(), smallest<&Bid::bidder>(), smallest<&Bid::time>())
      .sink([&](const Bid& bid) { rows.push_back(row_of(bid)); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::int64_t, std::vector<Bid>> by_auction;
  for (const Bid& bid : bids) {
    by_auction[bid.auction].push_back(bid);
  }
  std::vector<Row> expected;
  for (auto& [auction, own] : by_auction) {
    std::sort(own.begin(), own.end(), comes_before);
    for (std::size_t i = 0; i < 3; ++i) {
      expected.push_back(row_of(own[i]));
    }
  }
  EXPECT_THAT(rows, UnorderedElementsAreArray(expected));
}

TEST_P(PipelineTopTest, OfEachWindowWithRanks) {
  const std::vector<Bid> bids = different_bids(2000, 22);
  using Ranked = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int32_t>;
  std::vector<Ranked> rows;
  Pipeline pipeline("window-top");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(300s))
      .key_by<&Bid::auction>()
      .window(tumbling(1min))
      .ranked("place", 2, largest<&Bid::price>(), smallest<&Bid::bidder>(), smallest<&Bid::time>())
      .sink([&](const Record& row) {
        rows.emplace_back(row.time("window_start").micros, row.integer("auction"),
                          row.integer("place"), static_cast<std::int32_t>(row.integer("bidder")));
      });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Bid>> windows;
  for (const Bid& bid : bids) {
    std::int64_t start = bid.time.micros / kMinute * kMinute;
    start -= start > bid.time.micros ? kMinute : 0;
    windows[{start, bid.auction}].push_back(bid);
  }
  std::vector<Ranked> expected;
  for (auto& [window, own] : windows) {
    std::sort(own.begin(), own.end(), comes_before);
    for (std::size_t i = 0; i < std::min<std::size_t>(2, own.size()); ++i) {
      expected.emplace_back(window.first, window.second, i + 1, own[i].bidder);
    }
  }
  EXPECT_THAT(rows, UnorderedElementsAreArray(expected));
}

// Ranks of results in their windows, as SQL gives them.
TEST_P(PipelineTopTest, OfResultsWithTiesIsThatOfSql) {
  const std::vector<Bid> bids = random_bids(3000, 23);
  const auto row_text = [](const Record& row) {
    return row.text("window_start") + "|" + row.text("auction") + "|" + row.text("bids") + "|" +
           row.text("place");
  };
  std::vector<std::string> tied;
  std::vector<std::string> distinct;
  std::vector<std::string> sql_tied;
  std::vector<std::string> sql_distinct;
  Pipeline pipeline("ties");
  const auto counts = pipeline.source(bids, "bids")
                          .event_time<&Bid::time>(bounded_out_of_order(20s))
                          .key_by<&Bid::auction>()
                          .window(tumbling(20s))
                          .aggregate(count().as("bids"))
                          .as_table("counts")
                          .key_by({"window_start", "window_end"});
  counts.ranked("place", with_ties(2), largest("bids")).sink([&](const Record& row) {
    tied.push_back(row_text(row));
  });
  counts.ranked("place", distinct_values(2), largest("bids")).sink([&](const Record& row) {
    distinct.push_back(row_text(row));
  });
  const auto ranked = [](const std::string& function) {
    return "SELECT *, " + function +
           "() OVER (PARTITION BY window_start, window_end ORDER BY bids DESC) AS place"
           " FROM counts QUALIFY place <= 2";
  };
  pipeline.sql(ranked("rank")).sink([&](const Record& row) { sql_tied.push_back(row_text(row)); });
  pipeline.sql(ranked("dense_rank")).sink([&](const Record& row) {
    sql_distinct.push_back(row_text(row));
  });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_GT(tied.size(), 0U);
  EXPECT_THAT(tied, UnorderedElementsAreArray(sql_tied));
  EXPECT_THAT(distinct, UnorderedElementsAreArray(sql_distinct));
}

TEST_P(PipelineTopTest, OfAnEndlessStreamIsAChangelog) {
  const std::vector<Bid> bids = different_bids(600, 24);
  const Input<Bid> input(bids.size());
  for (const Bid& bid : bids) {
    ASSERT_TRUE(input.push(bid));
  }
  input.close();
  std::map<Row, int> rows;
  Pipeline pipeline("changes");
  pipeline.source(input)
      .key_by<&Bid::auction>()
      .top(2, largest<&Bid::price>(), smallest<&Bid::bidder>(), smallest<&Bid::time>())
      .sink([&](const Bid& bid, int change) { rows[row_of(bid)] += change; });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::int64_t, std::vector<Bid>> by_auction;
  for (const Bid& bid : bids) {
    by_auction[bid.auction].push_back(bid);
  }
  std::map<Row, int> expected;
  for (auto& [auction, own] : by_auction) {
    std::sort(own.begin(), own.end(), comes_before);
    ++expected[row_of(own[0])];
    ++expected[row_of(own[1])];
  }
  std::erase_if(rows, [](const auto& entry) { return entry.second == 0; });
  EXPECT_EQ(rows, expected);
}

TEST_P(PipelineTopTest, DeduplicatesByTheFirstAndByTheLast) {
  const std::vector<Bid> bids = different_bids(2000, 25);
  const std::vector<std::int64_t> stamps = stamps_of(bids, 20 * kSecond);
  std::map<std::int32_t, std::int64_t> first;
  std::map<std::int32_t, std::int64_t> last;
  std::size_t rows = 0;
  Pipeline pipeline("deduplicate");
  const auto keyed = pipeline.source(bids)
                         .event_time<&Bid::time>(bounded_out_of_order(20s))
                         .key_by<&Bid::bidder>();
  keyed.deduplicate().sink([&](const Bid& bid) {
    ++rows;
    first[bid.bidder] = bid.time.micros;
  });
  keyed.deduplicate(Keep::kLast).sink([&](const Bid& bid) { last[bid.bidder] = bid.time.micros; });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::int32_t, std::int64_t> expected_first;
  std::map<std::int32_t, std::int64_t> expected_last;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    const std::int64_t time = bids[i].time.micros;
    // What is given out once cannot be changed by a row that comes late.
    if (time >= stamps[i]) {
      const auto [found, is_new] = expected_first.try_emplace(bids[i].bidder, time);
      found->second = std::min(found->second, time);
    }
    const auto [found, is_new] = expected_last.try_emplace(bids[i].bidder, time);
    found->second = std::max(found->second, time);
  }
  EXPECT_EQ(first, expected_first);
  EXPECT_EQ(rows, expected_first.size());
  EXPECT_EQ(last, expected_last);
}

TEST(PipelineTopErrorTest, MistakesAreTold) {
  Pipeline pipeline("wrong");
  const auto source = pipeline.source(std::vector<Bid>());
  source.key_by<&Bid::bidder>().deduplicate().sink([](const Bid&) {});
  EXPECT_THAT(problems_of(pipeline), HasSubstr("deduplicate: the stream has no event time"));

  Pipeline other("mapped");
  struct Price {
    double price;
  };
  other.source(std::vector<Bid>())
      .event_time<&Bid::time>(ascending())
      .map([](const Bid& bid) { return Price{bid.price.value_or(0)}; })
      .key_by<&Price::price>()
      .deduplicate()
      .sink([](const Price&) {});
  EXPECT_THAT(problems_of(other),
              HasSubstr("no field of the stream is known to hold its event time"));

  Pipeline none("none");
  none.source(std::vector<Bid>())
      .key_by<&Bid::bidder>()
      .top(0, smallest("bider"))
      .sink([](const Bid&) {});
  EXPECT_THAT(problems_of(none), HasSubstr("the stream has no column \"bider\""));
}

}  // namespace
}  // namespace thalweg
