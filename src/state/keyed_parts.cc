#include "state/keyed_parts.h"

#include <algorithm>

#include "columnar/builder.h"
#include "state/whole_rows.h"

namespace thalweg {
namespace {

Schema columns_of_parts(const std::vector<Type>& key_types) {
  Schema columns;
  for (const Type& type : key_types) {
    columns.push_back({.name = "key " + std::to_string(columns.size() + 1), .type = type});
  }
  columns.push_back({.name = "field", .type = type_of(TypeKind::kInt)});
  columns.push_back({.name = "name", .type = type_of(TypeKind::kBytea)});
  columns.push_back({.name = "part", .type = type_of(TypeKind::kBytea)});
  columns.push_back({.name = "expires", .type = type_of(TypeKind::kTimestamp)});
  return columns;
}

}  // namespace

KeyedParts::KeyedParts(const std::vector<Type>& key_types, KeyNumbers& numbers, Count count)
    : numbers_(numbers),
      count_(std::move(count)),
      schema_{.name = "parts",
              .columns = columns_of_parts(key_types),
              .partition_columns = static_cast<std::uint32_t>(key_types.size()),
              .key_columns = static_cast<std::uint32_t>(key_types.size()) + 2} {}

std::optional<std::string_view> KeyedParts::find(GroupId id, std::uint32_t field,
                                                 std::string_view name, EventTime now) const {
  const auto found = parts_.find(NameView{id, field, name});
  return found == parts_.end() || found->second.expires < now
             ? std::nullopt
             : std::optional<std::string_view>(found->second.bytes);
}

void KeyedParts::visit(GroupId id, std::uint32_t field, EventTime now, const Visit& visit) const {
  for (auto part = parts_.lower_bound(NameView{id, field, {}});
       part != parts_.end() && part->first.id == id && part->first.field == field; ++part) {
    if (part->second.expires >= now) {
      visit(part->first.name, part->second.bytes);
    }
  }
}

std::string_view KeyedParts::last_name(GroupId id, std::uint32_t field) const {
  auto behind = parts_.lower_bound(NameView{id, field + 1, {}});
  if (behind == parts_.begin()) {
    return {};
  }
  --behind;
  return behind->first.id == id && behind->first.field == field
             ? std::string_view(behind->first.name)
             : std::string_view();
}

void KeyedParts::put(GroupId id, std::uint32_t field, std::string_view name, std::string_view bytes,
                     EventTime expires) {
  auto part = parts_.find(NameView{id, field, name});
  if (part == parts_.end()) {
    part = parts_.insert({Name{id, field, std::string(name)}, Part()}).first;
    text_bytes_ += name.size();
    count_(id, 1);
  } else if (part->second.bytes == bytes && part->second.expires == expires) {
    return;
  } else if (part->second.expires != kEndOfTime) {
    expiries_.erase({part->second.expires.micros, part->first});
  }
  text_bytes_ += bytes.size() - part->second.bytes.size();
  part->second = {.bytes = std::string(bytes), .expires = expires};
  if (expires != kEndOfTime) {
    expiries_.insert({expires.micros, part->first});
  }
  note(part->first);
}

void KeyedParts::erase(GroupId id, std::uint32_t field, std::string_view name) {
  const auto part = parts_.find(NameView{id, field, name});
  if (part != parts_.end()) {
    erase(part);
  }
}

void KeyedParts::erase(Parts::iterator part) {
  const GroupId id = part->first.id;
  if (part->second.expires != kEndOfTime) {
    expiries_.erase({part->second.expires.micros, part->first});
  }
  note(part->first);
  text_bytes_ -= part->first.name.size() + part->second.bytes.size();
  parts_.erase(part);
  count_(id, -1);
}

std::optional<GroupId> KeyedParts::expire_one(EventTime now) {
  if (first_expiry() >= now) {
    return std::nullopt;
  }
  const auto part = parts_.find(expiries_.begin()->second);
  const GroupId id = part->first.id;
  erase(part);
  return id;
}

void KeyedParts::note(const Name& name) {
  if (notes_) {
    noted_.insert(name);
  }
}

std::vector<GroupId> KeyedParts::noted_keys() const {
  std::vector<GroupId> ids;
  for (const Name& name : noted_) {
    ids.push_back(name.id);
  }
  return ids;
}

void KeyedParts::renumber(std::span<const GroupId> new_ids) {
  // Numbers keep their order, and so do names.
  const auto renumbered = [&](const Name& name) {
    return Name{new_ids[name.id], name.field, name.name};
  };
  Parts parts;
  for (auto& [name, part] : parts_) {
    parts.insert(parts.end(), {renumbered(name), std::move(part)});
  }
  parts_ = std::move(parts);
  absl::btree_set<std::pair<std::int64_t, Name>, Before> expiries;
  for (const auto& [micros, name] : expiries_) {
    expiries.insert(expiries.end(), {micros, renumbered(name)});
  }
  expiries_ = std::move(expiries);
  absl::btree_set<Name, Before> noted;
  for (const Name& name : noted_) {
    noted.insert(noted.end(), renumbered(name));
  }
  noted_ = std::move(noted);
}

std::size_t KeyedParts::memory_bytes() const {
  return text_bytes_ + parts_.size() * sizeof(Parts::value_type) +
         expiries_.size() * sizeof(std::pair<std::int64_t, Name>) + noted_.size() * sizeof(Name);
}

std::vector<Column> KeyedParts::keys_of(std::span<const Name* const> names) const {
  std::vector<GroupId> ids;
  ColumnBuilder fields(type_of(TypeKind::kInt));
  ColumnBuilder texts(type_of(TypeKind::kBytea));
  for (const Name* name : names) {
    ids.push_back(name->id);
    fields.append(static_cast<std::int32_t>(name->field));
    texts.append_text(name->name);
  }
  std::vector<Column> keys = numbers_.keys_of(ids);
  keys.push_back(fields.finish());
  keys.push_back(texts.finish());
  return keys;
}

bool KeyedParts::next_changes(std::uint32_t rows_max, StateChanges& out) {
  out = {};
  std::vector<const Name*> gone;
  std::vector<const Name*> there;
  ColumnBuilder bytes(type_of(TypeKind::kBytea));
  ColumnBuilder expires(type_of(TypeKind::kTimestamp));
  auto next = noted_.begin();
  for (; next != noted_.end() && gone.size() + there.size() < rows_max; ++next) {
    const auto part = parts_.find(*next);
    (part == parts_.end() ? gone : there).push_back(&*next);
    if (part != parts_.end()) {
      bytes.append_text(part->second.bytes);
      if (part->second.expires == kEndOfTime) {
        expires.append_null();
      } else {
        expires.append(part->second.expires.micros);
      }
    }
  }
  if (!gone.empty()) {
    out.erased = keys_of(gone);
  }
  if (!there.empty()) {
    out.puts = keys_of(there);
    out.puts.push_back(bytes.finish());
    out.puts.push_back(expires.finish());
  }
  noted_.erase(noted_.begin(), next);
  return !out.empty();
}

Status KeyedParts::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    return wrong_rows(schema_, "they have no slices");
  }
  const std::uint32_t keys = schema_.partition_columns;
  const auto each = [&](const std::vector<Column>& rows, const auto& change) -> Status {
    if (rows.empty()) {
      return {};
    }
    std::vector<GroupId> ids(rows[0].length());
    numbers_.number(std::span(rows).first(keys), ids);
    for (RowIndex row = 0; row < ids.size(); ++row) {
      for (std::size_t i = keys; i < std::min<std::size_t>(rows.size(), keys + 3); ++i) {
        if (!rows[i].is_valid(row)) {
          return wrong_rows(schema_, "a part has no " + schema_.columns[i].name);
        }
      }
      change(ids[row], static_cast<std::uint32_t>(rows[keys].values<std::int32_t>()[row]),
             rows[keys + 1].text(row), row);
    }
    return {};
  };
  TW_TRY(each(changes.erased, [&](GroupId id, std::uint32_t field, std::string_view name,
                                  RowIndex) { erase(id, field, name); }));
  return each(
      changes.puts, [&](GroupId id, std::uint32_t field, std::string_view name, RowIndex row) {
        const Column& expires = changes.puts[keys + 3];
        put(id, field, name, changes.puts[keys + 2].text(row),
            expires.is_valid(row) ? EventTime{expires.values<std::int64_t>()[row]} : kEndOfTime);
      });
}

}  // namespace thalweg
