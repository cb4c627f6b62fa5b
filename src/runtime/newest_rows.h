#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "state/key_index.h"
#include "state/state_table.h"

namespace thalweg {

// Of a table's changes that are told newest first, leaves what still holds: of each key what was
// told first, and nothing of slices that have gone since.
class NewestRows {
 public:
  // Borrows the schema.
  explicit NewestRows(const StateSchema& schema);

  // All keys of these changes are other ones than those told so far.
  void note(const StateChanges& changes);

  // Rows that were put before all that has been told; those are left that still hold.
  std::vector<Column> holding(std::vector<Column> puts);

 private:
  // Appends to `rows` those whose key has not been told, and takes note of them.
  void find_new(std::span<const Column> columns, std::vector<RowIndex>& rows);

  const StateSchema& schema_;
  const std::unique_ptr<KeyIndex> told_;
  std::optional<EventTime> dropped_to_;
  std::vector<GroupId> ids_;
};

}  // namespace thalweg
