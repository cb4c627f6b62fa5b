#include "operators/group_aggregate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::IsEmpty;
using Dice = std::mt19937_64;

using Number = std::optional<std::int64_t>;
struct Row {
  Number key;
  Number value;
};

Batch batch_of(const std::vector<Row>& rows) {
  std::vector<Number> keys;
  std::vector<Number> values;
  for (const Row& row : rows) {
    keys.push_back(row.key);
    values.push_back(row.value);
  }
  return batch({bigints(keys), bigints(values)});
}

AggregateCall with_distinct(AggregateCall call) {
  call.distinct = true;
  return call;
}

// count(*), count(v), sum(v), min(v), max(v), count(DISTINCT v), sum(DISTINCT v),
// count(*) FILTER (WHERE v > 0), array_agg(v ORDER BY v DESC).
AggregationSpec spec_of(bool updating_input) {
  AggregateCall positive = aggregate(AggregateKind::kCountStar);
  positive.filter = call(">", {bigint_column(1), bigint(0)});
  AggregateCall all = aggregate(AggregateKind::kArrayAgg, 1);
  all.order_by = {{.expr = bigint_column(1), .descending = true, .nulls_first = false}};
  return {.keys = {bigint_column(0)},
          .aggregates = {aggregate(AggregateKind::kCountStar), aggregate(AggregateKind::kCount, 1),
                         aggregate(AggregateKind::kSum, 1), aggregate(AggregateKind::kMin, 1),
                         aggregate(AggregateKind::kMax, 1),
                         with_distinct(aggregate(AggregateKind::kCount, 1)),
                         with_distinct(aggregate(AggregateKind::kSum, 1)), positive, all},
          .input = AggregateInput::kRows,
          .updating_input = updating_input};
}

std::string text_of(const Number& value) { return value ? std::to_string(*value) : "NULL"; }

template <typename Numbers>
std::string sum_of(const Numbers& numbers) {
  std::int64_t sum = 0;
  for (const std::int64_t number : numbers) {
    sum += number;
  }
  return numbers.empty() ? "NULL" : std::to_string(sum);
}

// What spec_of() yields for rows of one key.
TextRow expected_row(const Number& key, const std::vector<Number>& rows) {
  std::multiset<std::int64_t> valid;
  for (const Number& value : rows) {
    if (value) {
      valid.insert(*value);
    }
  }
  const std::set<std::int64_t> distinct(valid.begin(), valid.end());
  std::string all = "{";
  for (auto value = valid.rbegin(); value != valid.rend(); ++value) {
    all += (all.size() > 1 ? "," : "") + std::to_string(*value);
  }
  for (std::size_t nulls = rows.size() - valid.size(); nulls > 0; --nulls) {
    all += all.size() > 1 ? ",NULL" : "NULL";
  }
  all += "}";
  const auto positive = std::count_if(valid.begin(), valid.end(), [](auto v) { return v > 0; });
  return {text_of(key),
          std::to_string(rows.size()),
          std::to_string(valid.size()),
          sum_of(valid),
          valid.empty() ? "NULL" : std::to_string(*valid.begin()),
          valid.empty() ? "NULL" : std::to_string(*valid.rbegin()),
          std::to_string(distinct.size()),
          sum_of(distinct),
          std::to_string(positive),
          all};
}

std::map<TextRow, int> expected_rows(const std::vector<Row>& live) {
  std::map<Number, std::vector<Number>> groups;
  for (const Row& row : live) {
    groups[row.key].push_back(row.value);
  }
  std::map<TextRow, int> rows;
  for (const auto& [key, values] : groups) {
    rows[expected_row(key, values)] = 1;
  }
  return rows;
}

Row draw(Dice& dice) {
  return {
      .key = dice() % 7 == 0 ? Number() : Number(dice() % 6),
      .value = dice() % 5 == 0 ? Number() : Number(static_cast<std::int64_t>(dice() % 21) - 10)};
}

// A batch of inserts and, where `updating`, deletes of rows that are there; `live` follows.
Batch draw_batch(Dice& dice, bool updating, std::vector<Row>& live) {
  std::vector<Row> rows;
  std::vector<int> changes;
  for (std::uint64_t count = 1 + dice() % 30; count > 0; --count) {
    if (updating && !live.empty() && dice() % 2 == 0) {
      const auto gone = live.begin() + static_cast<std::ptrdiff_t>(dice() % live.size());
      rows.push_back(*gone);
      changes.push_back(-1);
      live.erase(gone);
    } else {
      rows.push_back(draw(dice));
      changes.push_back(1);
      live.push_back(rows.back());
    }
  }
  Batch made = batch_of(rows);
  if (updating) {
    set_changes(made, changes);
  }
  return made;
}

