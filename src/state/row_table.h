#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "columnar/type.h"
#include "state/key_index.h"
#include "state/row_pieces.h"
#include "state/row_store.h"
#include "state/state_array.h"
#include "state/state_table.h"

namespace thalweg {

// The rows of a RowStore as a StateTable: each is of a group, whose key it has, and has a number
// that tells it from all others of the group, also from those that have gone. Rows come and go;
// what the store has of one never changes.
class RowTable : public StateTable {
 public:
  // A row by what it is, and where it stands.
  struct Row {
    GroupId id = 0;
    std::int64_t number = 0;
    RowSlot slot = 0;
  };

  // `columns` are those of the store, and behind them those of values_of(). Borrows the store and
  // the index, in whose place another may be put.
  RowTable(std::string name, std::span<const Type> key_types, const Schema& columns,
           RowStore& store, const std::unique_ptr<KeyIndex>& index);

  // The row has been put into the store; what values_of() says of it has changed; it is about to be
  // released in the store. All cost nothing before note_changes(), and need not be called.
  void add(const Row& row) {
    if (notes_) {
      note_added(row);
    }
  }
  void change(RowSlot slot) {
    if (notes_) {
      list(slot);
    }
  }
  void remove(RowSlot slot) {
    if (notes_) {
      note_removed(slot);
    }
  }
  bool notes() const { return notes_; }

  // Group kept[i] is about to be number i; the others have no rows any more.
  void renumber(std::span<const GroupId> kept);

  // All rows are gone, and what was noted of them.
  void clear();

  const StateSchema& schema() const override { return schema_; }
  void note_changes() override;
  bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
  Status apply(const StateChanges& changes) override;

  // The rows that apply() has put into the store, by group and number. Requires: note_changes() has
  // been called, and nothing since.
  std::vector<Row> take_restored();

 protected:
  // What is known of the rows in these slots beside what the store has, and the same put back, for
  // apply(), which may take a row away again.
  virtual std::vector<Column> values_of(std::span<const RowSlot> /*slots*/) { return {}; }
  virtual void restore(std::span<const RowSlot> /*slots*/, std::span<const Column> /*values*/) {}
  virtual void forget(RowSlot /*slot*/) {}

 private:
  static constexpr RowSlot kNoSlot = UINT32_MAX;
  // Of a slot: whether there is a row, next_changes() has given it, and the slot is in fresh_.
  enum Mark : std::uint8_t { kLive = 1, kTold = 2, kListed = 4 };

  void note_added(const Row& row);
  void note_removed(RowSlot slot);
  void list(RowSlot slot);
  void name_gone();
  void grow_to(RowSlot slots);
  std::vector<GroupId> find_restored(std::span<const Column> keys);

  const StateSchema schema_;
  RowStore& store_;
  const std::unique_ptr<KeyIndex>& index_;

  bool notes_ = false;
  StateArray<std::uint8_t> marks_;  // By slot, like the next two.
  StateArray<GroupId> ids_;
  StateArray<std::int64_t> numbers_;
  std::vector<RowSlot> fresh_;  // Slots with rows that have come or changed; some have gone again.
  std::size_t next_fresh_ = 0;  // For next_changes().
  std::vector<Row> gone_;       // Rows that next_changes() has given, and then their keys.
  RowPieces gone_keys_;

  // By apply().
  std::unique_ptr<KeyIndex> restored_;
  std::vector<Row> restored_rows_;  // By number in restored_; of kNoSlot once gone.
};

}  // namespace thalweg
