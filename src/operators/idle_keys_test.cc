// State that goes when no row touches its key for a ttl.
#include "operators/idle_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "base/random_cases.h"
#include "operators/group_aggregate.h"
#include "operators/operator_fixture.h"
#include "operators/top_n.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Row {
  int key = 0;
  int value = 0;
  std::int64_t time = 0;
};

Batch batch_of(const std::vector<Row>& rows) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> values;
  std::vector<std::int64_t> micros;
  for (const Row& row : rows) {
    keys.emplace_back(row.key);
    values.emplace_back(row.value);
    micros.push_back(row.time);
  }
  Batch made = batch({bigints(keys), bigints(values)});
  set_event_time(made, times(micros));
  return made;
}

// Rows (key, value) at a time.
Batch rows_at(std::int64_t time, const std::vector<std::pair<int, int>>& rows) {
  std::vector<Row> timed;
  for (const auto& [key, value] : rows) {
    timed.push_back({.key = key, .value = value, .time = time});
  }
  return batch_of(timed);
}

// Every kind of state that an aggregate has.
AggregationSpec every_aggregate() {
  AggregateCall distinct = aggregate(AggregateKind::kCount, 1);
  distinct.distinct = true;
  return {
      .keys = {bigint_column(0)},
      .aggregates = {aggregate(AggregateKind::kCountStar), aggregate(AggregateKind::kSum, 1),
                     aggregate(AggregateKind::kMin, 1), aggregate(AggregateKind::kArrayAgg, 1),
                     aggregate(AggregateKind::kFirstValue, 1), aggregate(AggregateKind::kVarPop, 1),
                     aggregate(AggregateKind::kBitOr, 1), distinct},
      .input = AggregateInput::kRows,
      .updating_input = false};
}

std::unique_ptr<Operator> make_changes(AggregationSpec spec, StateTtl ttl) {
  return make_group_aggregate({.aggregation = std::move(spec),
                               .emit = GroupEmit::kChanges,
                               .answers_for_empty_input = true,
                               .ttl = ttl});
}

std::vector<std::string> added(const CollectingEmitter& out) {
  std::vector<std::string> texts;
  for (const Batch& batch : out.batches) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      std::string text = batch.changes->values<std::int16_t>()[batch.row(i)] > 0 ? "+" : "-";
      for (const Value& value : CollectingEmitter::row_values(batch, batch.row(i))) {
        text += ' ' + to_string(value);
      }
      texts.push_back(text);
    }
  }
  return texts;
}

TEST(IdleKeysTest, AGroupThatNoRowTouchesBeginsAnew) {
  const auto op = make_changes(
      {.keys = {bigint_column(0)}, .aggregates = {aggregate(AggregateKind::kCountStar)}},
      {.micros = 100});
  CollectingEmitter out;
  ASSERT_TRUE(op->process(0, rows_at(0, {{1, 0}, {2, 0}}), out).ok());
  ASSERT_TRUE(op->process(0, rows_at(60, {{2, 0}}), out).ok());
  ASSERT_TRUE(op->on_time(Clock::kWatermark, EventTime{100}, out).ok());
  EXPECT_EQ(out.expired, 0U);  // Key 1 is exactly as old as the ttl.

  ASSERT_TRUE(op->on_time(Clock::kWatermark, EventTime{120}, out).ok());

  EXPECT_EQ(out.expired, 1U);
  out.batches.clear();
  ASSERT_TRUE(op->process(0, rows_at(121, {{1, 0}, {2, 0}}), out).ok());
  EXPECT_THAT(added(out), ElementsAre("+ 1 1", "- 2 2", "+ 2 3"));
}

TEST(IdleKeysTest, WithoutEventTimeTheWallClockCounts) {
  const auto op = make_changes(
      {.keys = {bigint_column(0)}, .aggregates = {aggregate(AggregateKind::kCountStar)}},
      {.micros = 100, .clock = Clock::kWall});
  CollectingEmitter out;
  ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{1000}, out).ok());
  ASSERT_TRUE(op->process(0, rows_at(0, {{1, 0}}), out).ok());
  ASSERT_TRUE(op->on_time(Clock::kWatermark, EventTime{100000}, out).ok());
  EXPECT_EQ(out.expired, 0U);

  ASSERT_TRUE(op->on_time(Clock::kWall, EventTime{1200}, out).ok());

  EXPECT_EQ(out.expired, 1U);
}

