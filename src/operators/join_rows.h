#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "columnar/batch.h"
#include "state/group_queues.h"
#include "state/row_table.h"
#include "state/state_array.h"

namespace thalweg {

struct JoinRowsSpec {
  std::string name;         // Of its table of state.
  std::vector<Type> types;  // Of the input's columns.
  bool updating = false;    // Rows may be taken back.
  bool counts = false;      // It is known of each row how many partners it has.
};

// The rows of one side of a join by key, in any order, until they are taken back. Of rows that are
// alike the last that came is taken back.
class JoinRows {
 public:
  // A row that has come or gone, and its key.
  struct Row {
    GroupId id;
    RowSlot slot;
  };

  // What a batch comes to, where rows that came in it have not gone in it again.
  struct Change {
    std::vector<Row> come;
    std::vector<Row> gone;          // Their slots are to be released.
    std::vector<RowIndex> missing;  // Take back what is not there.

    void clear() {
      come.clear();
      gone.clear();
      missing.clear();
    }
  };

  // Borrows the index of keys, in whose place another may be put: see keep_only().
  JoinRows(JoinRowsSpec spec, std::span<const Type> key_types,
           const std::unique_ptr<KeyIndex>& index);

  // Takes these rows of the batch, `ids` being their keys.
  void take(const Batch& batch, RowSpan rows, std::span<const GroupId> ids, Change& change);
  // Forgets a row that has gone.
  void release(RowSlot slot);

  // The rows of a key; valid until the next take().
  std::span<const RowSlot> of(GroupId id) const {
    return id < queues_.groups() ? queues_.get(id) : std::span<const RowSlot>();
  }

  // The first rows of a key are none of its rows any more; they are to be released. Requires: no
  // rows are taken back.
  void drop_front(GroupId id, std::uint32_t count) { queues_.drop_front(id, count); }

  // One column's values by slot. Requires: a type of plain values, T.
  template <typename T>
  const T* values(std::size_t column) const {
    return store_.values<T>(column);
  }

  // How many partners a row has. Requires: counts.
  std::int64_t partners(RowSlot slot) const { return partners_[slot]; }
  void add_partners(RowSlot slot, std::int64_t count) {
    partners_[slot] += count;
    table_.change(slot);
  }

  // The input's columns of these rows.
  std::vector<Column> columns(std::span<const RowRef> rows) const {
    return store_.rows(rows, {}, spec_.types.size());
  }

  std::uint64_t rows() const { return store_.kept(); }
  std::size_t memory_bytes() const;

  // Leaves only these keys, ascending, which are about to be numbered anew from 0, and their rows.
  void keep_only(std::span<const GroupId> kept);

  // For a restart.
  RowTable& table() { return table_; }
  void restored();

 private:
  static constexpr RowSlot kNone = 0;  // In the place of a slot's number plus one.

  // The rows as they survive a restart, and how many partners each has.
  class Table final : public RowTable {
   public:
    Table(JoinRows& side, std::span<const Type> key_types, const std::unique_ptr<KeyIndex>& index);

   protected:
    std::vector<Column> values_of(std::span<const RowSlot> slots) override;
    void restore(std::span<const RowSlot> slots, std::span<const Column> values) override;

   private:
    JoinRows& side_;
  };

  void grow_to(RowSlot slots);
  void find_values(std::span<const Column> columns, KeyIndex::Rows rows, std::size_t count);
  void link(RowSlot slot, GroupId value);
  void add(const Row& row);
  void take_out(const Row& row);
  void forget_values();

  const JoinRowsSpec spec_;
  RowStore store_;
  Table table_;
  StateArray<std::int64_t> partners_;  // By slot; with `counts`.
  std::int64_t next_number_ = 0;
  GroupQueues<RowSlot> queues_;  // By key.

  // With `updating`. Rows that are alike have one value, and are a list, the last that came first.
  std::unique_ptr<KeyIndex> values_;
  StateArray<RowSlot> last_;         // By value: its last row, plus one.
  StateArray<RowSlot> before_;       // By slot: the row of its value that came before, plus one;
  StateArray<GroupId> value_;        // its value;
  StateArray<std::uint32_t> place_;  // and its place among its key's rows.
  std::vector<GroupId> value_ids_;   // Of the batch at hand.
  StateArray<std::uint32_t> fresh_;  // By slot: its number in `come`, plus one; 0: it is older.
};

}  // namespace thalweg
