#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "operators/top_n_spec.h"
#include "state/key_index.h"
#include "state/row_store.h"

namespace thalweg {

// The rows that a top-N looks at: those it has kept and those of the batch at hand, and the order
// among those of one key. What all rows of a key have in common is not kept with each.
class TopNRows {
 public:
  // Borrows `spec`, which outlives this.
  explicit TopNRows(const TopNSpec& spec);

  // Between these two the rows of a batch can be named. Borrows nothing of it.
  void begin_batch(const Batch& batch);
  void end_batch() { columns_.clear(); }

  RowStore& store() { return store_; }
  // Keeps these rows of the batch.
  void keep(RowSpan rows, std::span<const RowSlot> slots) { store_.put(columns_, rows, slots); }

  // What a row of the batch has in the first ORDER BY column, as an integer that sorts the same
  // way; only rows of equal words need be compared in full.
  std::uint64_t word(RowIndex row) const { return words_[row]; }

  // By ORDER BY alone, and down to the last column: 0 for rows that nothing tells apart. Requires:
  // rows of one key, here and below.
  int compare_order(RowRef a, RowRef b) const;
  int compare_all(RowRef a, RowRef b) const;
  // Whether the rows have the same in all columns, wherever they come from.
  bool have_equal_values(RowRef a, RowRef b) const;

  // The input's columns of these rows; `keys` are the rows' keys, a column each.
  std::vector<Column> columns(std::span<const RowRef> refs, std::span<const Column> keys) const;

  // The columns of the store.
  Schema stored_columns() const;
  // As word(), of kept rows.
  std::vector<std::uint64_t> words(std::span<const RowRef> refs,
                                   std::span<const Column> keys) const;

  // All that is stored of these rows, which are kept ones.
  std::vector<Column> stored(std::span<const RowRef> refs) const {
    return store_.rows(refs, {}, store_.width());
  }

  void clear() { store_.clear(); }
  std::uint64_t kept() const { return store_.kept(); }
  std::size_t memory_bytes() const { return store_.memory_bytes(); }

 private:
  static constexpr std::size_t kNotStored = std::numeric_limits<std::size_t>::max();

  int compare_values(RowRef a, RowRef b) const;

  const TopNSpec& spec_;
  // Columns of the input that are stored, in their order; behind them in the store stand event
  // time, where it is none of these, partition and position.
  const std::vector<std::uint32_t> kept_;
  const bool keeps_time_;
  RowStore store_;
  std::vector<std::size_t> stored_at_;  // By column of the input.
  std::vector<std::size_t> origins_;    // Columns of the store.
  // Of the batch at hand.
  std::vector<Column> columns_;  // As in the store.
  std::vector<std::uint64_t> words_;
};

// Rows to put out, with their ranks if they are shown.
struct PickedRows {
  std::vector<GroupId> keys;
  std::vector<RowRef> refs;
  std::vector<std::int64_t> ranks;
  std::vector<std::int16_t> changes;

  void add(GroupId key, RowRef ref, std::int16_t change) {
    keys.push_back(key);
    refs.push_back(ref);
    changes.push_back(change);
  }
  void clear() {
    keys.clear();
    refs.clear();
    ranks.clear();
    changes.clear();
  }
};

// Each row's value in the first ORDER BY column as an integer that sorts the same way; rows of
// equal ones may still differ.
void order_words(const Column& column, const SortKey& key, std::vector<std::uint64_t>& words);

}  // namespace thalweg
