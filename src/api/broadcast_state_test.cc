#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Pipelines with a broadcast stream, whose rows every worker sees.
namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

// From its time on bids of the channel are of interest from this price on.
struct Rule {
  std::string channel;
  double price;
  Timestamp time;
};

struct Rules {
  std::map<std::string, double> prices;
  std::int64_t count = 0;
};

struct Count {
  std::int64_t bids = 0;
};

struct Alert {
  std::int64_t auction;
  Timestamp at;
  std::int64_t bids;   // Of interest, of the auction.
  std::int64_t rules;  // That have come by then.
  friend auto operator<=>(const Alert&, const Alert&) = default;
};
std::ostream& operator<<(std::ostream& out, const Alert& row) {
  return out << row.auction << ' ' << row.at.micros << ' ' << row.bids << ' ' << row.rules;
}

class Watch final : public KeyedBroadcastProcessor<std::int64_t, Bid, Count, Rule, Rules, Alert> {
 public:
  void process(const Bid& bid, Count& count, Context& context) override {
    const Rules& rules = context.broadcast_state();
    const auto price = rules.prices.find(bid.channel);
    if (price != rules.prices.end() && bid.price >= price->second) {
      context.emit({context.key(), bid.time, ++count.bids, rules.count});
    }
  }
  void process_broadcast(const Rule& rule, Rules& rules, const BroadcastContext& context) override {
    ++rules.count;
    if (rule.price < 0) {
      throw std::invalid_argument("a price below nothing");
    }
    EXPECT_EQ(context.time(), rule.time);
    rules.prices[rule.channel] = rule.price;
  }
};

// Some of them are wrong.
std::vector<Rule> random_rules(std::size_t count, std::int64_t micros, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Rule> rules;
  for (std::size_t i = 0; i < count; ++i) {
    const auto time = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(micros));
    rules.push_back({.channel = random() % 2 == 0 ? "web" : "app",
                     .price = random() % 10 == 0 ? -1 : double(random() % 500),
                     .time = {time}});
  }
  return rules;
}

bool is_wrong(const Rule& rule) { return rule.price < 0; }

// The same over bids and rules in order of time, rules first.
std::vector<Alert> expected_alerts(const std::vector<Bid>& bids, std::vector<Rule> rules,
                                   std::int64_t delay) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  std::vector<const Bid*> in_time;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    if (bids[i].time.micros >= stamps[i]) {
      in_time.push_back(&bids[i]);
    }
  }
  const auto by_time = [](const auto* a, const auto* b) { return a->time < b->time; };
  std::stable_sort(in_time.begin(), in_time.end(), by_time);
  std::erase_if(rules, is_wrong);
  std::stable_sort(rules.begin(), rules.end(),
                   [](const Rule& a, const Rule& b) { return a.time < b.time; });
  std::vector<Alert> alerts;
  std::map<std::string, double> prices;
  std::map<std::int64_t, std::int64_t> counts;
  std::size_t next = 0;
  for (const Bid* bid : in_time) {
    for (; next < rules.size() && rules[next].time <= bid->time; ++next) {
      prices[rules[next].channel] = rules[next].price;
    }
    if (prices.contains(bid->channel) && bid->price >= prices[bid->channel]) {
      alerts.push_back(
          {bid->auction, bid->time, ++counts[bid->auction], static_cast<std::int64_t>(next)});
    }
  }
  return alerts;
}

// Stops itself after so many results; 0: goes on to the end.
RunReport run(const std::vector<Bid>& bids, const std::vector<Rule>& rules,
              std::chrono::seconds rule_delay, const SessionOptions& options,
              std::size_t stop_after, std::vector<Alert>& alerts) {
  Pipeline pipeline("watch");
  const auto all_rules =
      pipeline.source(rules).event_time<&Rule::time>(bounded_out_of_order(rule_delay));
  std::size_t results = 0;
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(10s))
      .key_by<&Bid::auction>()
      .process(Watch(), all_rules)
      .sink([&](const Alert& row) {
        alerts.push_back(row);
        if (++results == stop_after) {
          pipeline.request_stop();
        }
      });
  return pipeline.run(options);
}

using BroadcastStateTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, BroadcastStateTest, every_setting());