// The rows of `batch` among many others that do not exist.
Batch among_others(const Batch& batch) {
  std::vector<RowIndex> chosen;
  std::vector<RowIndex> rows;
  for (RowIndex row = 0; row < batch.length; ++row) {
    rows.insert(rows.end(), {row, row, row});
    chosen.push_back(3 * row + row % 3);
  }
  Batch wide = batch;
  for (Column& column : wide.columns) {
    column = gather(column, rows);
  }
  if (wide.changes) {
    wide.changes = gather(*wide.changes, rows);
  }
  wide.length *= 3;
  return std::move(wide).select(chosen);
}

void expect_agreement(GroupEmit emit, bool updating, std::uint64_t seed) {
  Dice dice(seed);
  const auto op = make_group_aggregate({.aggregation = spec_of(updating), .emit = emit});
  CollectingEmitter out;
  std::vector<Row> live;
  for (int step = 0; step < 15; ++step) {
    Batch rows = draw_batch(dice, updating, live);
    feed(*op, dice() % 2 == 0 ? among_others(rows) : rows, out);
    if (emit == GroupEmit::kChanges) {
      ASSERT_EQ(folded(out), expected_rows(live)) << "seed " << seed << ", step " << step;
    }
  }
  out.room = static_cast<std::uint32_t>(dice() % 2);
  advance(*op, kEndOfTime, out);
  ASSERT_EQ(folded(out), expected_rows(live)) << "seed " << seed;
  ASSERT_THAT(out.rejected, IsEmpty());
}

TEST(GroupAggregateTest, AtTheEndEachKeyHasOneRowAsBruteForceSays) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    expect_agreement(GroupEmit::kAtEnd, /*updating=*/false, seed);
  }
}

TEST(GroupAggregateTest, ChangesFoldToWhatBruteForceSaysAfterEveryBatch) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    expect_agreement(GroupEmit::kChanges, /*updating=*/false, seed);
  }
}

TEST(GroupAggregateTest, RowsThatAreTakenBackNeverCount) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    expect_agreement(GroupEmit::kChanges, /*updating=*/true, seed);
    expect_agreement(GroupEmit::kAtEnd, /*updating=*/true, seed);
  }
}

AggregationSpec counts() {
  return {.keys = {bigint_column(0)}, .aggregates = {aggregate(AggregateKind::kCount, 1)}};
}

TEST(GroupAggregateTest, AnOldRowIsTakenBackJustBeforeItsNewOne) {
  const auto op = make_group_aggregate({.aggregation = counts(), .emit = GroupEmit::kChanges});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 5}, {2, 5}}), out);
  out.batches.clear();
  feed(*op, batch_of({{2, 6}, {3, 1}, {1, 6}}), out);
  std::vector<TextRow> rows = text_rows(out);
  EXPECT_EQ(rows,
            (std::vector<TextRow>{{"2", "1"}, {"2", "2"}, {"3", "1"}, {"1", "1"}, {"1", "2"}}));
  EXPECT_THAT(out.batches.at(0).changes->values<std::int16_t>(),
              ::testing::ElementsAre(-1, 1, 1, -1, 1));
}

TEST(GroupAggregateTest, AResultThatStaysAsItWasIsNotRepeated) {
  const auto op = make_group_aggregate({.aggregation = counts(), .emit = GroupEmit::kChanges});
  CollectingEmitter out;
  feed(*op, batch_of({{1, 5}}), out);
  out.batches.clear();
  feed(*op, batch_of({{1, std::nullopt}}), out);
  EXPECT_THAT(out.batches, IsEmpty());
}

TEST(GroupAggregateTest, WithoutKeysAnEmptyInputHasOneRow) {
  AggregationSpec spec;
  spec.aggregates = {aggregate(AggregateKind::kCountStar), aggregate(AggregateKind::kMax, 0)};
  for (const GroupEmit emit : {GroupEmit::kAtEnd, GroupEmit::kChanges}) {
    const auto op = make_group_aggregate({.aggregation = spec, .emit = emit});
    CollectingEmitter out;
    advance(*op, EventTime{5}, out);
    EXPECT_THAT(out.batches, IsEmpty());
    advance(*op, kEndOfTime, out);
    EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"0", "NULL"}}));
  }
  const auto other = make_group_aggregate(
      {.aggregation = spec, .emit = GroupEmit::kAtEnd, .answers_for_empty_input = false});
  CollectingEmitter out;
  advance(*other, kEndOfTime, out);
  EXPECT_THAT(out.batches, IsEmpty());
}

