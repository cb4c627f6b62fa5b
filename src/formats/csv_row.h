#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_dialect.h"

namespace thalweg {

// The fields of one row.
class CsvRow {
 public:
  struct Cell {
    std::string_view text;  // Lives as long as the row's bytes and until the next read().
    bool quoted = false;    // Then it is never NULL.
  };

  explicit CsvRow(const CsvDialect& dialect) : dialect_(dialect) {}

  // Takes the row apart. Requires: row is what csv_row_end found, with or without its newline.
  void read(std::string_view row);
  const std::vector<Cell>& cells() const { return cells_; }
  bool is_null(const Cell& cell) const { return !cell.quoted && cell.text == dialect_.null_text; }

 private:
  std::size_t read_cell(std::string_view row, std::size_t at);
  std::size_t read_quoted_cell(std::string_view row, std::size_t at);

  const CsvDialect dialect_;
  std::vector<Cell> cells_;
  std::string unquoted_;  // Texts of cells with quotes, without them; reserved for the whole row.
};

}  // namespace thalweg
