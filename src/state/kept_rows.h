#pragma once

#include <span>
#include <string>
#include <vector>

#include "columnar/builder.h"
#include "state/group_lists.h"
#include "state/key_index.h"

namespace thalweg {

// Rows of some columns kept for each group, to be read back together.
class KeptRows {
 public:
  explicit KeptRows(std::vector<Type> types) : types_(std::move(types)) {}

  void grow_to(std::uint32_t groups) { lists_.grow_to(groups); }

  // Group ids[i] gets row rows[i] of the columns.
  void append(std::span<const GroupId> ids, KeyIndex::Rows rows, std::span<const Column> columns);

  // Moves all rows of one group to another.
  void merge(GroupId from, GroupId into) { lists_.splice(from, into); }

  struct Rows {
    std::vector<Column> columns;
    std::vector<GroupId> places;  // Of each row's group among those asked for.
  };
  Rows read(std::span<const GroupId> ids) const;

  // The rows of each of these groups as one value, BYTEA, or NULL: docs/formats/values.md.
  Column encoded(std::span<const GroupId> ids) const;
  // Puts such rows in the place of those that the groups have. False: it is no such column.
  bool restore(std::span<const GroupId> ids, const Column& encoded);

  // Leaves the rows of these groups only, under new numbers: their places here.
  void compact(std::span<const GroupId> ids);

  std::size_t memory_bytes() const { return lists_.memory_bytes(); }

 private:
  std::vector<Type> types_;
  GroupLists lists_;
  std::string record_;
};

}  // namespace thalweg
