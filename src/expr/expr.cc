#include "expr/expr.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace thalweg {
namespace {

// The expression with other arguments; itself when they are the same.
ExprPtr with_args(const ExprPtr& expr, std::vector<ExprPtr> args) {
  if (args == expr->args) {
    return expr;
  }
  auto copy = std::make_shared<Expr>(*expr);
  copy->args = std::move(args);
  return copy;
}

// Replaces each column by what replace(column expression) says.
template <typename Replace>
ExprPtr replace_columns(const ExprPtr& expr, const Replace& replace) {
  if (expr->kind == ExprKind::kColumn) {
    return replace(expr);
  }
  std::vector<ExprPtr> args;
  args.reserve(expr->args.size());
  for (const ExprPtr& arg : expr->args) {
    args.push_back(replace_columns(arg, replace));
  }
  return with_args(expr, std::move(args));
}

}  // namespace

ExprPtr column_expr(std::uint32_t column, Type type, std::string name) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kColumn;
  expr->type = std::move(type);
  expr->column = column;
  expr->name = std::move(name);
  return expr;
}

ExprPtr literal_expr(Value value) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kLiteral;
  expr->type = value.type;
  expr->literal = std::move(value);
  return expr;
}

ExprPtr call_expr(const FunctionOverload& function, Type type, std::vector<ExprPtr> args) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kCall;
  expr->type = std::move(type);
  expr->args = std::move(args);
  expr->function = &function;
  return expr;
}

ExprPtr cast_expr(ExprPtr expr, Type type, bool try_cast) {
  if (expr->type == type) {
    return expr;
  }
  return expr_of(try_cast ? ExprKind::kTryCast : ExprKind::kCast, std::move(type),
                 {std::move(expr)});
}

ExprPtr expr_of(ExprKind kind, Type type, std::vector<ExprPtr> args) {
  TW_CHECK(!args.empty());
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->type = std::move(type);
  expr->args = std::move(args);
  return expr;
}

ExprPtr remap_columns(const ExprPtr& expr, const std::vector<std::uint32_t>& mapping) {
  return replace_columns(expr, [&mapping](const ExprPtr& column) {
    return column_expr(mapping.at(column->column), column->type, column->name);
  });
}

ExprPtr substitute(const ExprPtr& expr, const std::vector<ExprPtr>& replacements) {
  return replace_columns(
      expr, [&replacements](const ExprPtr& column) { return replacements.at(column->column); });
}

void collect_columns(const Expr& expr, std::vector<bool>& used) {
  if (expr.kind == ExprKind::kColumn) {
    if (used.size() <= expr.column) {
      used.resize(expr.column + 1);
    }
    used[expr.column] = true;
  }
  for (const ExprPtr& arg : expr.args) {
    collect_columns(*arg, used);
  }
}

bool is_volatile(const Expr& expr) {
  if (expr.kind == ExprKind::kCall &&
      find_function(expr.function->function)->volatility == Volatility::kVolatile) {
    return true;
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [](const ExprPtr& arg) { return is_volatile(*arg); });
}

bool equal(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || !(a.type == b.type) || a.function != b.function ||
      a.args.size() != b.args.size()) {
    return false;
  }
  const bool numbered = a.kind == ExprKind::kColumn || a.kind == ExprKind::kField;
  if (numbered && a.column != b.column) {
    return false;
  }
  if (a.kind == ExprKind::kLiteral) {
    return a.literal.is_null() == b.literal.is_null() &&
           to_string(a.literal) == to_string(b.literal);
  }
  return std::equal(a.args.begin(), a.args.end(), b.args.begin(),
                    [](const ExprPtr& x, const ExprPtr& y) { return equal(*x, *y); });
}

}  // namespace thalweg
