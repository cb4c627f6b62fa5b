#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/batch.h"
#include "state/state_table.h"

namespace thalweg {

// What rows kept whole are made of.
struct RowLayout {
  std::vector<Type> types;          // Of their columns.
  std::vector<std::uint32_t> keys;  // The columns by which rows are dealt out to workers.
  // What they have beside the columns; what is not named here is not kept.
  bool has_time = false;
  bool has_stamps = false;
  bool has_changes = false;
  bool has_origin = false;
  bool on_every_worker = false;  // All of them (see StateTable); there are no keys then.
};

// Whole rows as rows of a StateTable: the keys, event time if that is what rows are dropped by, a
// number that tells a row from all others of its keys, then all else.
class WholeRows {
 public:
  enum class Slices : std::uint8_t { kNone, kByTime };

  WholeRows(RowLayout layout, Slices slices) : layout_(std::move(layout)), slices_(slices) {}

  StateSchema schema(std::string name) const;

  // The rows with no more than the layout says, and without a selection.
  Batch kept(Batch batch) const;

  // Rows of kept(), with a number each (BIGINT): their key columns, and all columns.
  std::vector<Column> keys(const Batch& batch, const Column& numbers) const;
  std::vector<Column> columns(const Batch& batch, const Column& numbers) const;

  // The rows back, with their numbers as one column more.
  Result<Batch> rows(std::span<const Column> columns) const;
  // The number column of rows(), or of key columns.
  const Column& numbers(std::span<const Column> keys) const { return keys[key_columns() - 1]; }

 private:
  bool by_time() const { return slices_ == Slices::kByTime; }
  std::size_t key_columns() const { return layout_.keys.size() + (by_time() ? 2 : 1); }
  bool is_key(std::uint32_t column) const;

  const RowLayout layout_;
  const Slices slices_;
};

// Numbers from `first` on.
Column numbers_from(std::int64_t first, std::uint32_t count);

// Whether these can be numbers of rows.
bool are_numbers(const Column& column);
// The largest of these numbers, plus one; at least `next`.
std::int64_t number_after(const Column& numbers, std::int64_t next);

// Takes the last column off.
Column take_last_column(Batch& batch);

// An error of StateTable::apply().
Status wrong_rows(const StateSchema& schema, const std::string& what);

}  // namespace thalweg
