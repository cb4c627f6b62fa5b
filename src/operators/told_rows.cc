#include "operators/told_rows.h"

#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"

namespace thalweg {

ToldRows::Changes ToldRows::tell(std::span<const GroupId> ids, std::span<const RowIndex> rows,
                                 std::span<const Column> now) {
  Changes told;
  std::vector<RowRef> refs;
  std::vector<RowIndex> fresh;  // Rows of `now` to be kept, and where.
  std::vector<RowSlot> fresh_slots;
  std::vector<RowSlot> gone;
  ColumnBuilder changes(type_of(TypeKind::kSmallint));
  const auto add = [&](RowRef ref, std::size_t place, std::int16_t change) {
    refs.push_back(ref);
    told.places.push_back(static_cast<std::uint32_t>(place));
    changes.append(change);
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    slots_.grow_to(ids[i] + 1);
    RowSlot& slot = slots_[ids[i]];
    const RowIndex row = rows[i];
    const bool exists = row != kNoRow;
    const bool was_told = slot != 0;
    if (was_told && exists && is_as_told(slot - 1, row, now)) {
      continue;
    }
    if (was_told || exists) {
      changed_.mark({&ids[i], 1});
    }
    if (was_told) {
      add(RowRef::kept(slot - 1), i, -1);
    }
    if (exists) {
      slot = was_told ? slot : rows_.obtain() + 1;
      add(RowRef::in_batch(row), i, 1);
      fresh.push_back(row);
      fresh_slots.push_back(slot - 1);
    } else if (was_told) {
      gone.push_back(slot - 1);
      slot = 0;
    }
  }
  told.columns = rows_.rows(refs, now, types_.size());
  told.changes = changes.finish();
  rows_.put(now, fresh, fresh_slots);
  for (const RowSlot slot : gone) {
    rows_.release(slot);
  }
  return told;
}

bool ToldRows::is_as_told(RowSlot slot, RowIndex row, std::span<const Column> now) const {
  for (std::size_t column = 0; column < types_.size(); ++column) {
    if (rows_.compare(column, RowRef::kept(slot), RowRef::in_batch(row), now) != 0) {
      return false;
    }
  }
  return true;
}

std::vector<Column> ToldRows::rows(std::span<const GroupId> ids) const {
  std::vector<RowRef> refs;
  bool all = true;
  for (const GroupId id : ids) {
    refs.push_back(has(id) ? RowRef::kept(slots_[id] - 1) : RowRef::in_batch(0));
    all = all && has(id);
  }
  std::vector<Column> nothing;
  for (std::size_t i = 0; !all && i < types_.size(); ++i) {
    nothing.push_back(null_column(types_[i], 1));
  }
  return rows_.rows(refs, nothing, types_.size());
}

void ToldRows::restore(std::span<const GroupId> ids, RowSpan rows, std::span<const Column> told) {
  std::vector<RowSlot> slots;
  for (const GroupId id : ids) {
    slots_.grow_to(id + 1);
    slots_[id] = has(id) ? slots_[id] : rows_.obtain() + 1;
    slots.push_back(slots_[id] - 1);
  }
  rows_.put(told, rows, slots);
}

void ToldRows::move(GroupId from, GroupId into) {
  slots_.grow_to(into + 1);
  slots_[into] = std::exchange(slots_[from], 0);
}

void ToldRows::renumber(std::span<const GroupId> ids) {
  StateArray<RowSlot> slots;
  slots.grow_to(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (has(ids[i])) {
      slots[i] = std::exchange(slots_[ids[i]], 0);
    }
  }
  for (GroupId id = 0; id < slots_.size(); ++id) {
    forget(id);
  }
  slots_ = std::move(slots);
  changed_.renumber(ids);
}

}  // namespace thalweg
