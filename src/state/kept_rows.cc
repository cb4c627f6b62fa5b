#include "state/kept_rows.h"

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

void KeptRows::compact(std::span<const GroupId> ids) {
  GroupLists kept;
  kept.grow_to(static_cast<std::uint32_t>(ids.size()));
  for (GroupId place = 0; place < ids.size(); ++place) {
    lists_.for_each(ids[place], [&](std::string_view record) { kept.append(place, record); });
  }
  lists_ = std::move(kept);
}

}  // namespace thalweg
