#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/batch.h"
#include "formats/format.h"

namespace thalweg {

struct TableStyle {
  ShowChanges changes = ShowChanges::kNo;
  bool color = false;                 // NULL dimmed.
  std::uint32_t cell_width_max = 80;  // Longer texts end in "…".
  std::uint32_t rows_first = 40;      // How many decide the widths of an endless table.
};

// An aligned table for people: numbers to the right, control characters as escapes, widths as
// terminals show them. Columns are as wide as the first rows need; whatever is longer later is cut.
class TextTable {
 public:
  TextTable(const Schema& schema, const TableStyle& style);

  // Rows wait until there are rows_first of them, or show() is called: from then on they are
  // appended as they come.
  void add(const Batch& batch, std::string& out);
  void show(std::string& out);
  // Closes the table; shows it where that has not happened.
  void end(std::string& out);

 private:
  using Row = std::vector<std::string>;
  Row cells(const Batch& batch, RowIndex row) const;
  void append_row(const Row& row, std::string& out) const;
  void append_rule(std::string_view left, std::string_view middle, std::string_view right,
                   std::string& out) const;

  const TableStyle style_;
  Row names_;
  std::vector<bool> right_;            // Numbers.
  std::vector<std::uint32_t> widths_;  // Known once the head has been shown.
  std::vector<Row> waiting_;
  bool shown_ = false;
};

// All rows as one table, each column as wide as it needs to be.
std::string render_table(const Schema& schema, std::span<const Batch> batches, TableStyle style);

// How many columns of a terminal the text takes.
std::uint32_t display_width(std::string_view text);

}  // namespace thalweg
