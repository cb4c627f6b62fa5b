#include "operators/key_order.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "operators/row_order.h"
#include "operators/top_n_rows.h"

namespace thalweg {
namespace {

int compare_by(const Column& column, const SortKey& key, RowIndex a, RowIndex b) {
  const bool valid_a = column.is_valid(a);
  const bool valid_b = column.is_valid(b);
  if (!valid_a || !valid_b) {
    return valid_a == valid_b ? 0 : valid_a == key.nulls_first ? 1 : -1;
  }
  const int compared = compare_rows(column, a, column, b);
  return key.descending ? -compared : compared;
}

// Whether rows of one word of order_words() are equal in the column.
bool is_exact(const Column& column) {
  const TypeKind kind = column.type().kind;
  return !column.may_have_nulls() &&
         (is_integer(kind) || kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz);
}

// Whether rows stand in the order of their origins: partition and position.
bool are_in_order(const std::vector<Column>& origins, std::uint32_t rows) {
  const auto partitions = origins[0].values<std::int32_t>();
  const auto positions = origins[1].values<std::int64_t>();
  bool in_order = !origins[0].may_have_nulls() && !origins[1].may_have_nulls();
  for (RowIndex row = 1; row < rows; ++row) {
    in_order &= partitions[row - 1] < partitions[row] ||
                (partitions[row - 1] == partitions[row] && positions[row - 1] <= positions[row]);
  }
  return in_order;
}

}  // namespace

KeyOrder::KeyOrder(KeyOrderSpec spec)
    : spec_(std::move(spec)), index_(KeyIndex::make(key_types())) {}

std::vector<Type> KeyOrder::key_types() const {
  std::vector<Type> types;
  for (const std::uint32_t key : spec_.keys) {
    types.push_back(spec_.types[key]);
  }
  return types;
}

Batch KeyOrder::arrange(const Batch& batch) {
  TW_CHECK(batch.selection == nullptr);
  columns_ = batch.columns;
  origins_.clear();
  if (spec_.has_origin && batch.partition && batch.position) {
    origins_ = {*batch.partition, *batch.position};
  }
  came_in_order_ = !origins_.empty() && spec_.order.size() == 1 &&
                   is_exact(columns_[spec_.order[0].column]) &&
                   are_in_order(origins_, batch.length);
  words_.assign(batch.length, 0);
  if (!spec_.order.empty()) {
    order_words(columns_[spec_.order[0].column], spec_.order[0], words_);
  }
  find_runs(batch);
  sort_runs();
  Batch arranged = gather(batch, order_);
  columns_.clear();
  origins_.clear();
  return arranged;
}

// Brings the rows of each key together without changing their order.
void KeyOrder::find_runs(const Batch& batch) {
  runs_.clear();
  order_.resize(batch.length);
  if (spec_.keys.empty()) {
    ids_.assign(batch.length, 0);
    index_->find_or_insert({}, {.rows = {}, .all = true}, ids_);
    runs_.push_back({.id = 0, .first = 0, .count = batch.length});
    for (RowIndex row = 0; row < batch.length; ++row) {
      order_[row] = row;
    }
    return;
  }
  std::vector<Column> keys;
  for (const std::uint32_t key : spec_.keys) {
    keys.push_back(batch.columns[key]);
  }
  ids_.resize(batch.length);
  index_->find_or_insert(keys, {.rows = {}, .all = true}, ids_);
  ends_.grow_to(index_->size());
  std::uint32_t* const ends = ends_.data();
  for (const GroupId id : ids_) {
    if (ends[id]++ == 0) {
      runs_.push_back({.id = id, .first = 0, .count = 0});
    }
  }
  RowIndex first = 0;
  for (KeyRun& run : runs_) {
    run.first = first;
    run.count = ends[run.id];
    ends[run.id] = first;
    first += run.count;
  }
  for (RowIndex row = 0; row < batch.length; ++row) {
    order_[ends[ids_[row]]++] = row;
  }
  for (const KeyRun& run : runs_) {
    ends[run.id] = 0;
  }
}

// Rows mostly come in order.
void KeyOrder::sort_runs() {
  const auto less = [this](RowIndex a, RowIndex b) {
    return words_[a] != words_[b] ? words_[a] < words_[b] : compare(a, b) < 0;
  };
  for (const KeyRun& run : runs_) {
    const auto begin = order_.begin() + run.first;
    const auto end = begin + run.count;
    bool is_sorted = true;
    for (auto row = begin; end - row > 1 && is_sorted; ++row) {
      is_sorted =
          words_[row[0]] < words_[row[1]] ||
          (words_[row[0]] == words_[row[1]] && (came_in_order_ || compare(row[0], row[1]) <= 0));
    }
    if (!is_sorted) {
      std::stable_sort(begin, end, less);
    }
  }
}

int KeyOrder::compare_in_order(std::span<const Column> columns, RowIndex a, RowIndex b) const {
  for (const SortKey& key : spec_.order) {
    if (const int compared = compare_by(columns[key.column], key, a, b); compared != 0) {
      return compared;
    }
  }
  return 0;
}

int KeyOrder::compare(RowIndex a, RowIndex b) const {
  if (const int compared = compare_in_order(columns_, a, b); compared != 0) {
    return compared;
  }
  for (const Column& column : origins_.empty() ? columns_ : origins_) {
    if (const int compared = compare_rows(column, a, column, b); compared != 0) {
      return compared;
    }
  }
  return 0;
}

void KeyOrder::keep_only(std::span<const GroupId> kept) {
  ends_.grow_to(keys());  // Those that a restart has put there have had no batch.
  index_ = index_->with_only(kept, key_types());
  ends_.keep_only(kept);
}

bool KeyOrder::are_peers(const Batch& arranged, RowIndex a, RowIndex b) const {
  return compare_in_order(arranged.columns, a, b) == 0;
}

}  // namespace thalweg
