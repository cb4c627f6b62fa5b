#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plan/build.h"
#include "sql/bind_query.h"

namespace thalweg::sql {

// Adds columns to a relation for what is not a column of it yet.
class AddedColumns {
 public:
  explicit AddedColumns(const plan::NodePtr& node)
      : node_(node), exprs_(column_exprs(*node)), names_(column_names(*node)) {}

  std::uint32_t add(const ExprPtr& expr) {
    if (expr->kind == ExprKind::kColumn) {
      return expr->column;
    }
    const auto same = std::find_if(exprs_.begin(), exprs_.end(),
                                   [&](const ExprPtr& other) { return equal(*expr, *other); });
    const auto column = static_cast<std::uint32_t>(same - exprs_.begin());
    if (same == exprs_.end()) {
      exprs_.push_back(expr);
      names_.push_back(to_string(*expr));
    }
    return column;
  }

  plan::NodePtr take() {
    return exprs_.size() == node_->schema.size()
               ? node_
               : plan::make_project(node_, std::move(exprs_), std::move(names_));
  }

 private:
  plan::NodePtr node_;
  std::vector<ExprPtr> exprs_;
  std::vector<std::string> names_;
};

// The expression with each column for which `replacement(column)` is not null put in its place.
template <typename Replacement>
ExprPtr replace_columns(const ExprPtr& expr, const Replacement& replacement) {
  if (expr == nullptr) {
    return nullptr;
  }
  if (expr->kind == ExprKind::kColumn) {
    const ExprPtr other = replacement(*expr);
    return other == nullptr ? expr : other;
  }
  Expr copy = *expr;
  for (ExprPtr& arg : copy.args) {
    arg = replace_columns(arg, replacement);
  }
  return std::make_shared<const Expr>(std::move(copy));
}

}  // namespace thalweg::sql