TEST_P(BroadcastStateTest, ARuleCountsFromItsTimeOnEveryWorker) {
  const std::vector<Bid> bids = random_bids(1500, 71);
  const std::vector<Rule> rules = random_rules(60, 375 * kSecond, 72);
  std::vector<Alert> alerts;
  const RunReport report = run(bids, rules, 24h, options(), 0, alerts);
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::uint64_t failed = 0;
  for (const auto& rejected : report.summary.rejected) {
    failed += rejected.reason == "function_failed" ? rejected.rows : 0;
  }
  EXPECT_EQ(failed, static_cast<std::uint64_t>(std::ranges::count_if(rules, is_wrong)));
  const std::vector<Alert> expected = expected_alerts(bids, rules, 10 * kSecond);
  ASSERT_GT(expected.size(), 100U);
  EXPECT_THAT(alerts, UnorderedElementsAreArray(expected));
}

class KeptBroadcastStateTest : public testing::Test {
 protected:
  KeptBroadcastStateTest() { std::filesystem::remove_all(directory_); }
  ~KeptBroadcastStateTest() override { std::filesystem::remove_all(directory_); }

  SessionOptions options(std::uint32_t workers) const {
    return {.workers = workers,
            .batch_rows = 64,
            .state = {.directory = directory_},
            .checkpoint_interval_micros = 3'600'000'000};
  }

  const std::string directory_ = (std::filesystem::temp_directory_path() /
                                  ("thalweg-broadcast-state-" + std::to_string(::getpid())))
                                     .string();
};

TEST_F(KeptBroadcastStateTest, ComesBackWholeOnAnyNumberOfWorkers) {
  const std::vector<Bid> bids = random_bids(60'000, 73);
  std::vector<Rule> rules = random_rules(3000, 15'000 * kSecond, 74);
  std::ranges::stable_sort(rules, {}, &Rule::time);
  std::vector<Alert> alerts;
  for (const std::uint32_t workers : {1U, 4U, 2U, 7U}) {
    const bool is_last = workers == 7;
    const RunReport report = run(bids, rules, 10s, options(workers), is_last ? 0 : 100, alerts);
    ASSERT_EQ(report.outcome, is_last ? Outcome::kDone : Outcome::kStopped);
  }
  std::vector<Alert> expected = expected_alerts(bids, rules, 10 * kSecond);
  std::ranges::sort(expected);
  std::ranges::sort(alerts);
  ASSERT_GT(expected.size(), 1000U);
  EXPECT_TRUE(alerts == expected);
}

TEST(BroadcastMistakesTest, AreNamedWithTheirCure) {
  Pipeline pipeline("mixed");
  pipeline.source(random_bids(3, 75))
      .event_time<&Bid::time>(bounded_out_of_order(10s))
      .key_by<&Bid::auction>()
      .process(Watch(), pipeline.source(random_rules(3, 10, 76)))
      .sink([](const Alert&) {});
  EXPECT_THAT(problems_of(pipeline),
              HasSubstr("the keyed stream has event time and the other has none"));
}

// What a bid sees follows from when it comes.
TEST(UntimedBroadcastTest, RowsAreTakenAsTheyCome) {
  for (const std::uint32_t workers : {1U, 4U}) {
    class Forget final
        : public KeyedBroadcastProcessor<std::int64_t, Bid, Count, Rule, Rules, Alert> {
     public:
      void process(const Bid& bid, Count&, Context& context) override {
        context.emit({bid.auction, bid.time, 0, context.broadcast_state().count});
      }
      void process_broadcast(const Rule&, Rules& rules, const BroadcastContext&) override {
        ++rules.count;
      }
    };
    Pipeline pipeline("untimed");
    std::size_t results = 0;
    pipeline.source(random_bids(50, 77))
        .key_by<&Bid::auction>()
        .process(Forget(), pipeline.source(random_rules(5, 10, 78)))
        .sink([&](const Alert& row) {
          EXPECT_LE(row.rules, 5);
          ++results;
        });
    const RunReport report = pipeline.run({.workers = workers});
    EXPECT_EQ(report.outcome, Outcome::kDone);
    EXPECT_EQ(results, 50U);
  }
}

}  // namespace
}  // namespace thalweg