// Random rows and watermarks, against groups kept row by row that are begun anew where the operator
// has said that keys went.
TEST(IdleKeysTest, WhatStaysIsUntouchedByWhatGoes) {
  for (std::uint64_t seed = 0; seed < random_cases(100); ++seed) {
    std::mt19937_64 random(seed);
    const auto pick = [&](int low, int high) {
      return std::uniform_int_distribution<int>(low, high)(random);
    };
    constexpr std::int64_t kTtl = 40;
    const auto op = make_changes(every_aggregate(), {.micros = kTtl});
    std::map<int, std::vector<Row>> kept;  // By key.
    std::map<int, std::int64_t> last;
    std::int64_t now = 0;
    std::int64_t next_look = 0;
    for (int step = 0; step < 30; ++step) {
      now += pick(1, 12);
      std::vector<std::pair<int, int>> rows;
      for (int i = pick(1, 4); i > 0; --i) {
        rows.emplace_back(pick(0, 9), pick(0, 5));
      }
      CollectingEmitter out;
      ASSERT_TRUE(op->process(0, rows_at(now, rows), out).ok());
      // The same over an operator that has met only the rows that count.
      const auto fresh = make_changes(every_aggregate(), {});
      CollectingEmitter expected;
      std::vector<Row> before;
      for (const auto& [key, old] : kept) {
        before.insert(before.end(), old.begin(), old.end());
      }
      if (!before.empty()) {
        ASSERT_TRUE(fresh->process(0, batch_of(before), expected).ok());
      }
      expected.batches.clear();
      ASSERT_TRUE(fresh->process(0, rows_at(now, rows), expected).ok());
      EXPECT_EQ(added(out), added(expected)) << "seed " << seed << ", step " << step;
      for (const auto& [key, value] : rows) {
        kept[key].push_back({.key = key, .value = value, .time = now});
        last[key] = now;
      }
      CollectingEmitter timed;
      ASSERT_TRUE(op->on_time(Clock::kWatermark, EventTime{now}, timed).ok());
      std::uint64_t gone = 0;
      if (now >= next_look) {
        next_look = (now / (kTtl / 8) + 1) * (kTtl / 8);
        for (auto key = last.begin(); key != last.end();) {
          if (key->second < now - kTtl) {
            kept.erase(key->first);
            key = last.erase(key);
            ++gone;
          } else {
            ++key;
          }
        }
      }
      EXPECT_EQ(timed.expired, gone) << "seed " << seed << ", step " << step;
    }
  }
}

TopNSpec first_of_key(TopNEmit emit, std::uint64_t limit, bool updating) {
  TopNSpec spec;
  spec.types = {bigint_type(), bigint_type()};
  spec.keys = {0};
  spec.order = {{.column = 1, .descending = true, .nulls_first = true}};
  spec.limit = limit;
  spec.updating_input = updating;
  spec.emit = emit;
  spec.ttl = {.micros = 100};
  return spec;
}

TEST(IdleKeysTest, RowsOfATopNGoWithTheirKey) {
  for (const auto& [limit, updating] :
       {std::pair{1, false}, std::pair{2, false}, std::pair{2, true}}) {
    const auto op =
        make_top_n(first_of_key(TopNEmit::kChanges, static_cast<std::uint64_t>(limit), updating));
    CollectingEmitter out;
    ASSERT_TRUE(op->process(0, rows_at(0, {{1, 9}, {2, 5}, {3, 7}}), out).ok());
    ASSERT_TRUE(op->process(0, rows_at(60, {{2, 6}, {3, 8}, {3, 9}}), out).ok());
    ASSERT_TRUE(op->on_time(Clock::kWatermark, EventTime{120}, out).ok());
    EXPECT_EQ(out.expired, 1U);
    out.batches.clear();

    ASSERT_TRUE(op->process(0, rows_at(121, {{1, 1}, {2, 7}, {3, 1}}), out).ok());

    if (limit == 1) {
      EXPECT_THAT(added(out), ElementsAre("+ 1 1", "- 2 6", "+ 2 7"));
    } else {
      EXPECT_THAT(added(out), ElementsAre("+ 1 1", "- 2 5", "+ 2 7"));
    }
  }
}

TEST(IdleKeysTest, AKeyIsFirstAgainATtlAfterItsFirstRow) {
  TopNSpec spec = first_of_key(TopNEmit::kBehindWatermark, 1, false);
  spec.order = {{.column = 1}};
  const auto op = make_top_n(spec);
  CollectingEmitter out;
  for (const int time : {0, 50, 100, 101, 150, 250}) {
    ASSERT_TRUE(op->process(0, rows_at(time, {{1, time}}), out).ok());
    ASSERT_TRUE(op->on_time(Clock::kWatermark, EventTime{time + 1}, out).ok());
  }
  std::vector<std::string> values;
  for (const auto& row : out.rows()) {
    values.push_back(to_string(row[1]));
  }
  EXPECT_THAT(values, ElementsAre("0", "101", "250"));
}

TEST(IdleKeysTest, WhatIsTakenBackWithoutBeingThereIsRejected) {
  AggregationSpec spec{.keys = {bigint_column(0)},
                       .aggregates = {aggregate(AggregateKind::kCountStar)},
                       .updating_input = true};
  for (const GroupEmit emit : {GroupEmit::kChanges, GroupEmit::kAtEnd}) {
    const auto op = make_group_aggregate({.aggregation = spec, .emit = emit});
    CollectingEmitter out;
    Batch changes = rows_at(0, {{1, 0}, {1, 0}, {2, 0}, {1, 0}});
    set_changes(changes, {1, -1, -1, -1});
    ASSERT_TRUE(op->process(0, changes, out).ok());
    ASSERT_EQ(out.rejected.size(), 2U);
    EXPECT_EQ(out.rejected[0].error, RowError::kNotThere);
    ASSERT_TRUE(op->process(0, rows_at(0, {{1, 0}}), out).ok());
    ASSERT_TRUE(op->on_time(Clock::kWatermark, kEndOfTime, out).ok());
    EXPECT_EQ(to_string(out.rows().at(0)[1]), "1");
  }
  const auto top = make_top_n(first_of_key(TopNEmit::kChanges, 2, true));
  CollectingEmitter out;
  Batch changes = rows_at(0, {{1, 5}, {1, 6}});
  set_changes(changes, {1, -1});
  ASSERT_TRUE(top->process(0, changes, out).ok());
  ASSERT_EQ(out.rejected.size(), 1U);
  EXPECT_EQ(out.rejected[0].error, RowError::kNotThere);
}

}  // namespace
}  // namespace thalweg
