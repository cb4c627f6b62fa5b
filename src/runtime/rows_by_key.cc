#include "runtime/rows_by_key.h"

#include <string>
#include <utility>

#include "columnar/builder.h"
#include "state/dropped_groups.h"

namespace thalweg {
namespace {

std::vector<Type> key_types(const Schema& columns, const std::vector<std::uint32_t>& key) {
  std::vector<Type> chosen;
  for (const std::uint32_t column : key) {
    chosen.push_back(columns[column].type);
  }
  return chosen;
}

}  // namespace

RowsByKey::RowsByKey(const Schema& columns, std::vector<std::uint32_t> key, Unknown unknown)
    : columns_(columns.size()),
      key_(std::move(key)),
      unknown_(unknown),
      index_(KeyIndex::make(key_types(columns, key_))),
      rows_(types_of(columns)),
      state_(*this, columns) {}

// A row has its key a second time, as it was written.
RowsByKey::State::State(RowsByKey& owner, const Schema& columns)
    : KeyTable("rows", key_types(columns, owner.key_), columns, owner.index_), owner_(owner) {}

std::vector<Column> RowsByKey::State::values_of(std::size_t /*part*/,
                                                std::span<const GroupId> ids) {
  std::vector<RowRef> refs;
  for (const GroupId id : ids) {
    refs.push_back(RowRef::kept(owner_.slots_[id] - 1));
  }
  return owner_.rows_.rows(refs, {}, owner_.columns_);
}

Status RowsByKey::State::restore(std::span<const GroupId> ids, std::span<const Column> values) {
  owner_.slots_.grow_to(owner_.index_->size());
  std::vector<RowIndex> rows;
  std::vector<RowSlot> slots;
  for (RowIndex row = 0; row < ids.size(); ++row) {
    RowSlot& slot = owner_.slots_[ids[row]];
    slot = slot != 0 ? slot : owner_.rows_.obtain() + 1;
    rows.push_back(row);
    slots.push_back(slot - 1);
  }
  owner_.rows_.put(values, rows, slots);
  return {};
}

void RowsByKey::restored() {
  slots_.grow_to(index_->size());
  for_each_dropped(state_.take_restored(), slots_.size(), [this](GroupId id) {
    if (slots_[id] != 0) {
      rows_.release(std::exchange(slots_[id], 0) - 1);
    }
  });
}

void RowsByKey::complete(DecodedRows& rows) {
  if (rows.rows == 0) {
    return;
  }
  std::vector<Column> keys;
  for (const std::uint32_t column : key_) {
    keys.push_back(rows.columns[column]);
  }
  std::vector<GroupId> ids(rows.rows);
  index_->find_or_insert(keys, {.rows = {}, .all = true}, ids);
  slots_.grow_to(index_->size());
  state_.mark(ids);

  const auto given = rows.changes->values<std::int16_t>();
  std::vector<RowRef> refs;
  std::vector<std::uint64_t> offsets;
  ColumnBuilder changes(type_of(TypeKind::kSmallint));
  std::vector<RowIndex> fresh;  // Rows to be kept, and where.
  std::vector<RowSlot> fresh_slots;
  std::vector<RowSlot> gone;  // Still read, so that no row of this batch may have them.
  for (RowIndex row = 0; row < rows.rows; ++row) {
    const std::uint64_t offset = rows.offsets.empty() ? rows.first_offset + row : rows.offsets[row];
    RowSlot& slot = slots_[ids[row]];
    const auto add = [&](std::int16_t change) {
      refs.push_back(RowRef::kept(slot - 1));
      offsets.push_back(offset);
      changes.append(change);
    };
    if (slot != 0) {
      add(-1);
      gone.push_back(std::exchange(slot, 0) - 1);
    } else if (given[row] < 0 && unknown_ == Unknown::kRejected) {
      rows.rejected.push_back({.error = RowError::kNotThere,
                               .offset = offset,
                               .length = 0,
                               .detail = std::string(explain(RowError::kNotThere))});
    }
    if (given[row] > 0) {
      slot = rows_.obtain() + 1;
      fresh.push_back(row);
      fresh_slots.push_back(slot - 1);
      add(1);
    }
  }
  rows_.put(rows.columns, fresh, fresh_slots);
  rows.columns = rows_.rows(refs, rows.columns, columns_);
  for (const RowSlot slot : gone) {
    rows_.release(slot);
  }
  rows.rows = static_cast<std::uint32_t>(refs.size());
  rows.changes = changes.finish();
  rows.offsets = std::move(offsets);
}

}  // namespace thalweg
