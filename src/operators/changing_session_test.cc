#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/random_cases.h"
#include "operators/operator_fixture.h"
#include "operators/session_aggregate.h"

namespace thalweg {
namespace {

using namespace fixture;
using Dice = std::mt19937_64;
using Key = std::optional<std::int64_t>;

constexpr std::int64_t kGap = 10;
constexpr std::int64_t kEvery = 1000;

using Row = KeyedRow;

std::unique_ptr<Operator> make_sessions(WindowEmit emit, std::int64_t lateness) {
  AggregateCall distinct = aggregate(AggregateKind::kCount, 1);
  distinct.distinct = true;
  return make_session_aggregate(
      {.aggregation = {.keys = {bigint_column(0)},
                       .aggregates = {aggregate(AggregateKind::kCountStar),
                                      aggregate(AggregateKind::kSum, 1), distinct}},
       .gap_micros = kGap,
       .lateness_micros = lateness,
       .emit = emit,
       .every_micros = kEvery});
}

std::string timestamp_text(std::int64_t micros) {
  return to_string(Value{type_of(TypeKind::kTimestamp), micros});
}

std::string text_of(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "NULL";
}

// Keeps all rows that were in time, and finds the sessions from them anew each time.
class BruteForce {
 public:
  BruteForce(WindowEmit emit, std::int64_t lateness) : emit_(emit), lateness_(lateness) {}

  void add(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      if (watermark_ != kStartOfTime.micros && row.time < watermark_ - lateness_) {
        ++late_;
      } else {
        rows_[row.key].push_back(row);
      }
    }
  }
  void advance(std::int64_t watermark) { watermark_ = watermark; }

  std::map<TextRow, int> told() {
    std::map<TextRow, int> told;
    for (auto& [key, rows] : rows_) {
      std::stable_sort(rows.begin(), rows.end(),
                       [](const Row& a, const Row& b) { return a.time < b.time; });
      for (std::size_t first = 0; first < rows.size();) {
        std::size_t last = first;
        while (last + 1 < rows.size() && rows[last + 1].time - rows[last].time <= kGap) {
          ++last;
        }
        if (emit_ != WindowEmit::kOnClose || rows[last].time + kGap < watermark_) {
          ++told[result(std::span(rows).subspan(first, last - first + 1))];
        }
        first = last + 1;
      }
    }
    return told;
  }
  std::size_t late() const { return late_; }

 private:
  static TextRow result(std::span<const Row> rows) {
    std::optional<std::int64_t> sum;
    std::set<std::int64_t> kinds;
    for (const Row& row : rows) {
      if (row.value) {
        sum = sum.value_or(0) + *row.value;
        kinds.insert(*row.value);
      }
    }
    const std::int64_t end = rows.back().time + kGap;
    return {timestamp_text(rows.front().time), timestamp_text(end),
            timestamp_text(end - 1),           text_of(rows[0].key),
            std::to_string(rows.size()),       text_of(sum),
            std::to_string(kinds.size())};
  }

  const WindowEmit emit_;
  const std::int64_t lateness_;
  std::map<Key, std::vector<Row>> rows_;
  std::int64_t watermark_ = kStartOfTime.micros;
  std::size_t late_ = 0;
};

std::vector<Row> draw_rows(Dice& dice, std::int64_t around, std::uint64_t keys) {
  std::vector<Row> rows(1 + dice() % 12);
  for (Row& row : rows) {
    row.key = dice() % 8 == 0 ? std::nullopt : Key(static_cast<std::int64_t>(dice() % keys));
    row.value =
        dice() % 6 == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(dice() % 20) - 10);
    row.time = around + static_cast<std::int64_t>(dice() % 150) - 70;
  }
  return rows;
}

struct Length {
  int steps = 0;
  int compared_every = 1;  // Steps.
};

