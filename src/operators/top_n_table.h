#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "operators/top_n_spec.h"
#include "state/group_arrays.h"
#include "state/key_index.h"
#include "state/row_store.h"

namespace thalweg {

// The first rows of each key seen so far: per key an array in order, which holds the rows that
// count, or all of them where rows may be taken back. A row that comes after the last one of a full
// array costs one comparison of integers.
class TopNTable {
 public:
  // Borrows `spec`, which outlives the table.
  explicit TopNTable(const TopNSpec& spec);

  // Rows of changed keys, as -old and +new: columns of the input, then the rank if it is shown.
  struct Changes {
    std::vector<Column> columns;
    std::vector<std::int16_t> changes;
  };

  // Takes rows in. The changes that this makes to the result are returned if asked for.
  void add(const Batch& batch) { add_rows(batch, nullptr); }
  Changes add_and_compare(const Batch& batch);

  // The result for keys [begin, end), in order within each key.
  std::vector<Column> results(GroupId begin, GroupId end);

  std::uint32_t size() const { return index_->size(); }

  // Forgets everything and keeps the memory.
  void clear();

  std::size_t memory_bytes() const;

 private:
  // A row's place in its key's order. `word` is what the first ORDER BY column has, as an integer
  // that sorts the same way; only rows of equal words are compared in full.
  struct Entry {
    std::uint64_t word;
    RowSlot slot;
  };
  // A group's entries before the batch: `count` of them from `begin` on in before_.
  struct Touched {
    GroupId id;
    std::size_t begin;
    std::size_t count;
  };
  // Rows to put out; ranks are there if they are shown.
  struct Picked {
    std::vector<RowRef> refs;
    std::vector<std::int64_t> ranks;
    std::vector<std::int16_t> changes;

    void add(RowRef ref, std::int16_t change) {
      refs.push_back(ref);
      changes.push_back(change);
    }
  };
  // Places in the lists before and after.
  struct Difference {
    std::vector<std::size_t> removed;
    std::vector<std::size_t> added;
  };

  void add_rows(const Batch& batch, Changes* changes);
  void insert(GroupId id, RowIndex row);
  void take_back(GroupId id, RowIndex row);
  void cut(GroupId id);
  void touch(GroupId id);
  void finish_batch();

  void compare_touched(const Touched& touched, Picked& picked);
  Difference compare_by_row(std::span<const Entry> before, std::span<const Entry> after,
                            const std::vector<std::int64_t>& ranks_before,
                            const std::vector<std::int64_t>& ranks_after) const;
  Difference compare_by_number(std::span<const Entry> before, std::span<const Entry> after) const;
  int compare_entries(const Entry& before, const Entry& after) const;
  std::vector<std::int64_t> ranks_of(std::span<const Entry> entries) const;
  std::size_t counted(std::span<const Entry> entries) const;
  std::vector<Column> columns_of(const Picked& picked) const;

  RowRef ref_of(RowSlot slot) const;
  bool are_tied(const Entry& a, const Entry& b) const;
  // By ORDER BY alone, and down to the last column: 0 for rows that nothing tells apart.
  int compare_order(RowRef a, RowRef b) const;
  int compare_all(RowRef a, RowRef b) const;
  int compare_values(RowRef a, RowRef b) const;
  // Where in the order a row belongs: behind all that come before it.
  std::size_t place_of(std::span<const Entry> entries, std::uint64_t word, RowRef row) const;
  void drop(RowSlot slot);

  const TopNSpec& spec_;
  const std::size_t origins_;  // Event time, partition and position behind the columns, or none.
  std::unique_ptr<KeyIndex> index_;
  GroupArrays<Entry> arrays_;
  RowStore rows_;

  // Of the batch at hand.
  std::vector<Column> columns_;  // The input's, and its origins.
  std::vector<std::uint64_t> words_;
  std::vector<GroupId> ids_;
  std::vector<RowSlot> new_slots_;
  std::vector<RowIndex> row_of_slot_;  // By slot: one more than the row; 0: it is kept.
  std::vector<RowSlot> dropped_;       // Kept rows that count no longer.
  bool compares_ = false;
  std::vector<char> is_touched_;  // By group.
  std::vector<Touched> touched_;
  std::vector<Entry> before_;
};

// Each row's value in the first ORDER BY column as an integer that sorts the same way; rows of
// equal ones may still differ.
void order_words(const Column& column, const SortKey& key, std::vector<std::uint64_t>& words);

}  // namespace thalweg
