#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Functions of the program with state and timers for each key.
namespace thalweg {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

using PipelineKeyedTest = BidsTest;
INSTANTIATE_TEST_SUITE_P(Settings, PipelineKeyedTest, every_setting());

// What a key remembers; of every kind that can be.
struct Memory {
  std::int64_t rows = 0;
  std::optional<std::int64_t> due;
  std::vector<double> prices;
  std::map<std::string, std::int64_t> channels;
  std::set<std::int32_t> bidders;
  std::string last_channel;
  bool echoes = false;
};

struct Note {
  std::int64_t auction;
  std::string why;
  Timestamp at;
  std::int64_t rows;
  double prices;
  std::int64_t web;
  std::int64_t bidders;
  std::string last_channel;
  friend bool operator==(const Note&, const Note&) = default;
};
std::ostream& operator<<(std::ostream& out, const Note& note) {
  return out << note.auction << ' ' << note.why << ' ' << note.at.micros << ' ' << note.rows << ' '
             << note.prices << ' ' << note.web << ' ' << note.bidders << ' ' << note.last_channel;
}

Note note_of(std::int64_t auction, const std::string& why, std::int64_t at, const Memory& memory) {
  double prices = 0;
  for (const double price : memory.prices) {
    prices = prices * 10 + price;
  }
  const auto web = memory.channels.find("web");
  return {auction,
          why,
          {at},
          memory.rows,
          prices,
          web == memory.channels.end() ? 0 : web->second,
          static_cast<std::int64_t>(memory.bidders.size()),
          memory.last_channel};
}

constexpr std::int64_t kQuiet = 2 * kSecond;
constexpr std::int64_t kEcho = kSecond / 2;

void remember(const Bid& bid, Memory& memory) {
  ++memory.rows;
  if (bid.price) {
    memory.prices.push_back(*bid.price);
  }
  if (memory.prices.size() > 3) {
    memory.prices.erase(memory.prices.begin());
  }
  ++memory.channels[bid.channel];
  memory.bidders.insert(bid.bidder);
  memory.last_channel = bid.channel;
}

// Tells of an auction that has been quiet for two seconds, again half a second later if it had an
// even number of bids, and forgets it; tells of each bid by a bidder whose number ends in 0 at
// once, after all bids of the same moment.
class Watch final : public KeyedProcessor<std::int64_t, Bid, Memory, Note> {
 public:
  void process(const Bid& bid, Memory& memory, Context& context) override {
    remember(bid, memory);
    memory.echoes = false;
    if (memory.due) {
      context.remove_timer({*memory.due});
    }
    memory.due = context.time().micros + kQuiet;
    context.set_timer({*memory.due});
    if (bid.bidder % 10 == 0) {
      context.set_timer(bid.time - 1h);
      context.set_timer(bid.time);
    }
    if (bid.bidder % 25 == 3) {
      context.emit(note_of(context.key(), "row", bid.time.micros, memory));
    }
  }

  void on_timer(const Timer& timer, Memory& memory, Context& context) override {
    const bool is_due = memory.due == timer.time.micros;
    context.emit(note_of(context.key(),
                         !is_due         ? "now"
                         : memory.echoes ? "echo"
                                         : "quiet",
                         context.time().micros, memory));
    if (!is_due) {
      return;
    }
    if (memory.rows % 2 == 0 && !memory.echoes) {
      memory.echoes = true;
      memory.due = timer.time.micros + kEcho;
      context.set_timer({*memory.due});
    } else {
      memory = {};
    }
  }
};

// The same, row by row over each auction's bids in order of time.
std::vector<Note> expected_notes(const std::vector<Bid>& bids, std::int64_t delay) {
  const std::vector<std::int64_t> stamps = stamps_of(bids, delay);
  std::map<std::int64_t, std::vector<const Bid*>> by_auction;
  std::int64_t reached = INT64_MIN;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    reached = std::max(reached, bids[i].time.micros - delay);
    if (bids[i].time.micros >= stamps[i]) {
      by_auction[bids[i].auction].push_back(&bids[i]);
    }
  }
  std::vector<Note> notes;
  for (auto& [auction, own] : by_auction) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Bid* a, const Bid* b) { return a->time < b->time; });
    Memory memory;
    std::set<std::int64_t> timers;
    std::size_t next = 0;
    while (next < own.size() || !timers.empty()) {
      if (next < own.size() && (timers.empty() || own[next]->time.micros <= *timers.begin())) {
        const Bid& bid = *own[next++];
        remember(bid, memory);
        memory.echoes = false;
        if (memory.due) {
          timers.erase(*memory.due);
        }
        memory.due = bid.time.micros + kQuiet;
        timers.insert(*memory.due);
        if (bid.bidder % 10 == 0) {
          timers.insert(bid.time.micros);
        }
        if (bid.bidder % 25 == 3) {
          notes.push_back(note_of(auction, "row", bid.time.micros, memory));
        }
        continue;
      }
      const std::int64_t time = *timers.begin();
      timers.erase(timers.begin());
      const bool is_due = memory.due == time;
      notes.push_back(note_of(auction,
                              !is_due         ? "now"
                              : memory.echoes ? "echo"
                                              : "quiet",
                              time, memory));
      if (!is_due) {
        continue;
      }
      if (memory.rows % 2 == 0 && !memory.echoes) {
        memory.echoes = true;
        memory.due = time + kEcho;
        if (time < reached) {  // Else the stream has ended.
          timers.insert(*memory.due);
        }
      } else {
        memory = {};
      }
    }
  }
  return notes;
}

