#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "columnar/column.h"
#include "columnar/row_error.h"

namespace thalweg {

// A row that could not be decoded: where it stands in the block, and why.
struct RejectedRow {
  RowError error = RowError::kNone;
  std::uint64_t offset = 0;  // Of its first byte in the block.
  std::uint32_t length = 0;
  std::string detail;  // For people: `field "mag": "abc" is not a DOUBLE`.
};

// What reading a piece of a source yields.
struct DecodedRows {
  std::vector<Column> columns;  // As the reader's schema, `rows` long.
  std::uint32_t rows = 0;
  // SMALLINT +1 or -1, where the rows say themselves whether they come or go.
  std::optional<Column> changes;
  // Of each row's first byte in the block. Where the rows stand one after the other, or when nobody
  // asked, it is empty and row i counts as standing at first_offset + i.
  std::vector<std::uint64_t> offsets;
  std::uint64_t first_offset = 0;
  std::vector<RejectedRow> rejected;
};

}  // namespace thalweg
