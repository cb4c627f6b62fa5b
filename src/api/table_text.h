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

  // What has been added since the last call; the first time, and where columns have become wider,
  // with the header. `ends`: with the number of rows in all.
  std::string take(bool ends);

 private:
  std::string header_line() const;
  std::string line(const std::vector<std::string>& cells) const;

  struct ColumnLayout {
    std::string name;
    bool right = false;
    std::size_t width = 0;
  };
  std::vector<ColumnLayout> columns_;
  std::vector<std::vector<std::string>> waiting_;
  bool updating_;
  std::optional<std::vector<std::uint32_t>> key_;
  bool header_due_ = true;
  std::size_t rows_ = 0;
};

// Cells of the terminal that a text takes.
std::size_t display_width(std::string_view text);

// Characters that would move the cursor, as escapes.
std::string printable(std::string_view text);

}  // namespace thalweg
