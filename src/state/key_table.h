#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "state/changed_groups.h"
#include "state/changed_rows_table.h"
#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// A StateTable with one row for each key of an index: what an operator knows of it.
class KeyTable : public ChangedRowsTable {
 public:
  // Of these groups' rows something has changed. Costs nothing before note_changes().
  void mark(std::span<const GroupId> ids) { changed_.mark(ids); }

  bool notes() const { return changed_.on(); }

  // Group kept[i] is about to be number i in the index; the others go.
  void renumber(std::span<const GroupId> kept);

  // The same where none of the others has a row, or one that next_changes() still has to give.
  void renumber_noted(std::span<const GroupId> kept) { changed_.renumber(kept); }
  // The groups that next_changes() has to give.
  std::vector<GroupId> noted() {
    std::vector<GroupId> ids = changed_.take();
    changed_.mark(ids);
    return ids;
  }

  // All rows are gone, and what was noted of them.
  void clear();

  void note_changes() override { changed_.start(); }
  Status apply(const StateChanges& changes) override;

  // The groups that apply() has put rows of, and not taken them away again, ascending. Once.
  std::vector<GroupId> take_restored();

 protected:
  // Borrows the index, in whose place another may be put. `values` are a row's other columns.
  KeyTable(std::string name, std::span<const Type> key_types, const Schema& values,
           const std::unique_ptr<KeyIndex>& index);

  // What these groups are to know again: columns of values_of().
  virtual Status restore(std::span<const GroupId> ids, std::span<const Column> values) = 0;

  Changed take_changed() override;
  bool has_row(std::size_t /*part*/, GroupId /*id*/) override { return true; }
  std::vector<Column> keys_of(std::size_t part, std::span<const GroupId> ids) override;

 private:
  std::vector<GroupId> find(std::span<const Column> keys) const;

  const std::unique_ptr<KeyIndex>& index_;
  ChangedGroups changed_;
  std::vector<std::vector<Column>> erased_;
  StateArray<char> is_there_;  // By group, for apply().
};

}  // namespace thalweg