void run_case(std::uint64_t seed, std::uint64_t keys, Length length) {
  Dice dice(seed);
  const auto emit = static_cast<WindowEmit>(dice() % 3);
  const std::int64_t lateness =
      emit == WindowEmit::kOnClose ? static_cast<std::int64_t>(1 + dice() % 60) : 0;
  const auto op = make_sessions(emit, lateness);
  BruteForce expected(emit, lateness);
  CollectingEmitter out;
  std::map<TextRow, int> standing;
  const auto fold = [&] {
    for (const Batch& batch : out.batches) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        const TextRow text = text_row(CollectingEmitter::row_values(batch, batch.row(i)));
        const int change = batch.changes->values<std::int16_t>()[batch.row(i)];
        int& times_told = standing[text];
        ASSERT_TRUE(change > 0 || times_told > 0) << "taken back without having been there";
        times_told += change;
        if (times_told == 0) {
          standing.erase(text);
        }
      }
    }
    out.batches.clear();
  };
  std::int64_t watermark = 0;
  std::int64_t wall = 0;
  EventTime advanced = kStartOfTime;
  for (int step = 0; step < length.steps; ++step) {
    ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{wall}, out).ok());
    const std::vector<Row> rows = draw_rows(dice, watermark + 50, keys);
    feed(*op, keyed_batch(rows), out);
    expected.add(rows);
    if (dice() % 2 == 0) {
      const EventTime promised = op->output_watermark(advanced);
      watermark += static_cast<std::int64_t>(dice() % 50);
      out.room = static_cast<std::uint32_t>(dice() % 3);
      advanced = {watermark};
      advance(*op, advanced, out);
      expected.advance(watermark);
      for (const Batch& batch : out.batches) {
        ASSERT_TRUE(batch.empty() || batch.time_min >= promised);
      }
    }
    const bool ticks = dice() % 3 == 0;
    if (ticks) {
      wall += kEvery;
      out.room = 1'000'000;
      ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{wall}, out).ok());
    }
    fold();
    const bool is_up_to_date = emit != WindowEmit::kEvery || ticks;
    if (is_up_to_date && step % length.compared_every == 0) {
      ASSERT_EQ(standing, expected.told()) << "seed " << seed << ", step " << step;
    }
  }
  advance(*op, kEndOfTime, out);
  expected.advance(kEndOfTime.micros);
  fold();
  ASSERT_EQ(standing, expected.told()) << "seed " << seed;
  ASSERT_EQ(rejected_rows(out, RowError::kLateAfterIdle).size(), expected.late());
}

TEST(ChangingSessionTest, WhatIsToldAgreesWithBruteForce) {
  for (std::uint64_t seed = 0; seed < random_cases(200) && !HasFatalFailure(); ++seed) {
    run_case(seed, 1 + seed % 7, {.steps = 25});
  }
}

// Enough sessions that ended ones are cleared away several times.
TEST(ChangingSessionTest, MemoryOfSessionsThatAreOverIsUsedAgain) {
  for (std::uint64_t seed = 1; seed < 5 && !HasFatalFailure(); ++seed) {
    run_case(seed, 1'000'000, {.steps = 1'500, .compared_every = 50});
  }
}

TEST(ChangingSessionTest, ALateRowBetweenTwoSessionsTakesBothBack) {
  const auto op = make_sessions(WindowEmit::kOnClose, 100);
  CollectingEmitter out;
  feed(*op, keyed_batch({{1, 1, 100}, {1, 2, 118}}), out);
  advance(*op, EventTime{130}, out);
  EXPECT_EQ(folded(out).size(), 2U);
  out.batches.clear();
  feed(*op, keyed_batch({{1, 4, 109}}), out);
  std::vector<std::string> told;
  for (const Batch& batch : out.batches) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const TextRow text = text_row(CollectingEmitter::row_values(batch, batch.row(i)));
      told.push_back((batch.changes->values<std::int16_t>()[i] > 0 ? "+" : "-") + text[5]);
    }
  }
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, (std::vector<std::string>{"+7", "-1", "-2"}));
}

TEST(ChangingSessionTest, ASessionThatGoesOnIsTakenBackUntilItsNewEnd) {
  const auto op = make_sessions(WindowEmit::kOnClose, 100);
  CollectingEmitter out;
  feed(*op, keyed_batch({{1, 1, 100}}), out);
  advance(*op, EventTime{111}, out);
  EXPECT_EQ(folded(out).size(), 1U);
  feed(*op, keyed_batch({{1, 2, 105}}), out);
  EXPECT_TRUE(folded(out).empty()) << "its end, 115, has not passed";
  advance(*op, EventTime{116}, out);
  EXPECT_EQ(folded(out).size(), 1U);
}

TEST(ChangingSessionTest, ALateSessionThatIsOverIsToldBeforeItIsForgotten) {
  const auto op = make_sessions(WindowEmit::kEvery, /*lateness=*/50);
  CollectingEmitter out;
  advance(*op, EventTime{100}, out);
  feed(*op, keyed_batch({{.key = 1, .value = 5, .time = 60}}), out);
  advance(*op, EventTime{200}, out);  // No tick comes between.
  EXPECT_EQ(
      folded(out),
      (std::map<TextRow, int>{
          {{timestamp_text(60), timestamp_text(70), timestamp_text(69), "1", "1", "5", "1"}, 1}}));
}

}  // namespace
}  // namespace thalweg
