#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "state/changed_groups.h"
#include "state/key_index.h"
#include "state/row_store.h"
#include "state/state_array.h"

namespace thalweg {

// The rows that have been told of numbered groups, kept so that they are taken back as they were.
class ToldRows {
 public:
  explicit ToldRows(std::vector<Type> types) : types_(std::move(types)), rows_(types_) {}

  static constexpr RowIndex kNoRow = UINT32_MAX;

  struct Changes {
    std::vector<Column> columns;
    Column changes;                     // SMALLINT: -old and +new of a group, adjacent.
    std::vector<std::uint32_t> places;  // By row: which of the groups asked about it is of.

    bool empty() const { return places.empty(); }
  };

  // What turns the row told of ids[i] into row rows[i] of `now`, or into none where that is kNoRow.
  // That is then told. A row that is as it was told is not told again.
  Changes tell(std::span<const GroupId> ids, std::span<const RowIndex> rows,
               std::span<const Column> now);

  // For a restart. What has changed, once it has been started.
  ChangedGroups& changed() { return changed_; }
  // What has been told of these groups; NULLs of those of which nothing has.
  std::vector<Column> rows(std::span<const GroupId> ids) const;
  // Row rows[i] is what has been told of ids[i].
  void restore(std::span<const GroupId> ids, RowSpan rows, std::span<const Column> told);

  bool has(GroupId id) const { return id < slots_.size() && slots_[id] != 0; }

  // What has been told of one group has been told of another, of which nothing has.
  void move(GroupId from, GroupId into);

  // Leaves what was told of a group as it is, for good.
  void forget(GroupId id) {
    if (has(id)) {
      rows_.release(slots_[id] - 1);
      slots_[id] = 0;
      changed_.mark({&id, 1});
    }
  }

  // Group ids[i] is number i from now on; the others are gone.
  void renumber(std::span<const GroupId> ids);

  std::size_t memory_bytes() const { return rows_.memory_bytes() + slots_.memory_bytes(); }

 private:
  bool is_as_told(RowSlot slot, RowIndex row, std::span<const Column> now) const;

  const std::vector<Type> types_;
  RowStore rows_;
  ChangedGroups changed_;
  StateArray<RowSlot> slots_;  // By group, plus one; 0: nothing has been told.
};

}  // namespace thalweg
