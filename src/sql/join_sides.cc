#include "sql/join_sides.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sql/bind_expr.h"
#include "sql/coerce.h"

namespace thalweg::sql {

bool is_equality(const Expr& expr) {
  return expr.kind == ExprKind::kCall && expr.function->function == "=" && expr.args.size() == 2;
}

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

std::optional<JoinKey> JoinSides::key(const Expr& condition) const {
  if (!is_equality(condition)) {
    return std::nullopt;
  }
  ExprPtr left = condition.args[0];
  ExprPtr right = condition.args[1];
  const std::optional<Side> side = only_side(*left);
  const std::optional<Side> other = only_side(*right);
  if (!side || !other || side == other) {
    return std::nullopt;
  }
  if (side == Side::kRight) {
    std::swap(left, right);
  }
  if (left->type != right->type) {
    const std::optional<Type> type =
        common_type_of({Bound{left}.argument(), Bound{right}.argument()});
    if (!type) {
      return std::nullopt;
    }
    left = cast_expr(left, *type);
    right = cast_expr(right, *type);
  }
  return JoinKey{.left = left, .right = over_own_columns(right, Side::kRight)};
}

}  // namespace thalweg::sql
