#include "state/whole_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "columnar/kernels.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

std::uint32_t null_count(const Column& column) {
  return column.may_have_nulls() ? column.length() - count_set(column.validity(), column.length())
                                 : 0;
}

bool all_null(const Column& column) {
  return column.length() > 0 && null_count(column) == column.length();
}

Column or_nulls(const std::optional<Column>& column, TypeKind kind, std::uint32_t length) {
  return column ? column->with_type(type_of(kind)) : null_column(type_of(kind), length);
}

std::optional<Column> unless_null(const Column& column) {
  return all_null(column) ? std::nullopt : std::optional(column);
}

// NULLs as `value`, which is what they stand for.
template <typename T>
Column filled(const Column& column, T value) {
  if (!column.may_have_nulls()) {
    return column;
  }
  auto buffer = Buffer::allocate(column.length() * sizeof(T));
  const auto values = column.values<T>();
  for (RowIndex row = 0; row < column.length(); ++row) {
    buffer->template as<T>()[row] = column.is_valid(row) ? values[row] : value;
  }
  Column made(column.type(), column.length());
  made.set_values(std::move(buffer));
  return made;
}

}  // namespace

bool WholeRows::is_key(std::uint32_t column) const {
  return std::find(layout_.keys.begin(), layout_.keys.end(), column) != layout_.keys.end();
}

StateSchema WholeRows::schema(std::string name) const {
  StateSchema schema{.name = std::move(name),
                     .columns = {},
                     .partition_columns = static_cast<std::uint32_t>(layout_.keys.size()),
                     .key_columns = static_cast<std::uint32_t>(key_columns())};
  const auto add = [&](std::string column, Type type) {
    schema.columns.push_back({.name = std::move(column), .type = std::move(type)});
  };
  const auto add_column = [&](std::uint32_t column) {
    add("column " + std::to_string(column + 1), layout_.types[column]);
  };
  std::for_each(layout_.keys.begin(), layout_.keys.end(), add_column);
  if (by_time()) {
    add("event time", type_of(TypeKind::kTimestamp));
  }
  add("number", type_of(TypeKind::kBigint));
  for (std::uint32_t column = 0; column < layout_.types.size(); ++column) {
    if (!is_key(column)) {
      add_column(column);
    }
  }
  if (layout_.has_time && !by_time()) {
    add("event time", type_of(TypeKind::kTimestamp));
  }
  if (layout_.has_stamps) {
    add("stamp", type_of(TypeKind::kBigint));
  }
  if (layout_.has_changes) {
    add("change", type_of(TypeKind::kSmallint));
  }
  if (layout_.has_origin) {
    add("partition", type_of(TypeKind::kInt));
    add("position", type_of(TypeKind::kBigint));
  }
  return schema;
}

Batch WholeRows::kept(Batch batch) const {
  if (!layout_.has_time) {
    batch.event_time.reset();
  }
  if (!layout_.has_stamps) {
    batch.stamps.reset();
  }
  if (!layout_.has_changes) {
    batch.changes.reset();
  }
  if (!layout_.has_origin) {
    batch.partition.reset();
    batch.position.reset();
  }
  return std::move(batch).compacted();
}

std::vector<Column> WholeRows::keys(const Batch& batch, const Column& numbers) const {
  std::vector<Column> columns;
  for (const std::uint32_t key : layout_.keys) {
    columns.push_back(batch.columns[key]);
  }
  if (by_time()) {
    columns.push_back(or_nulls(batch.event_time, TypeKind::kTimestamp, batch.length));
  }
  columns.push_back(numbers);
  return columns;
}

std::vector<Column> WholeRows::columns(const Batch& batch, const Column& numbers) const {
  std::vector<Column> columns = keys(batch, numbers);
  for (std::uint32_t column = 0; column < layout_.types.size(); ++column) {
    if (!is_key(column)) {
      columns.push_back(batch.columns[column]);
    }
  }
  if (layout_.has_time && !by_time()) {
    columns.push_back(or_nulls(batch.event_time, TypeKind::kTimestamp, batch.length));
  }
  if (layout_.has_stamps) {
    columns.push_back(or_nulls(batch.stamps, TypeKind::kBigint, batch.length));
  }
  if (layout_.has_changes) {
    columns.push_back(or_nulls(batch.changes, TypeKind::kSmallint, batch.length));
  }
  if (layout_.has_origin) {
    columns.push_back(or_nulls(batch.partition, TypeKind::kInt, batch.length));
    columns.push_back(or_nulls(batch.position, TypeKind::kBigint, batch.length));
  }
  return columns;
}

Result<Batch> WholeRows::rows(std::span<const Column> columns) const {
  const Column& numbers = this->numbers(columns);
  if (!are_numbers(numbers)) {
    return Status(Code::kCorrupt, "a row has no number");
  }
  Batch batch;
  batch.length = numbers.length();
  std::size_t next = key_columns();
  for (std::uint32_t column = 0; column < layout_.types.size(); ++column) {
    const auto key = std::find(layout_.keys.begin(), layout_.keys.end(), column);
    batch.columns.push_back(key == layout_.keys.end()
                                ? columns[next++]
                                : columns[static_cast<std::size_t>(key - layout_.keys.begin())]);
  }
  if (layout_.has_time) {
    const Column& times = by_time() ? columns[layout_.keys.size()] : columns[next++];
    if (null_count(times) > 0 && (by_time() || !all_null(times))) {
      return Status(Code::kCorrupt, "a row has no time");
    }
    if (!all_null(times)) {
      set_event_time(batch, times);
    }
  }
  if (layout_.has_stamps) {
    if (const Column& stamps = columns[next++]; !all_null(stamps)) {
      batch.stamps = filled<std::int64_t>(stamps, kStartOfTime.micros);
    }
  }
  if (layout_.has_changes) {
    batch.changes = filled<std::int16_t>(columns[next++], 1);
  }
  if (layout_.has_origin) {
    batch.partition = unless_null(columns[next++]);
    batch.position = unless_null(columns[next++]);
  }
  batch.columns.push_back(numbers);
  return batch;
}

Column numbers_from(std::int64_t first, std::uint32_t count) {
  auto buffer = Buffer::allocate(count * sizeof(std::int64_t));
  for (std::uint32_t i = 0; i < count; ++i) {
    buffer->as<std::int64_t>()[i] = first + i;
  }
  Column column(type_of(TypeKind::kBigint), count);
  column.set_values(std::move(buffer));
  return column;
}

bool are_numbers(const Column& column) {
  constexpr std::int64_t kMax = std::int64_t{1} << 62;
  if (null_count(column) > 0) {
    return false;
  }
  const auto values = column.values<std::int64_t>();
  return std::all_of(values.begin(), values.end(),
                     [](std::int64_t number) { return number >= 0 && number < kMax; });
}

std::int64_t number_after(const Column& numbers, std::int64_t next) {
  return numbers.length() == 0 ? next : std::max(next, min_max(numbers).max + 1);
}

Column take_last_column(Batch& batch) {
  Column last = std::move(batch.columns.back());
  batch.columns.pop_back();
  return last;
}

Status wrong_rows(const StateSchema& schema, const std::string& what) {
  return {Code::kCorrupt,
          "the rows of table '" + schema.name + "' in the state cannot be right: " + what};
}

}  // namespace thalweg
