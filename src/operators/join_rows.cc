#include "operators/join_rows.h"

#include <algorithm>
#include <utility>

#include "columnar/builder.h"
#include "state/dropped_groups.h"

namespace thalweg {
namespace {

Schema state_columns(const JoinRowsSpec& spec) {
  Schema columns;
  for (const Type& type : spec.types) {
    columns.push_back({.name = "column " + std::to_string(columns.size() + 1), .type = type});
  }
  if (spec.counts) {
    columns.push_back({.name = "partners", .type = type_of(TypeKind::kBigint)});
  }
  return columns;
}

}  // namespace

JoinRows::Table::Table(JoinRows& side, std::span<const Type> key_types,
                       const std::unique_ptr<KeyIndex>& index)
    : RowTable(side.spec_.name, key_types, state_columns(side.spec_), side.store_, index),
      side_(side) {}

std::vector<Column> JoinRows::Table::values_of(std::span<const RowSlot> slots) {
  if (!side_.spec_.counts) {
    return {};
  }
  ColumnBuilder partners(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(slots.size()));
  for (const RowSlot slot : slots) {
    partners.append(side_.partners(slot));
  }
  std::vector<Column> columns;
  columns.push_back(partners.finish());
  return columns;
}

void JoinRows::Table::restore(std::span<const RowSlot> slots, std::span<const Column> values) {
  for (RowIndex row = 0; row < slots.size() && side_.spec_.counts; ++row) {
    side_.grow_to(slots[row] + 1);
    side_.partners_[slots[row]] = values[0].values<std::int64_t>()[row];
  }
}

JoinRows::JoinRows(JoinRowsSpec spec, std::span<const Type> key_types,
                   const std::unique_ptr<KeyIndex>& index)
    : spec_(std::move(spec)), store_(spec_.types), table_(*this, key_types, index) {
  if (spec_.updating) {
    values_ = KeyIndex::make(spec_.types);
  }
}

void JoinRows::grow_to(RowSlot slots) {
  if (spec_.counts) {
    partners_.grow_to(slots);
  }
  if (spec_.updating) {
    before_.grow_to(slots);
    value_.grow_to(slots);
    place_.grow_to(slots);
    fresh_.grow_to(slots);
  }
}

void JoinRows::take(const Batch& batch, RowSpan rows, std::span<const GroupId> ids,
                    Change& change) {
  change.clear();
  if (spec_.updating) {
    find_values(batch.columns, {.rows = rows}, rows.size());
  }
  const std::int16_t* const signs =
      batch.changes ? batch.changes->values<std::int16_t>().data() : nullptr;
  std::vector<RowIndex> come_rows;
  constexpr RowSlot kGoneAgain = UINT32_MAX;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (signs == nullptr || signs[rows[i]] > 0) {
      const RowSlot slot = store_.obtain();
      grow_to(slot + 1);
      change.come.push_back({.id = ids[i], .slot = slot});
      come_rows.push_back(rows[i]);
      if (spec_.updating) {
        link(slot, value_ids_[i]);
        fresh_[slot] = static_cast<std::uint32_t>(change.come.size());
      }
      continue;
    }
    RowSlot& last = last_[value_ids_[i]];
    if (last == kNone) {
      change.missing.push_back(rows[i]);
      continue;
    }
    const RowSlot slot = std::exchange(last, before_[last - 1]) - 1;
    if (const std::uint32_t number = std::exchange(fresh_[slot], 0U); number != 0) {
      change.come[number - 1].slot = kGoneAgain;
      store_.release(slot);
    } else {
      change.gone.push_back({.id = ids[i], .slot = slot});
      take_out(change.gone.back());
    }
  }
  std::size_t count = 0;
  std::vector<RowSlot> slots;
  for (std::size_t i = 0; i < change.come.size(); ++i) {
    const Row row = change.come[i];
    // A slot that was given up may have been obtained again.
    if (row.slot == kGoneAgain) {
      continue;
    }
    slots.push_back(row.slot);
    come_rows[count] = come_rows[i];
    change.come[count++] = row;
  }
  change.come.resize(count);
  come_rows.resize(count);
  store_.put(batch.columns, come_rows, slots);
  for (const Row& row : change.come) {
    if (spec_.counts) {
      partners_[row.slot] = 0;
    }
    if (spec_.updating) {
      fresh_[row.slot] = 0;
    }
    add(row);
    table_.add({.id = row.id, .number = next_number_++, .slot = row.slot});
  }
  forget_values();
}

void JoinRows::find_values(std::span<const Column> columns, KeyIndex::Rows rows,
                           std::size_t count) {
  value_ids_.resize(count);
  values_->find_or_insert(columns, rows, value_ids_);
  last_.grow_to(values_->size());
}

void JoinRows::link(RowSlot slot, GroupId value) {
  before_[slot] = last_[value];
  last_[value] = slot + 1;
  value_[slot] = value;
}

void JoinRows::add(const Row& row) {
  if (row.id >= queues_.groups()) {
    queues_.grow_to(row.id + 1);
  }
  if (spec_.updating) {
    place_[row.slot] = queues_.size(row.id);
  }
  queues_.append(row.id, 1)[0] = row.slot;
}

void JoinRows::take_out(const Row& row) {
  const std::uint32_t place = place_[row.slot];
  place_[queues_.get(row.id).back()] = place;
  queues_.fill_with_last(row.id, place);
}

void JoinRows::release(RowSlot slot) {
  table_.remove(slot);
  store_.release(slot);
}

// Values without rows must not outgrow the others.
void JoinRows::forget_values() {
  if (values_ == nullptr || !are_sparse(values_->size(), rows())) {
    return;
  }
  std::vector<GroupId> kept;
  for (GroupId value = 0; value < values_->size(); ++value) {
    if (last_[value] != kNone) {
      for (RowSlot slot = last_[value]; slot != kNone; slot = before_[slot - 1]) {
        value_[slot - 1] = static_cast<GroupId>(kept.size());
      }
      kept.push_back(value);
    }
  }
  last_.keep_only(kept);
  keep_only_keys(values_, kept, spec_.types);
}

std::size_t JoinRows::memory_bytes() const {
  return store_.memory_bytes() + partners_.memory_bytes() + queues_.memory_bytes() +
         (values_ == nullptr ? 0 : values_->memory_bytes()) + last_.memory_bytes() +
         before_.memory_bytes() + value_.memory_bytes() + place_.memory_bytes() +
         fresh_.memory_bytes();
}

void JoinRows::keep_only(std::span<const GroupId> kept) {
  for_each_dropped(kept, queues_.groups(), [this](GroupId id) {
    for (const RowSlot slot : of(id)) {
      if (spec_.updating) {
        last_[value_[slot]] = kNone;  // Rows that are alike are of one key.
      }
      release(slot);
    }
  });
  table_.renumber(kept);
  if (!kept.empty() && kept.back() >= queues_.groups()) {
    queues_.grow_to(kept.back() + 1);
  }
  queues_.keep_only(kept);
}

void JoinRows::restored() {
  const std::vector<RowTable::Row> rows = table_.take_restored();
  std::vector<RowRef> refs;
  for (const RowTable::Row& row : rows) {
    refs.push_back(RowRef::kept(row.slot));
    grow_to(row.slot + 1);
    next_number_ = std::max(next_number_, row.number + 1);
  }
  if (spec_.updating && !rows.empty()) {
    find_values(columns(refs), {.rows = {}, .all = true}, rows.size());
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (spec_.updating) {
      link(rows[i].slot, value_ids_[i]);
    }
    add({.id = rows[i].id, .slot = rows[i].slot});
  }
}

}  // namespace thalweg
