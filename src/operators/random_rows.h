#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "operators/operator_fixture.h"

// Random rows with a column of each type, and aggregates over them.
namespace thalweg::fixture {

struct RandomColumn {
  Type type;
  std::vector<std::string> texts;  // "NULL": none.
};

// First two keys, then values. Sums of the floating ones are exact.
inline std::vector<RandomColumn> random_columns() {
  return {
      {type_of(TypeKind::kBigint), {"1", "2", "3", "4", "5", "6", "NULL"}},
      {type_of(TypeKind::kText), {"", "a", "NULL"}},
      {type_of(TypeKind::kSmallint), {"-3", "0", "7", "NULL"}},
      {type_of(TypeKind::kInt), {"-2147483648", "5", "2147483647", "NULL"}},
      {type_of(TypeKind::kBigint), {"-9223372036854775808", "9223372036854775807", "12", "NULL"}},
      {type_of(TypeKind::kReal), {"0.5", "-2.25", "NaN", "NULL"}},
      {type_of(TypeKind::kDouble), {"0.5", "-8", "-0", "Infinity", "-Infinity", "NaN", "NULL"}},
      {numeric_type(20, 2), {"1.50", "-3.25", "100000000000000.01", "NULL"}},
      {type_of(TypeKind::kText), {"", "x", "a longer text than fits anywhere short", "NULL"}},
      {type_of(TypeKind::kInterval), {"30 days", "1 mon", "02:00:00", "NULL"}},
      {type_of(TypeKind::kBoolean), {"t", "f", "NULL"}},
      {type_of(TypeKind::kDate), {"1969-12-31", "2018-02-01", "NULL"}},
      {type_of(TypeKind::kTimestamp), {"1960-01-01 00:00:00.000001", "NULL"}}};
}
inline constexpr std::uint32_t kRandomKeys = 2;

inline ExprPtr random_column(std::uint32_t column) {
  return column_expr(column, random_columns()[column].type, "c" + std::to_string(column));
}

// Every aggregate over every column that it takes.
inline std::vector<AggregateCall> every_aggregate_call() {
  const std::vector<RandomColumn> columns = random_columns();
  std::vector<AggregateCall> calls = {aggregate(AggregateKind::kCountStar)};
  for (const AggregateKind kind :
       {AggregateKind::kCount, AggregateKind::kSum, AggregateKind::kAvg, AggregateKind::kMin,
        AggregateKind::kMax, AggregateKind::kFirstValue, AggregateKind::kLastValue,
        AggregateKind::kArrayAgg, AggregateKind::kBitAnd, AggregateKind::kBitOr,
        AggregateKind::kBitXor, AggregateKind::kVarPop, AggregateKind::kVarSamp,
        AggregateKind::kStddevPop, AggregateKind::kStddevSamp}) {
    for (std::uint32_t i = kRandomKeys; i < columns.size(); ++i) {
      if (const std::optional<Type> type = aggregate_type(kind, {&columns[i].type, 1})) {
        AggregateCall call;
        call.kind = kind;
        call.args = {random_column(i)};
        call.type = *type;
        calls.push_back(call);
      }
    }
  }
  return calls;
}

// Few of each kind of state: filtered, ordered and distinct ones too.
inline std::vector<AggregateCall> some_aggregate_calls() {
  std::vector<AggregateCall> calls;
  const auto add = [&](AggregateKind kind, std::uint32_t column) -> AggregateCall& {
    AggregateCall& call = calls.emplace_back();
    call.kind = kind;
    call.args = {random_column(column)};
    call.type = *aggregate_type(kind, {&call.args[0]->type, 1});
    return call;
  };
  calls.push_back(aggregate(AggregateKind::kCountStar));
  add(AggregateKind::kSum, 3);
  add(AggregateKind::kSum, 6);
  add(AggregateKind::kMax, 8);
  add(AggregateKind::kCount, 3).filter = random_column(10);
  add(AggregateKind::kCount, 8).distinct = true;
  add(AggregateKind::kSum, 7).distinct = true;
  AggregateCall& filtered = add(AggregateKind::kCount, 8);
  filtered.distinct = true;
  filtered.filter = random_column(10);
  AggregateCall& list = add(AggregateKind::kArrayAgg, 4);
  list.distinct = true;
  list.order_by = {{.expr = random_column(4)}};
  add(AggregateKind::kFirstValue, 8).order_by = {{.expr = random_column(6), .descending = true}};
  add(AggregateKind::kBitXor, 2);
  add(AggregateKind::kVarPop, 2);
  return calls;
}

// The columns of random_columns() for each of these times, which are the rows' event times.
template <typename Random>
Batch random_batch(Random& random, const std::vector<std::int64_t>& micros) {
  const auto length = static_cast<std::uint32_t>(micros.size());
  Batch made;
  made.length = length;
  for (const RandomColumn& column : random_columns()) {
    ColumnBuilder builder(column.type);
    for (std::uint32_t row = 0; row < length; ++row) {
      const std::string& text = column.texts[random() % column.texts.size()];
      if (text == "NULL") {
        builder.append_null();
      } else {
        builder.append_value(parse_value(text, column.type).value());
      }
    }
    made.columns.push_back(builder.finish());
  }
  set_event_time(made, times(micros));
  ColumnBuilder partitions(type_of(TypeKind::kInt));
  ColumnBuilder positions(type_of(TypeKind::kBigint));
  for (std::uint32_t row = 0; row < length; ++row) {
    partitions.append(static_cast<std::int32_t>(random() % 2));
    positions.append(static_cast<std::int64_t>(random() % 1'000'000));
  }
  made.partition = partitions.finish();
  made.position = positions.finish();
  return made;
}

// Rows that come, and some of `there` that are taken back; the batch has changes.
template <typename Random>
Batch random_changes(Random& random, const std::vector<std::int64_t>& micros,
                     std::vector<Batch>& there) {
  std::vector<Batch> rows;
  std::vector<int> changes;
  const Batch fresh = random_batch(random, micros);
  for (std::uint32_t row = 0; row < fresh.length; ++row) {
    there.push_back(fresh.slice(row, 1));
    rows.push_back(there.back());
    changes.push_back(1);
    if (random() % 3 != 0) {
      std::swap(there[random() % there.size()], there.back());
      rows.push_back(there.back());
      there.pop_back();
      changes.push_back(-1);
    }
  }
  Batch made = concat(rows);
  set_changes(made, changes);
  return made;
}

}  // namespace thalweg::fixture