TEST(GroupAggregateTest, WithKeysAnEmptyInputHasNoRows) {
  const auto op = make_group_aggregate({.aggregation = counts(), .emit = GroupEmit::kAtEnd});
  CollectingEmitter out;
  advance(*op, kEndOfTime, out);
  EXPECT_THAT(out.batches, IsEmpty());
}

TEST(GroupAggregateTest, ManyGroupsWaitForRoom) {
  const auto op = make_group_aggregate({.aggregation = counts(), .emit = GroupEmit::kAtEnd});
  CollectingEmitter out;
  std::vector<Row> rows;
  for (std::int64_t key = 0; key < 10'000; ++key) {
    rows.push_back({key, key});
  }
  feed(*op, batch_of(rows), out);
  out.room = 0;
  ASSERT_EQ(op->on_time(Clock::kWatermark, kEndOfTime, out).value(), Progress::kMore);
  out.room = 1;
  ASSERT_EQ(op->resume(out).value(), Progress::kMore);
  const std::size_t first = out.rows().size();
  EXPECT_GT(first, 0u);
  EXPECT_LT(first, 10'000u);
  out.room = 100;
  ASSERT_EQ(op->resume(out).value(), Progress::kDone);
  EXPECT_EQ(folded(out).size(), 10'000u);
}

TEST(GroupAggregateTest, FirstAndLastFollowEventTimeWhateverTheOrderOfArrival) {
  AggregationSpec spec;
  spec.keys = {bigint_column(0)};
  spec.aggregates = {aggregate(AggregateKind::kFirstValue, 1),
                     aggregate(AggregateKind::kLastValue, 1),
                     aggregate(AggregateKind::kArrayAgg, 1)};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Dice dice(seed);
    std::vector<std::int64_t> order(200);
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = static_cast<std::int64_t>(i);
    }
    std::shuffle(order.begin(), order.end(), dice);
    const auto op = make_group_aggregate({.aggregation = spec, .emit = GroupEmit::kAtEnd});
    CollectingEmitter out;
    std::map<std::int64_t, std::map<std::int64_t, Number>> by_time;
    for (std::size_t begin = 0; begin < order.size(); begin += 20) {
      std::vector<Number> keys;
      std::vector<Number> values;
      std::vector<Number> row_times;
      for (std::size_t i = begin; i < begin + 20; ++i) {
        keys.emplace_back(order[i] % 3);
        values.push_back(dice() % 9 == 0 ? Number() : Number(dice() % 50));
        row_times.emplace_back(order[i]);
        by_time[order[i] % 3][order[i]] = values.back();
      }
      feed(*op, timed({bigints(keys), bigints(values), bigints(row_times)}), out);
    }
    advance(*op, kEndOfTime, out);
    std::map<TextRow, int> expected;
    for (const auto& [key, values] : by_time) {
      std::string all;
      for (const auto& [time, value] : values) {
        all += (all.empty() ? "{" : ",") + text_of(value);
      }
      expected[{std::to_string(key), text_of(values.begin()->second),
                text_of(values.rbegin()->second), all + "}"}] = 1;
    }
    ASSERT_EQ(folded(out), expected) << "seed " << seed;
  }
}

TEST(GroupAggregateTest, AResultThatDoesNotFitIsRejectedAndComesBackWhenItFitsAgain) {
  const Type wide = numeric_type(38, 0);
  AggregateCall sum;
  sum.kind = AggregateKind::kSum;
  sum.args = {column_expr(1, wide, "v")};
  sum.type = *aggregate_type(AggregateKind::kSum, std::vector<Type>{wide});
  const auto op = make_group_aggregate({.aggregation = {.keys = {bigint_column(0)},
                                                        .aggregates = {sum},
                                                        .input = AggregateInput::kRows,
                                                        .updating_input = true},
                                        .emit = GroupEmit::kChanges});
  const std::string most(38, '9');
  CollectingEmitter out;
  const auto change = [&](const std::string& value, int by) {
    Batch rows = batch({bigints({1, 2}), column(wide, {value, "1"})});
    set_changes(rows, {by, 1});
    feed(*op, std::move(rows), out);
  };
  change(most, 1);
  EXPECT_THAT(out.rejected, IsEmpty());
  change("7", 1);
  EXPECT_EQ(out.rejected.size(), 1u);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{{{"2", "2"}, 1}}));
  change(most, -1);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{{{"1", "7"}, 1}, {{"2", "3"}, 1}}));
}

}  // namespace
}  // namespace thalweg
