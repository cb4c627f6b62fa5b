#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "expr/expr.h"
#include "sql/ast_expr.h"
#include "sql/ast_query.h"
#include "sql/bind_context.h"

namespace thalweg::sql {

// The parts of a window that is written in place, or by the name of one of the WINDOW clause.
struct WindowParts {
  const std::vector<ast::ExprPtr>* partition_by;
  const std::vector<ast::OrderItem>* order_by;
  const ast::Frame* frame;  // nullptr: none is written.
};

// Nothing, reported, where a name is not of the clause.
std::optional<WindowParts> window_parts(BindContext& context, const ast::WindowSpec& window,
                                        const std::vector<ast::NamedWindow>& named);

// One PARTITION BY and ORDER BY, bound, and the calls over it, by number in OverUses.
struct OverWindow {
  WindowParts parts;
  std::vector<ExprPtr> keys;
  std::vector<std::pair<ExprPtr, const ast::OrderItem*>> order;
  std::vector<std::size_t> uses;
};

}  // namespace thalweg::sql
