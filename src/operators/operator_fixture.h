#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "expr/aggregate.h"
#include "expr/expr_fixture.h"
#include "stream/collecting_emitter.h"

// What the tests of this folder make rows with, and read what came out by.
namespace thalweg::fixture {

inline Type bigint_type() { return type_of(TypeKind::kBigint); }

inline ExprPtr bigint_column(std::uint32_t number) {
  return column_expr(number, bigint_type(), "c" + std::to_string(number));
}

inline Column bigints(const std::vector<std::optional<std::int64_t>>& values) {
  ColumnBuilder builder(bigint_type());
  for (const auto& value : values) {
    if (value) {
      builder.append(*value);
    } else {
      builder.append_null();
    }
  }
  return builder.finish();
}

inline Column times(const std::vector<std::int64_t>& micros) {
  ColumnBuilder builder(type_of(TypeKind::kTimestamp));
  for (const std::int64_t each : micros) {
    builder.append(each);
  }
  return builder.finish();
}

// The last column is also the event time.
inline Batch timed(std::vector<Column> columns) {
  Batch made = batch(std::move(columns));
  set_event_time(made, made.columns.back().with_type(type_of(TypeKind::kTimestamp)));
  return made;
}

inline void set_changes(Batch& batch, const std::vector<int>& changes) {
  ColumnBuilder builder(type_of(TypeKind::kSmallint));
  for (const int change : changes) {
    builder.append(static_cast<std::int16_t>(change));
  }
  batch.changes = builder.finish();
}

struct KeyedRow {
  std::optional<std::int64_t> key;
  std::optional<std::int64_t> value;
  std::int64_t time = 0;
  int change = 1;
};

// Columns key, value, time.
inline Batch keyed_batch(const std::vector<KeyedRow>& rows, bool with_changes = false) {
  std::vector<std::optional<std::int64_t>> keys;
  std::vector<std::optional<std::int64_t>> values;
  std::vector<std::int64_t> row_times;
  std::vector<int> changes;
  for (const KeyedRow& row : rows) {
    keys.push_back(row.key);
    values.push_back(row.value);
    row_times.push_back(row.time);
    changes.push_back(row.change);
  }
  Batch made = timed({bigints(keys), bigints(values), times(row_times)});
  if (with_changes) {
    set_changes(made, changes);
  }
  return made;
}

// A row as text, NULL as "NULL".
using TextRow = std::vector<std::string>;

inline TextRow text_row(const std::vector<Value>& values) {
  TextRow row;
  for (const Value& value : values) {
    row.push_back(value.is_null() ? "NULL" : to_string(value));
  }
  return row;
}

inline std::vector<TextRow> text_rows(const CollectingEmitter& out) {
  std::vector<TextRow> rows;
  for (const auto& values : out.rows()) {
    rows.push_back(text_row(values));
  }
  return rows;
}

// Rejected rows, all for this reason.
inline std::vector<TextRow> rejected_rows(const CollectingEmitter& out, RowError reason) {
  std::vector<TextRow> rows;
  for (const CollectingEmitter::Rejected& rejected : out.rejected) {
    EXPECT_EQ(rejected.error, reason);
    rows.push_back(text_row(rejected.row));
  }
  return rows;
}

// A changelog folded: how often each row stands after all changes; rows that cancelled out are
// gone.
inline std::map<TextRow, int> folded(const CollectingEmitter& out) {
  std::map<TextRow, int> rows;
  for (const Batch& batch : out.batches) {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      const int change = batch.changes ? batch.changes->values<std::int16_t>()[row] : 1;
      const TextRow text = text_row(CollectingEmitter::row_values(batch, row));
      if ((rows[text] += change) == 0) {
        rows.erase(text);
      }
    }
  }
  return rows;
}

inline void feed(Operator& op, Batch batch, CollectingEmitter& out) {
  Result<Progress> progress = op.process(0, std::move(batch), out);
  ASSERT_TRUE(progress.ok());
  while (progress.value() == Progress::kMore) {
    out.room = 1'000'000;
    progress = op.resume(out);
    ASSERT_TRUE(progress.ok());
  }
}

// Moves time on, giving room for one batch at a time where there is too little.
inline void advance(Operator& op, EventTime now, CollectingEmitter& out) {
  Result<Progress> progress = op.on_time(Clock::kWatermark, now, out);
  ASSERT_TRUE(progress.ok());
  while (progress.value() == Progress::kMore) {
    EXPECT_FALSE(out.has_room());
    out.room = 1;
    progress = op.resume(out);
    ASSERT_TRUE(progress.ok());
  }
}

// min(c1) and the like, over BIGINT columns.
inline AggregateCall aggregate(AggregateKind kind, std::optional<std::uint32_t> column = {}) {
  AggregateCall call;
  call.kind = kind;
  std::vector<Type> types;
  if (column) {
    call.args = {bigint_column(*column)};
    types = {bigint_type()};
  }
  call.type = *aggregate_type(kind, types);
  return call;
}

}  // namespace thalweg::fixture
