#include "operators/keyed_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "operators/lives_fixture.h"

// Through functions of a program, pipeline_keyed_test.cc has more.
namespace thalweg {
namespace {

using namespace fixture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Rows are (key, time). Puts out a number for each row and timer, at a call's wish; what the state
// holds is the number of calls.
class Script final : public KeyedFunction {
 public:
  // Returns what is to be put out; nothing: the call fails.
  using Step = std::function<std::optional<std::vector<std::int64_t>>(KeyedTurn&, std::int64_t)>;

  explicit Script(Step step) : step_(std::move(step)) {}

  void begin(const Batch& batch) override { batch_ = batch; }

  bool call(KeyedTurn& turn) override {
    const std::int64_t calls = turn.state.empty() ? 0 : std::stoll(std::string(turn.state));
    turn.new_state = std::to_string(calls + 1);
    const auto made = step_(turn, calls);
    if (made) {
      made_.insert(made_.end(), made->begin(), made->end());
    }
    return made.has_value();
  }
  std::string failure() const override { return "the script says so"; }

  std::uint32_t rows_made() const override { return static_cast<std::uint32_t>(made_.size()); }
  std::vector<Column> take() override {
    std::vector<std::optional<std::int64_t>> values(made_.begin(), made_.end());
    made_.clear();
    return {bigints(values)};
  }

