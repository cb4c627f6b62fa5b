#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "operators/key_order.h"
#include "operators/top_n_keys.h"
#include "operators/top_n_rows.h"
#include "state/group_arrays.h"
#include "state/row_table.h"

namespace thalweg {

// The rows of each key in order, from which rows may be taken back. Rows that nothing tells apart
// stand side by side.
class ChangingRows {
 public:
  // A row's place in its key's order: TopNRows::word(), and where the row is kept.
  struct Entry {
    std::uint64_t word;
    RowSlot slot;
  };

  // Rows of a key by their number: [begin, end).
  struct Extent {
    std::size_t begin;
    std::size_t end;

    std::size_t size() const { return end - begin; }
    void widen(Extent other) {
      begin = std::min(begin, other.begin);
      end = std::max(end, other.end);
    }
  };

  // What a batch has done to the rows of one key.
  struct Touched {
    GroupId id;
    Extent rows;               // Those that came are among them; others went from between them.
    std::uint64_t first_word;  // Of the first and the last that came or went.
    std::uint64_t last_word;
    Extent moves;  // Which of moves() are its own.
  };

  // A row that came or went, all the batch being counted together.
  struct Move {
    std::uint32_t arrival;  // Its number in the batch.
    RowSlot slot;           // Of one that went too, until it is released.
    std::size_t number;     // Within its key; kGone: it went.
  };
  static constexpr std::size_t kGone = std::numeric_limits<std::size_t>::max();

  explicit ChangingRows(const KeyOrderSpec& spec);

  void take(const Batch& batch);

  // Of the last batch, until the next one.
  std::span<const Touched> touched() const { return touched_; }
  std::span<const Move> moves() const { return moves_; }
  RowSpan missing() const { return missing_; }  // Rows that took back what is not there.
  std::span<const GroupId> ids() const { return keys_.found(); }

  std::uint32_t keys() const { return keys_.size(); }
  std::uint64_t rows() const { return rows_.kept(); }
  std::size_t memory_bytes() const {
    return keys_.memory_bytes() + rows_.memory_bytes() + arrays_.memory_bytes();
  }
  std::span<const Entry> of(GroupId id) const { return arrays_.get(id); }

  // Whether two rows of a key are equal in the order.
  bool are_peers(const Entry& a, const Entry& b) const {
    return a.word == b.word && rows_.compare_order(RowRef::kept(a.slot), RowRef::kept(b.slot)) == 0;
  }

  // The input's columns of these rows, one at least, `ids` being their keys.
  std::vector<Column> columns(std::span<const GroupId> ids, std::span<const RowSlot> slots) const;

  // Of a row that went.
  void release(RowSlot slot) { rows_.store().release(slot); }

  // Leaves only these keys, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept);

  // For a restart: where rows stand, and of what columns; puts in order those that stand there
  // again, by key and by age within each, and says which keys have any, ascending.
  const std::vector<Type>& key_types() const { return keys_.types(); }
  const std::unique_ptr<KeyIndex>& index() const { return keys_.index(); }
  RowStore& store() { return rows_.store(); }
  Schema stored_columns() const { return rows_.stored_columns(); }
  std::vector<GroupId> restore(std::span<const RowTable::Row> rows);

 private:
  using Entries = std::span<const Entry>;

  // A row that comes or goes, while its key's rows are still those from before the batch.
  struct Edit {
    std::size_t place;
    std::uint32_t arrival;
    std::uint64_t word;
    bool comes;
  };

  int compare_new(RowIndex a, RowIndex b) const;
  void find_edits(Entries entries, std::span<const std::uint32_t> arrivals, const Batch& batch);
  void find_net(Entries entries, std::span<const std::uint32_t> alike, const Batch& batch);
  void apply_edits(GroupId id, const Batch& batch);
  std::size_t place_behind(Entries entries, std::uint64_t word, RowRef row) const;
  bool is_same(const Entry& entry, std::uint64_t word, RowRef row) const;

  const TopNSpec spec_;
  TopNKeys keys_;
  TopNRows rows_;
  GroupArrays<Entry> arrays_;  // By key.

  // Of the batch at hand.
  std::vector<Touched> touched_;
  std::vector<Move> moves_;
  std::vector<RowIndex> missing_;
  std::vector<Edit> edits_;
  std::vector<Entry> behind_;
  std::vector<RowIndex> new_rows_;
  std::vector<RowSlot> new_slots_;
};

}  // namespace thalweg
