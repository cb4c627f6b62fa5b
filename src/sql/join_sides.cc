#include "sql/join_sides.h"

#include <algorithm>
#include <vector>

namespace thalweg::sql {

std::optional<Side> JoinSides::only_side(const Expr& expr) const {
  std::vector<bool> used(columns, false);
  collect_columns(expr, used);
  const auto middle = used.begin() + first_of_right;
  const bool left = std::find(used.begin(), middle, true) != middle;
  const bool right = std::find(middle, used.end(), true) != used.end();
  if (left == right || is_volatile(expr)) {
    return std::nullopt;
  }
  return left ? Side::kLeft : Side::kRight;
}

ExprPtr JoinSides::over_own_columns(const ExprPtr& expr, Side side) const {
  if (side == Side::kLeft) {
    return expr;
  }
  std::vector<std::uint32_t> places(columns, 0);
  for (std::uint32_t i = first_of_right; i < columns; ++i) {
    places[i] = i - first_of_right;
  }
  return remap_columns(expr, places);
}

}  // namespace thalweg::sql