 private:
  const Step step_;
  Batch batch_;
  std::vector<std::int64_t> made_;
};

std::unique_ptr<Operator> make(bool timed, Script::Step step) {
  return make_keyed_process({.function = std::make_unique<Script>(std::move(step)),
                             .name = "script",
                             .rows = {.types = {bigint_type(), type_of(TypeKind::kTimestamp)},
                                      .keys = {0},
                                      .has_time = timed},
                             .timed = timed});
}

Batch rows(const std::vector<std::pair<std::int64_t, std::int64_t>>& keys_and_times) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> times;
  for (const auto& [key, time] : keys_and_times) {
    keys.emplace_back(key);
    times.emplace_back(time);
  }
  return timed({bigints(keys), bigints(times)});
}

void tell_wall_clock(Operator& op, std::int64_t now, CollectingEmitter& out) {
  Result<Progress> progress = op.on_time(Clock::kWall, {now}, out);
  ASSERT_TRUE(progress.ok());
  ASSERT_EQ(progress.value(), Progress::kDone);
}

std::vector<std::int64_t> numbers(const CollectingEmitter& out) {
  std::vector<std::int64_t> values;
  for (const auto& row : out.rows()) {
    values.push_back(std::get<std::int64_t>(row[0].data));
  }
  return values;
}

std::vector<std::int64_t> event_times(const CollectingEmitter& out) {
  std::vector<std::int64_t> values;
  for (const Batch& batch : out.batches) {
    const auto own = batch.event_time->values<std::int64_t>();
    values.insert(values.end(), own.begin(), own.begin() + batch.length);
  }
  return values;
}

// Its time, negative of timers.
std::optional<std::vector<std::int64_t>> tell_time(KeyedTurn& turn) {
  return std::vector{turn.cause == KeyedTurn::Cause::kRow ? turn.time.micros
                                                          : -turn.timer_time.micros};
}

TEST(KeyedProcessTest, TimersFireBetweenTheRowsOfTheirTime) {
  const auto op = make(true, [](KeyedTurn& turn, std::int64_t) {
    if (turn.cause == KeyedTurn::Cause::kRow) {
      turn.timers.push_back({.time = {turn.time.micros + 10}});
    }
    return tell_time(turn);
  });
  CollectingEmitter out;
  feed(*op, rows({{1, 25}, {1, 3}, {2, 13}, {1, 14}}), out);
  EXPECT_THAT(numbers(out), IsEmpty());
  advance(*op, {24}, out);
  EXPECT_THAT(numbers(out), ElementsAre(3, 13, -13, 14, -23));
  advance(*op, {25}, out);
  EXPECT_THAT(numbers(out), ElementsAre(3, 13, -13, 14, -23, -24));
  advance(*op, kEndOfTime, out);
  EXPECT_THAT(numbers(out), ElementsAre(3, 13, -13, 14, -23, -24, 25, -35));
  EXPECT_THAT(event_times(out), ElementsAre(3, 13, 13, 14, 23, 24, 25, 35));
}

TEST(KeyedProcessTest, WallTimersFireByTheWallClock) {
  const auto op = make(false, [](KeyedTurn& turn, std::int64_t) {
    if (turn.cause == KeyedTurn::Cause::kRow) {
      turn.timers.push_back({.time = {150}, .by_wall_clock = true});
      turn.timers.push_back({.time = {0}, .by_wall_clock = true});  // Has passed.
    }
    return tell_time(turn);
  });
  CollectingEmitter out;
  tell_wall_clock(*op, 100, out);
  feed(*op, rows({{1, 0}, {2, 0}}), out);
  EXPECT_THAT(numbers(out), ElementsAre(100, 100));
  tell_wall_clock(*op, 149, out);
  EXPECT_THAT(numbers(out), ElementsAre(100, 100, -101, -101));
  tell_wall_clock(*op, 160, out);
  EXPECT_THAT(numbers(out), ElementsAre(100, 100, -101, -101, -150, -150));
}

TEST(KeyedProcessTest, WallTimersAreDroppedAtTheEnd) {
  const auto op = make(false, [](KeyedTurn& turn, std::int64_t) {
    turn.timers.push_back({.time = {150}, .by_wall_clock = true});
    return tell_time(turn);
  });
  CollectingEmitter out;
  tell_wall_clock(*op, 100, out);
  feed(*op, rows({{1, 0}}), out);
  advance(*op, kEndOfTime, out);
  tell_wall_clock(*op, 1000, out);
  EXPECT_THAT(numbers(out), ElementsAre(100));
}

TEST(KeyedProcessTest, WhatAWallTimerPutsOutIsNotBehindTheWatermark) {
  const auto op = make(true, [](KeyedTurn& turn, std::int64_t) {
    turn.timers.push_back({.time = {150}, .by_wall_clock = true});
    return tell_time(turn);
  });
  CollectingEmitter out;
  tell_wall_clock(*op, 100, out);
  feed(*op, rows({{1, 5}}), out);
  advance(*op, {40}, out);
  tell_wall_clock(*op, 150, out);
  EXPECT_THAT(numbers(out), ElementsAre(5, -150));
  EXPECT_THAT(event_times(out), ElementsAre(5, 40));
}

TEST(KeyedProcessTest, ARowThatFailsIsRejectedAndLeavesTheStateAsItWas) {
  std::vector<std::int64_t> calls_seen;
  const auto op = make(true, [&](KeyedTurn& turn, std::int64_t calls) {
    calls_seen.push_back(calls);
    turn.timers.push_back({.time = {turn.time.micros + 100}});
    return calls_seen.size() == 2 ? std::nullopt : tell_time(turn);
  });
  CollectingEmitter out;
  feed(*op, rows({{1, 1}, {1, 2}, {1, 3}}), out);
  advance(*op, {50}, out);
  EXPECT_THAT(calls_seen, ElementsAre(0, 1, 1));
  EXPECT_THAT(rejected_rows(out, RowError::kFunctionFailed), ElementsAre(ElementsAre("1", "2")));
  advance(*op, {104}, out);
  EXPECT_THAT(numbers(out), ElementsAre(1, 3, -101, -103));
}

TEST(KeyedProcessTest, ATimerThatFailsEndsTheJob) {
  const auto op = make(true, [](KeyedTurn& turn, std::int64_t) {
    turn.timers.push_back({.time = {turn.time.micros + 1}});
    return turn.cause == KeyedTurn::Cause::kRow ? tell_time(turn) : std::nullopt;
  });
  CollectingEmitter out;
  feed(*op, rows({{1, 1}}), out);
  const Result<Progress> progress = op->on_time(Clock::kWatermark, {50}, out);
  ASSERT_FALSE(progress.ok());
  EXPECT_THAT(progress.status().message(),
              HasSubstr("a timer of \"script\" failed: the script says so"));
}

TEST(KeyedProcessTest, ARowOlderThanTheWatermarkIsRejected) {
  const auto op = make(true, [](KeyedTurn& turn, std::int64_t) { return tell_time(turn); });
  CollectingEmitter out;
  advance(*op, {10}, out);
  feed(*op, rows({{1, 9}, {1, 10}}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_THAT(rejected_rows(out, RowError::kLateAfterIdle), ElementsAre(ElementsAre("1", "9")));
  EXPECT_THAT(numbers(out), ElementsAre(10));
}

// A timer that sets itself again goes as far as time does.
TEST(KeyedProcessTest, WaitsForRoomAndGoesOn) {
  const auto op = make(true, [](KeyedTurn& turn, std::int64_t) {
    turn.timers.push_back({.time = {turn.time.micros + 1}});
    return tell_time(turn);
  });
  CollectingEmitter out;
  feed(*op, rows({{1, 0}}), out);
  out.room = 1;
  advance(*op, {10'000}, out);
  advance(*op, kEndOfTime, out);
  std::vector<std::int64_t> expected = {0};
  for (std::int64_t i = 1; i <= 10'000; ++i) {
    expected.push_back(-i);
  }
  EXPECT_EQ(numbers(out), expected);
}

// State that is to go ten microseconds after the last row. What a call for that finds it puts out.
std::optional<std::vector<std::int64_t>> forget(KeyedTurn& turn, std::int64_t calls) {
  if (turn.cause == KeyedTurn::Cause::kRow) {
    turn.new_state = std::to_string(turn.time.micros);
    turn.expires = {turn.time.micros + 10};
    return std::vector<std::int64_t>{};
  }
  turn.new_state = turn.state;
  turn.expires = {calls + 10};
  if (turn.expires < turn.ttl_time) {
    turn.new_state.clear();
    turn.expires = kEndOfTime;
  }
  return std::vector<std::int64_t>{calls};
}

TEST(KeyedProcessTest, StateGoesWhenItHasHadItsTtlThoughNoRowComes) {
  const auto op = make(true, forget);
  CollectingEmitter out;
  feed(*op, rows({{1, 5}, {1, 8}, {2, 9}}), out);
  advance(*op, {18}, out);
  EXPECT_THAT(numbers(out), ElementsAre(8));  // Looked at when the first row's time was over.
  EXPECT_EQ(op->kept().count, 2U);
  advance(*op, {19}, out);
  EXPECT_EQ(op->kept().count, 1U);
  EXPECT_EQ(out.expired, 1U);
  advance(*op, {20}, out);
  EXPECT_THAT(numbers(out), ElementsAre(8, 8, 9));
  EXPECT_EQ(op->kept().count, 0U);
  EXPECT_EQ(out.expired, 2U);
}

TEST(KeyedProcessTest, WithoutEventTimeATtlGoesByTheWallClock) {
  const auto op = make(false, forget);
  CollectingEmitter out;
  tell_wall_clock(*op, 100, out);
  feed(*op, rows({{1, 0}}), out);
  tell_wall_clock(*op, 110, out);
  EXPECT_EQ(op->kept().count, 1U);
  tell_wall_clock(*op, 111, out);
  EXPECT_EQ(op->kept().count, 0U);
}

TEST(KeyedProcessTest, StateThatCannotBeReadEndsTheJob) {
  const auto op = make(true, [](KeyedTurn& turn, std::int64_t calls) {
    turn.state_is_unreadable = calls == 1;
    return calls == 1 ? std::nullopt : tell_time(turn);
  });
  CollectingEmitter out;
  feed(*op, rows({{1, 1}, {1, 2}}), out);
  const Result<Progress> progress = op->on_time(Clock::kWatermark, {50}, out);
  ASSERT_FALSE(progress.ok());
  EXPECT_EQ(progress.status().code(), Code::kCorrupt);
  EXPECT_THAT(progress.status().message(), HasSubstr("the state that \"script\" has kept"));
  EXPECT_THAT(rejected_rows(out, RowError::kFunctionFailed), IsEmpty());
}

// Each call sets or removes a timer of either kind, now and then takes the record away, and puts
// out what it was called for.
std::optional<std::vector<std::int64_t>> toss(KeyedTurn& turn, std::int64_t calls) {
  const std::int64_t time = turn.time.micros;
  const bool by_wall_clock = calls % 3 == 0;
  if (calls % 4 != 3 || turn.cause != KeyedTurn::Cause::kRow) {
    const std::int64_t from = by_wall_clock ? turn.now.micros : time;
    turn.timers.push_back({.time = EventTime{from + calls % 7},
                           .by_wall_clock = by_wall_clock,
                           .set = calls % 5 != 4});
  }
  if (calls == 9) {
    turn.new_state.clear();
  }
  return std::vector<std::int64_t>{calls, static_cast<std::int64_t>(turn.cause), time};
}

TEST(KeyedProcessTest, RecordsTimersAndRowsThatWaitSurvive) {
  for (std::uint64_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const bool is_timed = seed % 3 != 0;
    Lives lives([&] { return make(is_timed, toss); }, {0}, seed);
    lives.advance(EventTime{1000}, Clock::kWall);
    std::int64_t watermark = 0;
    for (int step = 0; step < 25 && !HasFailure(); ++step) {
      std::vector<std::pair<std::int64_t, std::int64_t>> some;
      for (std::uint64_t count = 1 + dice() % 8; count > 0; --count) {
        some.emplace_back(static_cast<std::int64_t>(dice() % 4),
                          watermark + static_cast<std::int64_t>(dice() % 20) - 2);
      }
      lives.feed(rows(some));
      lives.meddle();
      if (dice() % 2 == 0) {
        watermark += static_cast<std::int64_t>(dice() % 10);
        lives.advance(EventTime{watermark});
        lives.meddle();
      }
      lives.advance(EventTime{1000 + step}, Clock::kWall);
    }
    lives.advance(kEndOfTime);
    lives.restart(2);
    lives.advance(kEndOfTime);
    EXPECT_GT(lives.rows_put(), 0U);
  }
}

}  // namespace
}  // namespace thalweg
