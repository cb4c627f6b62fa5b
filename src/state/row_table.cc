#include "state/row_table.h"

#include <algorithm>
#include <utility>

#include "columnar/builder.h"
#include "state/whole_rows.h"

namespace thalweg {
namespace {

StateSchema schema_of(std::string name, std::span<const Type> key_types, const Schema& columns) {
  StateSchema schema{.name = std::move(name),
                     .columns = {},
                     .partition_columns = static_cast<std::uint32_t>(key_types.size()),
                     .key_columns = static_cast<std::uint32_t>(key_types.size()) + 1};
  for (const Type& type : key_types) {
    const std::string number = std::to_string(schema.columns.size() + 1);
    schema.columns.push_back({.name = "key " + number, .type = type});
  }
  schema.columns.push_back({.name = "number", .type = type_of(TypeKind::kBigint)});
  schema.columns.insert(schema.columns.end(), columns.begin(), columns.end());
  return schema;
}

}  // namespace

RowTable::RowTable(std::string name, std::span<const Type> key_types, const Schema& columns,
                   RowStore& store, const std::unique_ptr<KeyIndex>& index)
    : schema_(schema_of(std::move(name), key_types, columns)), store_(store), index_(index) {}

void RowTable::grow_to(RowSlot slots) {
  marks_.grow_to(slots);
  ids_.grow_to(slots);
  numbers_.grow_to(slots);
}

void RowTable::note_added(const Row& row) {
  grow_to(row.slot + 1);
  ids_[row.slot] = row.id;
  numbers_[row.slot] = row.number;
  list(row.slot);
  marks_[row.slot] = kLive | kListed;
}

void RowTable::list(RowSlot slot) {
  if ((marks_[slot] & kListed) == 0) {
    marks_[slot] |= kListed;
    fresh_.push_back(slot);
  }
}

void RowTable::note_removed(RowSlot slot) {
  if ((marks_[slot] & kTold) != 0) {
    gone_.push_back({.id = ids_[slot], .number = numbers_[slot], .slot = slot});
  }
  marks_[slot] &= kListed;
}

// Puts the keys of rows that have gone in the place of their groups' numbers.
void RowTable::name_gone() {
  if (gone_.empty()) {
    return;
  }
  std::vector<GroupId> ids;
  ColumnBuilder numbers(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(gone_.size()));
  for (const Row& row : gone_) {
    ids.push_back(row.id);
    numbers.append(row.number);
  }
  std::vector<Column> keys = index_->keys(ids);
  keys.push_back(numbers.finish());
  gone_keys_.add(std::move(keys));
  gone_.clear();
}

void RowTable::renumber(std::span<const GroupId> kept) {
  if (!notes_) {
    return;
  }
  name_gone();
  std::vector<GroupId> now(index_->size(), 0);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    now[kept[i]] = static_cast<GroupId>(i);
  }
  for (RowSlot slot = 0; slot < marks_.size(); ++slot) {
    if ((marks_[slot] & kLive) != 0) {
      ids_[slot] = now[ids_[slot]];
    }
  }
}

void RowTable::clear() {
  marks_.clear();
  ids_.clear();
  numbers_.clear();
  fresh_.clear();
  next_fresh_ = 0;
  gone_.clear();
  gone_keys_.clear();
}

bool RowTable::next_changes(std::uint32_t rows_max, StateChanges& out) {
  name_gone();
  out = {.dropped_to = {}, .erased = gone_keys_.take(rows_max), .puts = {}};
  const std::uint32_t room = rows_max - out.erased_rows();
  std::vector<GroupId> ids;
  std::vector<RowSlot> slots;
  std::vector<RowRef> refs;
  ColumnBuilder numbers(type_of(TypeKind::kBigint));
  for (; next_fresh_ < fresh_.size() && refs.size() < room; ++next_fresh_) {
    const RowSlot slot = fresh_[next_fresh_];
    if ((marks_[slot] & kLive) != 0) {
      ids.push_back(ids_[slot]);
      slots.push_back(slot);
      numbers.append(numbers_[slot]);
      refs.push_back(RowRef::kept(slot));
      marks_[slot] = kLive | kTold;
    } else {
      marks_[slot] = 0;
    }
  }
  if (!refs.empty()) {
    out.puts = index_->keys(ids);
    out.puts.push_back(numbers.finish());
    for (Column& column : store_.rows(refs, {}, store_.width())) {
      out.puts.push_back(std::move(column));
    }
    for (Column& column : values_of(slots)) {
      out.puts.push_back(std::move(column));
    }
  }
  if (next_fresh_ == fresh_.size()) {
    fresh_.clear();
    next_fresh_ = 0;
  }
  return !out.empty();
}

std::vector<GroupId> RowTable::find_restored(std::span<const Column> keys) {
  if (restored_ == nullptr) {
    restored_ = KeyIndex::make(schema_.key_types());
  }
  std::vector<GroupId> found(keys.back().length());
  restored_->find_or_insert(keys, {.rows = {}, .all = true}, found);
  restored_rows_.resize(restored_->size(), {.id = 0, .number = 0, .slot = kNoSlot});
  return found;
}

Status RowTable::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    return wrong_rows(schema_, "they have no time");
  }
  if (changes.erased_rows() > 0) {
    for (const GroupId key : find_restored(changes.erased)) {
      if (const RowSlot slot = std::exchange(restored_rows_[key].slot, kNoSlot); slot != kNoSlot) {
        forget(slot);
        store_.release(slot);
      }
    }
  }
  const std::uint32_t count = changes.put_rows();
  if (count == 0) {
    return {};
  }
  const std::span<const Column> puts(changes.puts);
  const std::span<const Column> keys = puts.first(schema_.key_columns);
  if (!are_numbers(keys.back())) {
    return wrong_rows(schema_, "a row has no number");
  }
  const auto numbers = keys.back().values<std::int64_t>();
  const std::vector<GroupId> found = find_restored(keys);
  std::vector<GroupId> ids(count);
  index_->find_or_insert(keys.first(schema_.partition_columns), {.rows = {}, .all = true}, ids);
  std::vector<RowIndex> rows;
  std::vector<RowSlot> slots;
  for (RowIndex row = 0; row < count; ++row) {
    Row& restored = restored_rows_[found[row]];
    restored.id = ids[row];
    restored.number = numbers[row];
    restored.slot = restored.slot == kNoSlot ? store_.obtain() : restored.slot;
    rows.push_back(row);
    slots.push_back(restored.slot);
  }
  store_.put(puts.subspan(schema_.key_columns, store_.width()), rows, slots);
  restore(slots, puts.subspan(schema_.key_columns + store_.width()));
  return {};
}

void RowTable::note_changes() {
  notes_ = true;
  restored_.reset();
  std::erase_if(restored_rows_, [](const Row& row) { return row.slot == kNoSlot; });
  std::sort(restored_rows_.begin(), restored_rows_.end(), [](const Row& a, const Row& b) {
    return a.id != b.id ? a.id < b.id : a.number < b.number;
  });
  for (const Row& row : restored_rows_) {
    grow_to(row.slot + 1);
    marks_[row.slot] = kLive | kTold;
    ids_[row.slot] = row.id;
    numbers_[row.slot] = row.number;
  }
}

std::vector<RowTable::Row> RowTable::take_restored() { return std::exchange(restored_rows_, {}); }

}  // namespace thalweg
