#include "thalweg/keyed_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Pipelines whose functions keep state with a ttl.
namespace thalweg {

// Written as text, in this program's version of it.
struct Span {
  std::int64_t low = INT64_MAX;
  std::int64_t high = INT64_MIN;
};
// What is written from now on is not what is read: stands for a changed or damaged encoding.
inline bool spans_are_damaged = false;

template <>
struct StateEncoding<Span> {
  static constexpr std::string_view kName = "span 1";
  static void encode(const Span& span, std::string& out) {
    out += std::to_string(span.low) + " " + std::to_string(span.high);
  }
  static bool decode(std::string_view bytes, Span& span) {
    const std::size_t space = bytes.find(' ');
    if (spans_are_damaged || space == std::string_view::npos) {
      return false;
    }
    span = {std::stoll(std::string(bytes.substr(0, space))),
            std::stoll(std::string(bytes.substr(space + 1)))};
    return true;
  }
};

namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

struct Recent {
  ValueState<std::int32_t, ttl(4s)> last_bidder;
  ListState<std::int32_t, ttl(9s)> bidders;
  MapState<std::string, std::int64_t, ttl(3s)> channels;
  ValueState<std::int64_t> rows;
  Span prices;
};

struct Found {
  std::int64_t auction;
  Timestamp at;
  std::int32_t last_bidder;
  std::int64_t bidders;
  std::int64_t web;
  std::int64_t rows;
  std::int64_t low;
  std::int64_t high;
  friend auto operator<=>(const Found&, const Found&) = default;
};
std::ostream& operator<<(std::ostream& out, const Found& row) {
  return out << row.auction << ' ' << row.at.micros << ' ' << row.last_bidder << ' ' << row.bidders
             << ' ' << row.web << ' ' << row.rows << ' ' << row.low << ' ' << row.high;
}

// Tells at each bid what it finds of those before it.
class Remember final : public KeyedProcessor<std::int64_t, Bid, Recent, Found> {
 public:
  void process(const Bid& bid, Recent& recent, Context& context) override {
    std::int64_t bidders = 0;
    for (const std::int32_t bidder : recent.bidders) {
      bidders = bidders * 31 + bidder;
    }
    const std::int64_t* web = recent.channels.find("web");
    context.emit({context.key(), bid.time, recent.last_bidder.value_or(-1), bidders,
                  web == nullptr ? 0 : *web, recent.rows.value_or(0), recent.prices.low,
                  recent.prices.high});
    recent.last_bidder.set(bid.bidder);
    recent.bidders.add(bid.bidder);
    recent.channels.set(bid.channel, (web == nullptr ? 0 : *web) + 1);
    recent.rows.set(recent.rows.value_or(0) + 1);
    const auto price = static_cast<std::int64_t>(bid.price.value_or(0));
    recent.prices = {std::min(recent.prices.low, price), std::max(recent.prices.high, price)};
  }
};

// The same over each auction's bids in order of time, times told apart by hand.
std::vector<Found> expected_finds(const std::vector<Bid>& bids, std::int64_t delay) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  std::map<std::int64_t, std::vector<const Bid*>> by_auction;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    if (bids[i].time.micros >= stamps[i]) {
      by_auction[bids[i].auction].push_back(&bids[i]);
    }
  }
  std::vector<Found> finds;
  for (auto& [auction, own] : by_auction) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Bid* a, const Bid* b) { return a->time < b->time; });
    Span prices;
    std::map<std::string, std::pair<Timestamp, std::int64_t>> channels;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Bid& bid = *own[i];
      std::int64_t bidders = 0;
      for (std::size_t before = 0; before < i; ++before) {
        if (bid.time - own[before]->time <= 9s) {
          bidders = bidders * 31 + own[before]->bidder;
        }
      }
      std::erase_if(channels, [&](const auto& each) { return bid.time - each.second.first > 3s; });
      finds.push_back({auction, bid.time,
                       i > 0 && bid.time - own[i - 1]->time <= 4s ? own[i - 1]->bidder : -1,
                       bidders, channels.contains("web") ? channels["web"].second : 0,
                       static_cast<std::int64_t>(i), prices.low, prices.high});
      channels[bid.channel] = {bid.time, channels[bid.channel].second + 1};
      const auto price = static_cast<std::int64_t>(bid.price.value_or(0));
      prices = {std::min(prices.low, price), std::max(prices.high, price)};
    }
  }
  return finds;
}

using KeyedStateTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, KeyedStateTest, every_setting());

TEST_P(KeyedStateTest, IsThereUntilItsTimeIsOver) {
  const std::vector<Bid> bids = random_bids(1500, 61);
  std::vector<Found> finds;
  Pipeline pipeline("remember");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(10s))
      .key_by<&Bid::auction>()
      .process(Remember())
      .sink([&](const Found& row) { finds.push_back(row); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_THAT(finds, UnorderedElementsAreArray(expected_finds(bids, 10 * kSecond)));
}

class KeptKeyedStateTest : public testing::Test {
 protected:
  KeptKeyedStateTest() { std::filesystem::remove_all(directory_); }
  ~KeptKeyedStateTest() override {
    spans_are_damaged = false;
    std::filesystem::remove_all(directory_);
  }

  // Stops itself after so many results; 0: goes on to the end.
  template <typename P>
  RunReport run(const std::vector<Bid>& bids, std::uint32_t workers, std::size_t stop_after,
                std::vector<Found>& finds) {
    Pipeline pipeline("remember");
    std::size_t results = 0;
    pipeline.source(bids)
        .event_time<&Bid::time>(bounded_out_of_order(10s))
        .template key_by<&Bid::auction>()
        .process(P())
        .sink([&](const Found& row) {
          finds.push_back(row);
          if (++results == stop_after) {
            pipeline.request_stop();
          }
        });
    return pipeline.run({.workers = workers,
                         .batch_rows = 64,
                         .state = {.directory = directory_},
                         .checkpoint_interval_micros = 3'600'000'000});
  }

  const std::string directory_ = (std::filesystem::temp_directory_path() /
                                  ("thalweg-keyed-state-" + std::to_string(::getpid())))
                                     .string();
};

TEST_F(KeptKeyedStateTest, LivesOnWithOtherNumbersOfWorkers) {
  const std::vector<Bid> bids = random_bids(60'000, 62);
  std::vector<Found> finds;
  ASSERT_EQ(run<Remember>(bids, 1, 100, finds).outcome, Outcome::kStopped);
  ASSERT_EQ(run<Remember>(bids, 4, 100, finds).outcome, Outcome::kStopped);
  ASSERT_LT(finds.size(), bids.size() / 2);
  const RunReport last = run<Remember>(bids, 3, 0, finds);
  ASSERT_EQ(last.outcome, Outcome::kDone) << last.problems[0].text;
  ASSERT_TRUE(last.summary.resumed);
  std::vector<Found> expected = expected_finds(bids, 10 * kSecond);
  std::ranges::sort(expected);
  std::ranges::sort(finds);
  EXPECT_TRUE(finds == expected);
}

TEST_F(KeptKeyedStateTest, StateThatCannotBeReadEndsTheRun) {
  const std::vector<Bid> bids = random_bids(60'000, 63);
  std::vector<Found> finds;
  ASSERT_EQ(run<Remember>(bids, 1, 100, finds).outcome, Outcome::kStopped);
  spans_are_damaged = true;
  const RunReport report = run<Remember>(bids, 1, 0, finds);
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text,
              HasSubstr("the state that \"process in Remember\" has kept for a key is not of its"));
}

// Counts what is written and read of it.
struct Weighed {
  std::int64_t grams = 0;
};
inline std::int64_t weighed_written = 0;
inline std::int64_t weighed_read = 0;

}  // namespace

template <>
struct StateEncoding<Weighed> {
  static constexpr std::string_view kName = "weighed 1";
  static void encode(const Weighed& weighed, std::string& out) {
    ++weighed_written;
    out += std::to_string(weighed.grams);
  }
  static bool decode(std::string_view bytes, Weighed& weighed) {
    ++weighed_read;
    weighed.grams = std::stoll(std::string(bytes));
    return true;
  }
};

namespace {

struct Load {
  struct Inner {
    MapState<std::int64_t, Weighed> by_auction;
  };
  std::int64_t rows = 0;
  Inner inner;
  ListState<Weighed> all;
};

struct Sums {
  std::int64_t by_auction;
  std::int64_t all;
};

// Of one key, with an entry for each auction and a value for each bid. Tells once what there is.
class Weigh final : public KeyedProcessor<std::string, Bid, Load, Sums> {
 public:
  explicit Weigh(std::int64_t tells_at) : tells_at_(tells_at) {}

  void process(const Bid& bid, Load& load, Context& context) override {
    auto& map = load.inner.by_auction;
    if (bid.bidder % 10 == 0) {
      map.remove(bid.auction);
    } else {
      const Weighed* weighed = map.find(bid.auction);
      map.set(bid.auction, {(weighed == nullptr ? 0 : weighed->grams) + 1});
    }
    load.all.add({bid.bidder});
    if (++load.rows == tells_at_) {
      Sums sums{};
      for (const auto& [auction, entry] : map) {
        sums.by_auction += auction * 1000 + entry.value.grams;
      }
      for (const Weighed& each : load.all) {
        sums.all = sums.all * 31 % 1'000'003 + each.grams;
      }
      context.emit(sums);
    }
  }

 private:
  std::int64_t tells_at_;
};

TEST(StateParts, OnlyTheEntryInHandIsReadAndWritten) {
  std::vector<Bid> bids = random_bids(2000, 71);
  std::int64_t sets = 0;
  std::map<std::int64_t, std::int64_t> map;
  Sums expected{};
  for (std::size_t i = 0; i < bids.size(); ++i) {
    bids[i].auction = static_cast<std::int64_t>(i * i % 601);  // Comes again, far apart.
    bids[i].channel = "all";
    if (bids[i].bidder % 10 == 0) {
      map.erase(bids[i].auction);
    } else {
      ++map[bids[i].auction];
      ++sets;
    }
    expected.all = expected.all * 31 % 1'000'003 + bids[i].bidder;
  }
  for (const auto& [auction, count] : map) {
    expected.by_auction += auction * 1000 + count;
  }
  ASSERT_GT(map.size(), 100U);
  const auto rows = static_cast<std::int64_t>(bids.size());
  std::vector<Sums> told;
  Pipeline pipeline("weigh");
  pipeline.source(bids).key_by<&Bid::channel>().process(Weigh(rows)).sink([&](const Sums& sums) {
    told.push_back(sums);
  });
  weighed_written = weighed_read = 0;
  const RunReport report = pipeline.run({.workers = 1, .batch_rows = 64});
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].by_auction, expected.by_auction);
  EXPECT_EQ(told[0].all, expected.all);
  EXPECT_EQ(weighed_written, sets + rows);
  EXPECT_LT(weighed_read, 3 * rows);  // One found for a row, and all of them at the end.
}

namespace longer {

struct Recent {
  ValueState<std::int32_t, ttl(5s)> last_bidder;
  ListState<std::int32_t, ttl(9s)> bidders;
  MapState<std::string, std::int64_t, ttl(3s)> channels;
  ValueState<std::int64_t> rows;
  Span prices;
};
class Remember final : public KeyedProcessor<std::int64_t, Bid, Recent, Found> {
 public:
  void process(const Bid&, Recent&, Context&) override {}
};

}  // namespace longer

TEST_F(KeptKeyedStateTest, AnotherTtlIsRefused) {
  const std::vector<Bid> bids = random_bids(60'000, 64);
  std::vector<Found> finds;
  ASSERT_EQ(run<Remember>(bids, 1, 100, finds).outcome, Outcome::kStopped);
  const RunReport report = run<longer::Remember>(bids, 1, 0, finds);
  EXPECT_NE(report.outcome, Outcome::kDone);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text, HasSubstr("last_bidder value of int32 ttl 5000000 us"));
}

}  // namespace
}  // namespace thalweg
