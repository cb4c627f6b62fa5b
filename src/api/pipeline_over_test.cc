#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Rows with what they see of the rows around them, against a plain computation row by row.
namespace thalweg {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using PipelineOverTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineOverTest, every_setting());

constexpr std::int64_t kDelay = 20 * kSecond;

// Bids that are not late, by auction, in order of time and then of the input. The bidder is the
// bid's number.
std::map<std::int64_t, std::vector<Bid>> bids_by_auction(const std::vector<Bid>& bids,
                                                         bool one_key = false) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, kDelay);
  std::map<std::int64_t, std::vector<Bid>> by_auction;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    if (bids[i].time.micros >= stamps[i]) {
      by_auction[one_key ? 0 : bids[i].auction].push_back(bids[i]);
    }
  }
  for (auto& [auction, own] : by_auction) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Bid& a, const Bid& b) { return a.time.micros < b.time.micros; });
  }
  return by_auction;
}

std::vector<Bid> numbered_bids(std::size_t count, std::uint32_t seed) {
  std::vector<Bid> bids = random_bids(count, seed);
  for (std::size_t i = 0; i < bids.size(); ++i) {
    bids[i].bidder = static_cast<std::int32_t>(i);
    bids[i].time.micros = bids[i].time.micros / kSecond * kSecond;  // So that some are equal.
  }
  return bids;
}

std::string text_of(std::optional<double> value) {
  return value ? std::to_string(std::llround(*value * 1000)) : "-";
}

std::string text_of(const Record& row, const std::string& column) {
  return row.is_null(column) ? "-" : text_of(row.number(column));
}

// count(*), count, sum, avg, min, max of prices; first and last bidder.
std::string aggregates_of(const std::vector<Bid>& frame) {
  std::vector<double> prices;
  double sum = 0;
  for (const Bid& bid : frame) {
    if (bid.price) {
      prices.push_back(*bid.price);
      sum += *bid.price;
    }
  }
  const auto where_any = [&](double value) {
    return text_of(prices.empty() ? std::nullopt : std::optional(value));
  };
  const auto size = static_cast<double>(prices.size());
  std::string text = std::to_string(frame.size()) + " " + std::to_string(prices.size()) + " " +
                     where_any(sum) + " " + where_any(sum / std::max(size, 1.0)) + " ";
  std::sort(prices.begin(), prices.end());
  text += where_any(prices.empty() ? 0 : prices.front()) + " " +
          where_any(prices.empty() ? 0 : prices.back());
  return text + (frame.empty()
                     ? " - -"
                     : " " + text_of(frame.front().bidder) + " " + text_of(frame.back().bidder));
}

std::string aggregates_of(const Record& row) {
  return row.text("count") + " " + row.text("count_price") + " " + text_of(row, "sum_price") + " " +
         text_of(row, "avg_price") + " " + text_of(row, "min_price") + " " +
         text_of(row, "max_price") + " " + text_of(row, "first_value_bidder") + " " +
         text_of(row, "last_value_bidder");
}

// over() with the aggregates of aggregates_of().
template <typename S>
Stream<Record> aggregated(const S& stream, Frame frame) {
  return stream.over(frame, count(), count<&Bid::price>(), sum<&Bid::price>(), avg<&Bid::price>(),
                     min<&Bid::price>(), max<&Bid::price>(), first<&Bid::bidder>(),
                     last<&Bid::bidder>());
}

using Answers = std::map<std::int64_t, std::string>;  // By bidder.

void note(Answers& answers, const Record& row, const std::string& text) {
  EXPECT_TRUE(answers.emplace(row.integer("bidder"), text).second) << "twice: " << text;
}

std::vector<Bid> rows_around(const std::vector<Bid>& own, std::size_t at, std::size_t before,
                             std::size_t behind) {
  const std::size_t first = at - std::min(at, before);
  const std::size_t end = std::min(own.size(), at + behind + 1);
  return {own.begin() + static_cast<std::ptrdiff_t>(first),
          own.begin() + static_cast<std::ptrdiff_t>(end)};
}

