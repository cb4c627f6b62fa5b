#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "columnar/kernels.h"

namespace thalweg {

// Rows of the same columns that come in pieces and go in others, in their order.
class RowPieces {
 public:
  void add(std::vector<Column> rows) {
    if (!rows.empty() && rows[0].length() > 0) {
      pieces_.push_back(std::move(rows));
    }
  }

  bool empty() const { return pieces_.empty(); }
  void clear() { pieces_.clear(); }

  // The next rows, at most so many; no columns when there are none.
  std::vector<Column> take(std::uint32_t rows_max) {
    std::vector<std::vector<Column>> taken;
    while (rows_max > 0 && !pieces_.empty()) {
      std::vector<Column>& first = pieces_.front();
      const std::uint32_t count = std::min(rows_max, first[0].length());
      rows_max -= count;
      if (count == first[0].length()) {
        taken.push_back(std::move(first));
        pieces_.pop_front();
        continue;
      }
      std::vector<Column>& part = taken.emplace_back();
      for (Column& column : first) {
        part.push_back(column.slice(0, count));
        column = column.slice(count, column.length() - count);
      }
    }
    return joined(std::move(taken));
  }

 private:
  static std::vector<Column> joined(std::vector<std::vector<Column>> pieces) {
    if (pieces.size() <= 1) {
      return pieces.empty() ? std::vector<Column>() : std::move(pieces[0]);
    }
    std::vector<Column> columns;
    for (std::size_t i = 0; i < pieces[0].size(); ++i) {
      std::vector<Column> parts;
      for (const std::vector<Column>& piece : pieces) {
        parts.push_back(piece[i]);
      }
      columns.push_back(concat_columns(parts));
    }
    return columns;
  }

  std::deque<std::vector<Column>> pieces_;
};

}  // namespace thalweg
