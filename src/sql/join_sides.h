#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "expr/expr.h"

namespace thalweg::sql {

enum class Side : std::uint8_t { kLeft, kRight };

constexpr std::size_t number_of(Side side) { return static_cast<std::size_t>(side); }

// Whether it is `a = b`.
bool is_equality(const Expr& expr);

// Two values that are equal where rows match, of one type, each over its own side's columns.
struct JoinKey {
  ExprPtr left;
  ExprPtr right;
};

// Which columns of a join's conditions are whose: those of the left side come first.
struct JoinSides {
  std::uint32_t first_of_right = 0;
  std::uint32_t columns = 0;

  Side of(std::uint32_t column) const {
    return column < first_of_right ? Side::kLeft : Side::kRight;
  }
  // The column's number on its own side.
  std::uint32_t place(std::uint32_t column) const {
    return column < first_of_right ? column : column - first_of_right;
  }

  // The side whose columns alone an expression reads, at least one.
  std::optional<Side> only_side(const Expr& expr) const;
  // The same expression over that side's columns alone.
  ExprPtr over_own_columns(const ExprPtr& expr, Side side) const;
  // What a condition says of keys: `a.k = b.k`, either way round; nothing where it is no such.
  std::optional<JoinKey> key(const Expr& condition) const;
};

}  // namespace thalweg::sql
