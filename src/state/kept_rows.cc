#include "state/kept_rows.h"

#include <algorithm>
#include <utility>

#include "state/value_codec.h"

namespace thalweg {

void KeptRows::append(std::span<const GroupId> ids, KeyIndex::Rows rows,
                      std::span<const Column> columns) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    record_.clear();
    for (const Column& column : columns) {
      append_value(column, rows[i], record_);
    }
    lists_.append(ids[i], record_);
  }
}

KeptRows::Rows KeptRows::read(std::span<const GroupId> ids) const {
  std::vector<ColumnBuilder> builders;
  for (const Type& type : types_) {
    builders.emplace_back(type);
  }
  Rows rows;
  for (GroupId place = 0; place < ids.size(); ++place) {
    lists_.for_each(ids[place], [&](std::string_view record) {
      for (ColumnBuilder& builder : builders) {
        read_value(record, builder);
      }
      rows.places.push_back(place);
    });
  }
  for (ColumnBuilder& builder : builders) {
    rows.columns.push_back(builder.finish());
  }
  return rows;
}

Column KeptRows::encoded(std::span<const GroupId> ids) const {
  ColumnBuilder builder(type_of(TypeKind::kBytea), static_cast<std::uint32_t>(ids.size()));
  std::string bytes;
  for (const GroupId id : ids) {
    bytes.clear();
    lists_.for_each(id, [&](std::string_view record) { append_record(record, bytes); });
    if (bytes.empty()) {
      builder.append_null();
    } else {
      builder.append_text(bytes);
    }
  }
  return builder.finish();
}

bool KeptRows::restore(std::span<const GroupId> ids, const Column& encoded) {
  const auto is_row = [this](std::string_view bytes) {
    return std::ranges::all_of(types_, [&](const Type& type) { return skip_value(bytes, type); }) &&
           bytes.empty();
  };
  for (RowIndex row = 0; row < ids.size(); ++row) {
    std::vector<std::string_view> records;
    if (encoded.is_valid(row) && !read_records(encoded.text(row), records)) {
      return false;
    }
    if (!std::ranges::all_of(records, is_row)) {
      return false;
    }
    lists_.replace(ids[row], std::vector<std::string>(records.begin(), records.end()));
  }
  return true;
}

void KeptRows::compact(std::span<const GroupId> ids) {
  GroupLists kept;
  kept.grow_to(static_cast<std::uint32_t>(ids.size()));
  for (GroupId place = 0; place < ids.size(); ++place) {
    lists_.for_each(ids[place], [&](std::string_view record) { kept.append(place, record); });
  }
  lists_ = std::move(kept);
}

}  // namespace thalweg
