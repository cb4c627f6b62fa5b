#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "columnar/column.h"

namespace thalweg {

using GroupId = std::uint32_t;

// Gives each distinct key a number, counted from 0 in order of first appearance, and gives keys
// back by number. NULL is a key like any other. One per table of keyed state.
class KeyIndex {
 public:
  // Whether the index counts how many rows each key was met in: count(*) then costs no memory
  // access of its own, since the counter stands beside the key.
  enum class RowCounts : std::uint8_t { kNone, kKept };

  // Chooses a fast form for one integer-like key column and for a few of fixed size, and none at
  // all for no key columns.
  static std::unique_ptr<KeyIndex> make(std::vector<Type> key_types,
                                        RowCounts row_counts = RowCounts::kNone);
  virtual ~KeyIndex() = default;

  // Which rows of the key columns are meant: `rows`, or without them (all) rows from 0 on.
  struct Rows {
    RowSpan rows;
    bool all = false;
    RowIndex operator[](std::size_t i) const { return all ? static_cast<RowIndex>(i) : rows[i]; }
  };

  // The numbers of these rows' keys, one per entry of `ids`; a key not seen before gets the next.
  virtual void find_or_insert(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) = 0;

  // A byte for each group, in the place of its number.
  struct Marks {
    std::uint8_t* of_groups = nullptr;
    std::uint8_t mark = 0;
  };

  // The same for `count` rows whose numbers nobody asks for. Their groups get the mark, if there
  // are marks: for size() + `count` groups. Requires: RowCounts::kKept.
  virtual void count_rows(std::span<const Column> keys, Rows rows, std::uint32_t count,
                          Marks marks) {
    counted_.resize(count);
    find_or_insert(keys, rows, counted_);
    if (marks.of_groups != nullptr) {
      for (const GroupId id : counted_) {
        marks.of_groups[id] = marks.mark;
      }
    }
  }

  // As find_or_insert(), for keys that no row brings: none is counted.
  virtual void place(std::span<const Column> keys, Rows rows, std::span<GroupId> ids) = 0;
  // In how many rows these groups have been met. Requires: RowCounts::kKept.
  virtual void set_row_counts(std::span<const GroupId> ids,
                              std::span<const std::int64_t> counts) = 0;

  virtual std::uint32_t size() const = 0;

  // One column per key column: the keys of these groups, in this order.
  virtual std::vector<Column> keys(std::span<const GroupId> ids) const = 0;

  // In how many rows each of these groups was met. Requires: RowCounts::kKept. Cheap when asked for
  // many groups in turn, with no rows added between.
  virtual void row_counts(std::span<const GroupId> ids, std::span<std::int64_t> counts) = 0;

  // An index of only these keys of this one, ascending, numbered anew from 0. Without row counts.
  std::unique_ptr<KeyIndex> with_only(std::span<const GroupId> kept,
                                      std::vector<Type> key_types) const {
    std::unique_ptr<KeyIndex> left = make(std::move(key_types));
    std::vector<GroupId> ids(kept.size());
    left->find_or_insert(keys(kept), {.rows = {}, .all = true}, ids);
    return left;
  }

  // Forgets all keys and keeps the memory, unless that is far more than the keys needed.
  virtual void clear() = 0;

  virtual std::size_t memory_bytes() const = 0;

 private:
  std::vector<GroupId> counted_;
};

// Appends to `rows` which of `length` rows have keys that the index lacks, of equal ones the first.
// It has them all from then on.
void add_new_keys(std::span<const Column> keys, std::uint32_t length, KeyIndex& index,
                  std::vector<RowIndex>& rows);

// Whether so many keys have no rows, and most have none, that it is time to forget those.
inline bool are_sparse(std::uint64_t keys, std::uint64_t rows) {
  constexpr std::uint64_t kSparseMin = 4096;
  return keys > kSparseMin && keys > 2 * rows;
}

// Leaves only these keys of the index, ascending, numbered anew from 0.
inline void keep_only_keys(std::unique_ptr<KeyIndex>& index, std::span<const GroupId> kept,
                           const std::vector<Type>& key_types) {
  if (kept.empty()) {
    index->clear();
  } else {
    index = index->with_only(kept, key_types);
  }
}

}  // namespace thalweg
