#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/rows.h"

namespace thalweg {

// Rows drawn as a table of aligned columns, numbers to the right.
class TableText {
 public:
  explicit TableText(const ResultHeader& header);

  void add(const Rows& rows);
  std::size_t rows() const { return rows_; }

  // The header comes again with what is taken next.
  void repeat_header() { header_due_ = true; }

  // What has been added since the last call; the first time, and where columns have become wider,
  // with the header. `ends`: with the number of rows in all.
  std::string take(bool ends);

 private:
  // Of the text last added to waiting_text_, behind `begin`.
  void end_cell(std::size_t begin);
  std::string header_line() const;
  void add_cell(std::string& text, std::size_t column, std::string_view cell,
                std::size_t width) const;

  struct Cell {
    std::size_t end;  // In waiting_text_.
    std::size_t width;
  };
  struct ColumnLayout {
    std::string name;
    bool right = false;
    std::size_t width = 0;
  };
  std::vector<ColumnLayout> columns_;
  // Cells row by row, one behind the other.
  std::string waiting_text_;
  std::vector<Cell> waiting_;
  bool updating_;
  std::optional<std::vector<std::uint32_t>> key_;
  bool header_due_ = true;
  std::size_t rows_ = 0;
};

// Cells of the terminal that a text takes.
std::size_t display_width(std::string_view text);

// "BIGINT", "NUMERIC(10, 2)": whose values are shown to the right.
bool is_number_type(std::string_view type);

// The cells that the first character takes, and its bytes. Requires: not empty.
struct DisplayedCharacter {
  std::size_t bytes;
  std::size_t width;
};
DisplayedCharacter first_character(std::string_view text);

// A text whose characters that a terminal would obey, and not show, are written as escapes.
std::string printable(std::string_view text);
// A value written so. Requires: not NULL.
void append_printable(const Rows& rows, std::uint32_t row, std::uint32_t column, std::string& out);
// As tables show it: NULL is a word.
void append_cell(const Rows& rows, std::uint32_t row, std::uint32_t column, std::string& out);

}  // namespace thalweg
