#pragma once

#include <cstdint>
#include <span>

#include "expr/row_pattern.h"
#include "state/row_store.h"

namespace thalweg {

// A row of a key that a match may begin with, or have. Numbers count the rows of a key.
struct PendingRow {
  static constexpr std::uint32_t kNoWay = UINT32_MAX;

  RowRef ref;
  VariableSet can_be = 0;
  std::int64_t time = 0;
  // Of the match that begins with it: a later row with which it shares its way, or itself,
  std::int64_t heir = 0;
  std::int64_t end = -1;  // where it ends, once its way is over,
  std::uint32_t way = kNoWay;
};

// A row of a key, the last of these, and those before it that matches may have.
struct RowsSoFar {
  std::span<const PendingRow> rows;
  std::int64_t first = 0;  // Number of the first.

  std::int64_t last() const { return first + static_cast<std::int64_t>(rows.size()) - 1; }
  RowRef ref(std::int64_t number) const {
    return rows[static_cast<std::size_t>(number - first)].ref;
  }
};

// Where the values of rows are. Borrowed for a call.
struct RowSource {
  const RowStore& store;
  std::span<const Column> batch;  // The columns of what rows are not kept.

  Column column(std::span<const RowRef> refs, std::uint32_t number) const {
    return store.column(refs, batch[number], number);
  }
  bool is_null(std::uint32_t column, RowRef ref) const { return store.is_null(column, ref, batch); }
  // Requires: a type of plain values, T.
  template <typename T>
  T value(std::uint32_t column, RowRef ref) const {
    return ref.is_kept ? store.values<T>(column)[ref.number]
                       : batch[column].values<T>()[ref.number];
  }
};

}  // namespace thalweg