TEST_P(PipelineOverTest, AggregatesOfFramesOfRowsAndOfTime) {
  const std::vector<Bid> bids = numbered_bids(1500, 31);
  Answers by_rows;
  Answers by_time;
  Pipeline pipeline("frames");
  const auto keyed = pipeline.source(bids)
                         .event_time<&Bid::time>(bounded_out_of_order(20s))
                         .key_by<&Bid::auction>();
  aggregated(keyed, rows_frame({.preceding = 4, .following = 1})).sink([&](const Record& row) {
    note(by_rows, row, aggregates_of(row));
  });
  aggregated(keyed, range_frame({.preceding = 30s})).sink([&](const Record& row) {
    note(by_time, row, aggregates_of(row));
  });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  Answers expected_by_rows;
  Answers expected_by_time;
  for (const auto& [auction, own] : bids_by_auction(bids)) {
    for (std::size_t at = 0; at < own.size(); ++at) {
      expected_by_rows[own[at].bidder] = aggregates_of(rows_around(own, at, 4, 1));
      std::vector<Bid> frame;
      std::copy_if(own.begin(), own.end(), std::back_inserter(frame), [&](const Bid& other) {
        const std::int64_t before = own[at].time.micros - other.time.micros;
        return before >= 0 && before <= 30 * kSecond;
      });
      expected_by_time[own[at].bidder] = aggregates_of(frame);
    }
  }
  EXPECT_GT(expected_by_rows.size(), 1000U);
  EXPECT_EQ(by_rows, expected_by_rows);
  EXPECT_EQ(by_time, expected_by_time);
}

