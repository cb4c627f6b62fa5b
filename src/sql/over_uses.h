#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/over.h"
#include "sql/ast_expr.h"
#include "sql/bind_context.h"

namespace thalweg::sql {

// A call OVER a window, bound over the columns of its SELECT.
struct OverUse {
  std::string written;  // Calls that are written alike are computed once.
  const ast::WindowSpec* window = nullptr;
  OverCall call;
  ExprPtr arg;     // As OverCall says of `arg` and `filter`; nullptr: none.
  ExprPtr filter;  // array_agg's.
};

// The calls OVER windows of one SELECT. In expressions of it, column kOverColumn + i stands for the
// i-th.
struct OverUses {
  const std::vector<ast::NamedWindow>* named = nullptr;  // The WINDOW clause.
  std::vector<OverUse> calls;
};

inline constexpr std::uint32_t kOverColumn = 1U << 28;

}  // namespace thalweg::sql
