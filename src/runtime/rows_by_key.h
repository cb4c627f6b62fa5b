#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "columnar/decoded_rows.h"
#include "state/key_index.h"
#include "state/row_store.h"
#include "state/state_array.h"

namespace thalweg {

// The last row that came of each key, for sources whose rows go by their key alone. Reads all rows
// of the source, in order.
class RowsByKey {
 public:
  // `key`: which of the columns.
  RowsByKey(std::vector<Type> types, std::vector<std::uint32_t> key);

  // Puts the row that came in place of each that goes, and lets a row go whose key comes again. A
  // row that goes without one of its key having come is rejected. Requires: changes.
  void complete(DecodedRows& rows);

 private:
  const std::size_t columns_;
  const std::vector<std::uint32_t> key_;
  const std::unique_ptr<KeyIndex> index_;
  RowStore rows_;
  StateArray<RowSlot> slots_;  // By key, plus one; 0: there is no row.
};

}  // namespace thalweg
