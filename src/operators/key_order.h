#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "columnar/kernels.h"
#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// In what order the rows of each key are taken.
struct KeyOrderSpec {
  std::vector<Type> types;          // Of the input's columns.
  std::vector<std::uint32_t> keys;  // Columns of the input; none: one key.
  std::vector<SortKey> order;       // Columns of the input.
  bool has_origin = false;          // Whether rows carry partition and position.
};

// Rows of one key that stand side by side.
struct KeyRun {
  GroupId id = 0;
  RowIndex first = 0;
  std::uint32_t count = 0;
};

// Puts rows in order key by key. Rows equal in the order are told apart by where they came from, or
// where they have no origin by all their columns.
class KeyOrder {
 public:
  explicit KeyOrder(KeyOrderSpec spec);

  // The batch in order, and where in it each key's rows are: keys as they appear. Requires: no
  // selection.
  Batch arrange(const Batch& batch);
  std::span<const KeyRun> runs() const { return runs_; }

  // Keys seen so far; their numbers are those of runs.
  std::uint32_t keys() const { return index_->size(); }
  const std::unique_ptr<KeyIndex>& index() const { return index_; }
  std::vector<Type> key_types() const;

  // Leaves only these keys, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept);

  // Whether two rows of what arrange() has returned are equal in the order.
  bool are_peers(const Batch& arranged, RowIndex a, RowIndex b) const;

 private:
  void find_runs(const Batch& batch);
  void sort_runs();
  int compare_in_order(std::span<const Column> columns, RowIndex a, RowIndex b) const;
  int compare(RowIndex a, RowIndex b) const;

  const KeyOrderSpec spec_;
  std::unique_ptr<KeyIndex> index_;
  StateArray<std::uint32_t> ends_;  // By key: where the next of its rows goes; 0 between batches.

  // Of the batch at hand.
  std::vector<GroupId> ids_;
  std::vector<KeyRun> runs_;
  std::vector<RowIndex> order_;
  std::vector<std::uint64_t> words_;  // What the first of `order` has, as integers.
  std::vector<Column> columns_;
  std::vector<Column> origins_;
  bool came_in_order_ = false;  // Rows of one word are in order as they stand.
};

}  // namespace thalweg
