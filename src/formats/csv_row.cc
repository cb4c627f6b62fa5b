#include "formats/csv_row.h"

#include <algorithm>

namespace thalweg {

void CsvRow::read(std::string_view row) {
  cells_.clear();
  unquoted_.clear();
  if (row.ends_with('\n')) {
    row.remove_suffix(1);
  }
  if (row.ends_with('\r')) {
    row.remove_suffix(1);
  }
  std::size_t at = read_cell(row, 0);
  while (at < row.size()) {
    at = read_cell(row, at + 1);  // Past the delimiter.
  }
}

// Reads the cell that begins here and returns where it ends: at a delimiter or the end of the row.
std::size_t CsvRow::read_cell(std::string_view row, std::size_t at) {
  const std::size_t begin = at;
  while (at < row.size() && row[at] != dialect_.delimiter) {
    if (row[at] == dialect_.quote) {
      return read_quoted_cell(row, begin);
    }
    ++at;
  }
  cells_.push_back({.text = row.substr(begin, at - begin), .quoted = false});
  return at;
}

std::size_t CsvRow::read_quoted_cell(std::string_view row, std::size_t at) {
  // No longer than the row, so that texts handed out before stay where they are.
  unquoted_.reserve(row.size());
  const std::size_t begin = unquoted_.size();
  bool inside = false;
  for (; at < row.size() && (inside || row[at] != dialect_.delimiter); ++at) {
    if (row[at] != dialect_.quote) {
      unquoted_ += row[at];
    } else if (inside && at + 1 < row.size() && row[at + 1] == dialect_.quote) {
      unquoted_ += row[at++];
    } else {
      inside = !inside;
    }
  }
  cells_.push_back({.text = std::string_view(unquoted_).substr(begin), .quoted = true});
  return at;
}

}  // namespace thalweg
