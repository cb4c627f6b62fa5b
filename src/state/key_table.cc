#include "state/key_table.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

// Where there is no key the one row has a number in its place.
StateSchema schema_of(std::string name, std::span<const Type> key_types, const Schema& values) {
  StateSchema schema{.name = std::move(name),
                     .columns = {},
                     .partition_columns = static_cast<std::uint32_t>(key_types.size()),
                     .key_columns = std::max(static_cast<std::uint32_t>(key_types.size()), 1U)};
  for (const Type& type : key_types) {
    const std::string number = std::to_string(schema.columns.size() + 1);
    schema.columns.push_back({.name = "key " + number, .type = type});
  }
  if (key_types.empty()) {
    schema.columns.push_back({.name = "number", .type = type_of(TypeKind::kBigint)});
  }
  schema.columns.insert(schema.columns.end(), values.begin(), values.end());
  return schema;
}

}  // namespace

KeyTable::KeyTable(std::string name, std::span<const Type> key_types, const Schema& values,
                   const std::unique_ptr<KeyIndex>& index)
    : ChangedRowsTable(schema_of(std::move(name), key_types, values)), index_(index) {}

void KeyTable::renumber(std::span<const GroupId> kept) {
  if (!changed_.on()) {
    return;
  }
  std::vector<GroupId> gone;
  for (GroupId id = 0; id < index_->size(); ++id) {
    const std::size_t place = id - gone.size();  // Of the next one kept.
    if (place == kept.size() || kept[place] != id) {
      gone.push_back(id);
    }
  }
  if (!gone.empty()) {
    erased_.push_back(keys_of(0, gone));
  }
  changed_.renumber(kept);
}

void KeyTable::clear() {
  changed_.take();
  erased_.clear();
}

ChangedRowsTable::Changed KeyTable::take_changed() {
  Changed changed;
  changed.erased = std::exchange(erased_, {});
  changed.parts.push_back({.number = 0, .ids = changed_.take()});
  return changed;
}

std::vector<Column> KeyTable::keys_of(std::size_t /*part*/, std::span<const GroupId> ids) {
  std::vector<Column> keys = index_->keys(ids);
  if (keys.empty()) {
    keys.push_back(repeat(bigint_value(0), static_cast<std::uint32_t>(ids.size())));
  }
  return keys;
}

std::vector<GroupId> KeyTable::find(std::span<const Column> keys) const {
  std::vector<GroupId> ids(keys[0].length());
  index_->find_or_insert(keys.first(schema().partition_columns), {.rows = {}, .all = true}, ids);
  return ids;
}

Status KeyTable::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    return wrong("they have no time");
  }
  if (changes.erased_rows() > 0) {
    for (const GroupId id : find(changes.erased)) {
      is_there_.grow_to(id + 1);
      is_there_[id] = 0;
    }
  }
  if (changes.put_rows() == 0) {
    return {};
  }
  const std::span<const Column> puts(changes.puts);
  const std::vector<GroupId> ids = find(puts.first(schema().key_columns));
  for (const GroupId id : ids) {
    is_there_.grow_to(id + 1);
    is_there_[id] = 1;
  }
  return restore(ids, puts.subspan(schema().key_columns));
}

std::vector<GroupId> KeyTable::take_restored() {
  std::vector<GroupId> ids;
  for (GroupId id = 0; id < is_there_.size(); ++id) {
    if (is_there_[id] != 0) {
      ids.push_back(id);
    }
  }
  is_there_.clear();
  return ids;
}

}  // namespace thalweg
