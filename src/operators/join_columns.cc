#include "operators/join_columns.h"

#include <algorithm>
#include <iterator>

#include "columnar/kernels.h"

namespace thalweg {

bool has_null(const std::vector<Column>& keys, RowIndex row) {
  return std::any_of(keys.begin(), keys.end(),
                     [row](const Column& key) { return !key.is_valid(row); });
}

std::vector<Column> side_by_side(std::vector<Column> left, std::vector<Column> right) {
  std::move(right.begin(), right.end(), std::back_inserter(left));
  return left;
}

std::vector<Column> null_columns(std::span<const Type> types, std::uint32_t length) {
  std::vector<Column> columns;
  for (const Type& type : types) {
    columns.push_back(null_column(type, length));
  }
  return columns;
}

}  // namespace thalweg