TEST_P(PipelineKeyedTest, RowsAndTimersComeInOrderOfTime) {
  for (const std::uint32_t seed : {41U, 42U, 43U}) {
    const std::vector<Bid> bids = random_bids(1500, seed);
    std::vector<Note> notes;
    std::map<std::int64_t, std::int64_t> last_time;
    Pipeline pipeline("watch");
    pipeline.source(bids)
        .event_time<&Bid::time>(bounded_out_of_order(10s))
        .key_by<&Bid::auction>()
        .process(Watch())
        .sink([&](const Note& note) {
          EXPECT_LE(last_time[note.auction], note.at.micros);
          last_time[note.auction] = note.at.micros;
          notes.push_back(note);
        });
    last_time.clear();
    for (std::int64_t auction = 0; auction < 11; ++auction) {
      last_time[auction] = INT64_MIN;
    }
    const RunReport report = pipeline.run(options());
    ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
    const std::vector<Note> expected = expected_notes(bids, 10 * kSecond);
    EXPECT_GT(expected.size(), 500U);
    EXPECT_THAT(notes, UnorderedElementsAreArray(expected));
  }
}

TEST_P(PipelineKeyedTest, EveryRowIsTakenOrIsALateRow) {
  const std::vector<Bid> bids = random_bids(1500, 49);
  const std::vector<std::int64_t> stamps = stamps_of(bids, 10 * kSecond);
  std::multiset<std::int64_t> expected;
  for (std::size_t i = 1; i < bids.size(); ++i) {
    if (bids[i].time.micros < stamps[i]) {
      expected.insert(stamps[i] - bids[i].time.micros);
    }
  }
  ASSERT_GT(expected.size(), 10U);
  std::multiset<std::int64_t> late;
  Pipeline pipeline("late");
  const auto keyed = pipeline.source(bids)
                         .event_time<&Bid::time>(bounded_out_of_order(10s))
                         .key_by<&Bid::auction>();
  keyed.process(Watch()).sink([](const Note&) {});
  keyed.late_rows().sink([&](const Record& row) { late.insert(row.integer("late_by_micros")); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(late, expected);
}

// What comes out has event time: the timer's or the row's.
TEST_P(PipelineKeyedTest, ResultsGoIntoWindows) {
  const std::vector<Bid> bids = random_bids(1500, 44);
  std::map<std::int64_t, std::int64_t> counts;
  Pipeline pipeline("windows");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(10s))
      .key_by<&Bid::auction>()
      .process(Watch())
      .window(tumbling(10s))
      .aggregate(count().as("n"))
      .sink(
          [&](const Record& row) { counts[row.time("window_start").micros] += row.integer("n"); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::int64_t, std::int64_t> expected;
  for (const Note& note : expected_notes(bids, 10 * kSecond)) {
    std::int64_t start = note.at.micros / (10 * kSecond) * (10 * kSecond);
    start -= start > note.at.micros ? 10 * kSecond : 0;
    ++expected[start];
  }
  EXPECT_EQ(counts, expected);
}

// A tick every second of each key for as long as the stream goes on, and then an end.
struct Ticks {
  std::int64_t n = 0;
};
struct Tick {
  std::int64_t auction;
  std::string channel;
  Timestamp at;
};
struct Place {
  std::int64_t auction;
  std::string channel;
};
class Metronome final : public KeyedProcessor<Place, Bid, Ticks, Tick> {
 public:
  void process(const Bid& bid, Ticks& ticks, Context& context) override {
    if (ticks.n == 0) {
      ticks.n = 1;
      context.set_timer(bid.time + 1s);
    }
  }
  void on_timer(const Timer& timer, Ticks& ticks, Context& context) override {
    ++ticks.n;
    context.emit({context.key().auction, context.key().channel, timer.time});
    context.set_timer(timer.time + 1s);
  }
};

TEST_P(PipelineKeyedTest, ATimerThatSetsItselfAgainEndsWithTheStream) {
  const std::vector<Bid> bids = random_bids(400, 45);
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> ticks;
  Pipeline pipeline("metronome");
  pipeline.source(bids)
      .event_time<&Bid::time>(bounded_out_of_order(500s))
      .key_by<&Bid::auction, &Bid::channel>()
      .process(Metronome())
      .sink([&](const Tick& tick) { ++ticks[{tick.auction, tick.channel}]; });
  pipeline.source(bids, "more")
      .event_time<&Bid::time>(bounded_out_of_order(0s))
      .sink([](const Bid&) {});
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  // The watermark never came to a row, so that each key's first timer is the last.
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> expected;
  for (const Bid& bid : bids) {
    expected[{bid.auction, bid.channel}] = 1;
  }
  EXPECT_EQ(ticks, expected);
}

// Rows without event time are taken as they come.
struct Count {
  std::int64_t n = 0;
};
struct Numbered {
  std::int32_t bidder;
  std::int64_t n;
};
class Number final : public KeyedProcessor<std::int32_t, Bid, Count, Numbered> {
 public:
  void process(const Bid& bid, Count& count, Context& context) override {
    if (bid.price && *bid.price < 50) {
      ++count.n;  // Does not count: the call fails.
      context.emit({bid.bidder, -1});
      throw std::runtime_error("too cheap");
    }
    context.emit({context.key(), ++count.n});
  }
};

TEST_P(PipelineKeyedTest, AFailedCallLeavesNoTrace) {
  const std::vector<Bid> bids = random_bids(2000, 46);
  std::map<std::int32_t, std::vector<std::int64_t>> numbers;
  Pipeline pipeline("number");
  pipeline.source(bids).key_by<&Bid::bidder>().process(Number()).sink(
      [&](const Numbered& row) { numbers[row.bidder].push_back(row.n); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::map<std::int32_t, std::vector<std::int64_t>> expected;
  std::uint64_t failed = 0;
  for (const Bid& bid : bids) {
    if (bid.price && *bid.price < 50) {
      ++failed;
    } else {
      auto& own = expected[bid.bidder];
      own.push_back(static_cast<std::int64_t>(own.size()) + 1);
    }
  }
  EXPECT_EQ(numbers, expected);
  ASSERT_EQ(report.summary.rejected.size(), 1U);
  EXPECT_EQ(report.summary.rejected[0].rows, failed);
  EXPECT_EQ(report.summary.samples[0].detail, "too cheap");
}

// Far more keys than are alive at once.
struct Seen {
  std::int64_t n = 0;
};
struct Ping {
  std::int64_t key;
  Timestamp time;
};
class Forget final : public KeyedProcessor<std::int64_t, Ping, Seen, Ping> {
 public:
  void process(const Ping& row, Seen& seen, Context& context) override {
    ++seen.n;
    context.set_timer(row.time + 1s);
  }
  void on_timer(const Timer& timer, Seen& seen, Context& context) override {
    if (seen.n == 2) {
      context.emit({context.key(), timer.time});
      seen = {};
    }
  }
};

TEST_P(PipelineKeyedTest, ForgetsKeysAndKeepsTheOthersApart) {
  constexpr std::int64_t kKeys = 20000;
  std::vector<Ping> rows;
  for (std::int64_t i = 0; i < kKeys; ++i) {
    rows.push_back({i, {i * 1000}});
    if (i >= 10) {
      rows.push_back({i - 10, {i * 1000}});
    }
  }
  std::vector<std::int64_t> told;
  Pipeline pipeline("forget");
  pipeline.source(rows)
      .event_time<&Ping::time>(ascending())
      .key_by<&Ping::key>()
      .process(Forget())
      .sink([&](const Ping& row) { told.push_back(row.key); });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  std::sort(told.begin(), told.end());
  ASSERT_EQ(told.size(), static_cast<std::size_t>(kKeys - 10));
  for (std::int64_t i = 0; i < kKeys - 10; ++i) {
    ASSERT_EQ(told[static_cast<std::size_t>(i)], i);
  }
}

class Fails final : public KeyedProcessor<std::int64_t, Bid, Count, Numbered> {
 public:
  void process(const Bid& bid, Count&, Context& context) override { context.set_timer(bid.time); }
  void on_timer(const Timer&, Count&, Context&) override { throw std::runtime_error("no idea"); }
};

TEST_P(PipelineKeyedTest, ATimerThatFailsEndsTheRun) {
  Pipeline pipeline("fails");
  pipeline.source(random_bids(10, 47))
      .event_time<&Bid::time>(ascending())
      .key_by<&Bid::auction>()
      .process(Fails())
      .sink([](const Numbered&) {});
  const RunReport report = pipeline.run(options());
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text,
              HasSubstr("a timer of \"process in Fails\" failed: no idea"));
}

// Tells of each key's rows as soon as the wall clock allows; no row must come for that.
class Flush final : public KeyedProcessor<std::int64_t, Ping, Seen, Numbered> {
 public:
  void process(const Ping&, Seen& seen, Context& context) override {
    ++seen.n;
    context.set_wall_timer(context.now());
  }
  void on_timer(const Timer& timer, Seen& seen, Context& context) override {
    EXPECT_TRUE(timer.by_wall_clock);
    EXPECT_LE(timer.time, context.now());
    context.emit({static_cast<std::int32_t>(context.key()), seen.n});
    seen = {};
  }
};

TEST_P(PipelineKeyedTest, WallTimersFireWhileNoRowComes) {
  const Input<Ping> input;
  std::int64_t rows = 0;
  Pipeline pipeline("flush");
  pipeline.source(input).key_by<&Ping::key>().process(Flush()).sink([&](const Numbered& row) {
    rows += row.n;
    if (rows == 6) {
      input.close();
    }
  });
  for (std::int64_t i = 0; i < 6; ++i) {
    input.push({.key = i % 2, .time = {}});
  }
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_EQ(rows, 6);
}

TEST(PipelineKeyedErrorTest, TheKeyIsWhatTheStreamIsKeyedBy) {
  Pipeline pipeline("wrong");
  pipeline.source(std::vector<Bid>())
      .key_by<&Bid::channel, &Bid::auction>()
      .process(Metronome())
      .sink([](const Tick&) {});
  EXPECT_THAT(problems_of(pipeline),
              HasSubstr("its Key is BIGINT, TEXT, and the stream is keyed by TEXT, BIGINT"));
}

TEST(PipelineKeyedErrorTest, ATimerOfEventTimeNeedsEventTime) {
  Pipeline pipeline("timeless");
  pipeline.source(random_bids(3, 48))
      .key_by<&Bid::auction>()
      .process(Fails())
      .sink([](const Numbered&) {});
  const RunReport report = pipeline.run({.workers = 1});
  ASSERT_EQ(report.summary.rejected.size(), 1U);
  EXPECT_EQ(report.summary.rejected[0].rows, 3U);
  EXPECT_THAT(report.summary.samples[0].detail, HasSubstr("a stream without event time"));
}

TEST(PipelineKeyedErrorTest, AChangingStreamIsNoInput) {
  const Input<Bid> input;
  Pipeline pipeline("changes");
  pipeline.source(input)
      .key_by<&Bid::auction>()
      .top(1, largest<&Bid::price>())
      .key_by<&Bid::auction>()
      .process(Watch())
      .sink([](const Note&) {});
  EXPECT_THAT(problems_of(pipeline), HasSubstr("it takes rows that stay"));
}

}  // namespace
}  // namespace thalweg