TEST_P(PipelineOverTest, FramesWithoutABoundAreOfAllRows) {
  const std::vector<Bid> bids = numbered_bids(800, 32);
  Answers so_far;
  Answers all;
  Pipeline pipeline("unbounded");
  const auto source = pipeline.source(bids).event_time<&Bid::time>(bounded_out_of_order(20s));
  aggregated(source, rows_frame({.preceding = kUnbounded})).sink([&](const Record& row) {
    note(so_far, row, aggregates_of(row));
  });
  aggregated(source, range_frame({.preceding = kUnbounded, .following = kUnbounded}))
      .sink([&](const Record& row) { note(all, row, aggregates_of(row)); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  Answers expected_so_far;
  Answers expected_all;
  const std::vector<Bid> own = bids_by_auction(bids, true).at(0);
  for (std::size_t at = 0; at < own.size(); ++at) {
    expected_so_far[own[at].bidder] = aggregates_of(rows_around(own, at, at, 0));
    expected_all[own[at].bidder] = aggregates_of(own);
  }
  EXPECT_EQ(so_far, expected_so_far);
  EXPECT_EQ(all, expected_all);
}

TEST_P(PipelineOverTest, RanksAndNeighboursOfAnEndlessStream) {
  const std::vector<Bid> bids = numbered_bids(900, 33);
  const Input<Bid> input(bids.size());
  for (const Bid& bid : bids) {
    ASSERT_TRUE(input.push(bid));
  }
  input.close();
  Answers answers;
  std::size_t late = 0;
  Pipeline pipeline("neighbours");
  const auto keyed = pipeline.source(input)
                         .event_time<&Bid::time>(bounded_out_of_order(20s))
                         .key_by<&Bid::auction>();
  keyed
      .over(rows_frame({.preceding = 2}), row_number(), rank(), dense_rank(),
            lag<&Bid::price>().as("before"), lead<&Bid::bidder>(2), nth<&Bid::bidder>(2),
            of("max", "channel"), lag("channel", 3))
      .sink([&](const Record& row) {
        note(answers, row,
             row.text("row_number") + " " + row.text("rank") + " " + row.text("dense_rank") + " " +
                 text_of(row, "before") + " " + text_of(row, "lead_bidder") + " " +
                 text_of(row, "nth_value_bidder") + " " + row.text("max_channel") + " " +
                 (row.is_null("lag_channel") ? "-" : row.text("lag_channel")));
      });
  keyed.late_rows().sink([&](const Record&) { ++late; });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  Answers expected;
  for (const auto& [auction, own] : bids_by_auction(bids)) {
    std::size_t rank = 0;
    std::size_t times = 0;
    for (std::size_t at = 0; at < own.size(); ++at) {
      if (at == 0 || own[at].time.micros != own[at - 1].time.micros) {
        rank = at + 1;
        ++times;
      }
      std::string channel;
      for (const Bid& bid : rows_around(own, at, 2, 0)) {
        channel = std::max(channel, bid.channel);
      }
      const std::size_t second = at - std::min<std::size_t>(at, 2) + 1;
      expected[own[at].bidder] = std::to_string(at + 1) + " " + std::to_string(rank) + " " +
                                 std::to_string(times) + " " +
                                 (at > 0 ? text_of(own[at - 1].price) : "-") + " " +
                                 (at + 2 < own.size() ? text_of(own[at + 2].bidder) : "-") + " " +
                                 (second <= at ? text_of(own[second].bidder) : "-") + " " +
                                 channel + " " + (at > 2 ? own[at - 3].channel : "-");
    }
  }
  EXPECT_EQ(answers, expected);
  EXPECT_GT(late, 0U);
  EXPECT_EQ(late, bids.size() - expected.size());
}

// Early results of windows, each with the sum of itself and the one before it.
TEST_P(PipelineOverTest, OfResultsThatChange) {
  const std::vector<Bid> bids = numbered_bids(700, 34);
  const Input<Bid> input(bids.size());
  for (const Bid& bid : bids) {
    ASSERT_TRUE(input.push(bid));
  }
  input.close();
  std::map<std::string, int> changing;
  std::map<std::string, int> final_rows;
  const auto row_text = [](const Record& row) {
    return std::to_string(row.time("window_start").micros) + " " + row.text("auction") + " " +
           row.text("n") + " " + row.text("recent");
  };
  Pipeline pipeline("changes");
  const auto recent = [](const SourceStream<Bid>& source) {
    return source.event_time<&Bid::time>(bounded_out_of_order(300s))
        .key_by<&Bid::auction>()
        .window(tumbling(1min))
        .emit_changes()
        .aggregate(count().as("n"))
        .key_by({"auction"})
        .over(rows_frame({.preceding = 1}), of("sum", "n").as("recent"));
  };
  recent(pipeline.source(input, "endless")).sink([&](const Record& row, int change) {
    EXPECT_GE(changing[row_text(row)] += change, 0);
  });
  recent(pipeline.source(bids, "bounded")).sink([&](const Record& row) {
    ++final_rows[row_text(row)];
  });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> counts;
  for (const Bid& bid : bids) {
    const std::int64_t time = bid.time.micros;
    ++counts[bid.auction][time - (time % kMinute + kMinute) % kMinute];
  }
  std::map<std::string, int> expected;
  for (const auto& [auction, windows] : counts) {
    std::int64_t before = 0;
    for (const auto& [start, n] : windows) {
      ++expected[std::to_string(start) + " " + std::to_string(auction) + " " + std::to_string(n) +
                 " " + std::to_string(before + n)];
      before = n;
    }
  }
  std::erase_if(changing, [](const auto& entry) { return entry.second == 0; });
  EXPECT_EQ(changing, expected);
  EXPECT_EQ(final_rows, expected);
}

TEST(PipelineOverErrorTest, MistakesAreTold) {
  const auto timed = [](Pipeline& pipeline) {
    return pipeline.source(std::vector<Bid>()).event_time<&Bid::time>(ascending());
  };
  Pipeline untimed("untimed");
  untimed.source(std::vector<Bid>())
      .over(rows_frame({.preceding = 1}), count())
      .sink([](const Record&) {});
  EXPECT_THAT(problems_of(untimed), HasSubstr("over: the stream has no event time"));

  Pipeline negative("negative");
  timed(negative).over(range_frame({.preceding = -1s}), count()).sink([](const Record&) {});
  EXPECT_THAT(problems_of(negative),
              HasSubstr("over: the bounds of a frame cannot be less than nothing"));

  Pipeline misspelt("misspelt");
  timed(misspelt).over(rows_frame({}), of("sum", "prise")).sink([](const Record&) {});
  EXPECT_THAT(problems_of(misspelt), HasSubstr("over: the stream has no column \"prise\""));

  Pipeline endless("endless");
  endless.source(Input<Bid>())
      .event_time<&Bid::time>(ascending())
      .over(rows_frame({.following = kUnbounded}), count())
      .sink([](const Record&) {});
  EXPECT_THAT(problems_of(endless), HasSubstr("this looks to the end of an input that never ends"));
}

}  // namespace
}  // namespace thalweg
