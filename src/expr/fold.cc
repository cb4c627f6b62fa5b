#include <algorithm>

#include "columnar/batch.h"
#include "expr/cast.h"
#include "expr/evaluator.h"
#include "expr/expr.h"

// Folding of constants: what depends on nothing is computed when the plan is made.
namespace thalweg {
namespace {

bool is_literal(const ExprPtr& expr) { return expr->kind == ExprKind::kLiteral; }

bool is_boolean(const ExprPtr& expr, bool value) {
  return is_literal(expr) && !expr->literal.is_null() &&
         std::get<bool>(expr->literal.data) == value;
}

// Whether the node itself, its arguments aside, gives the same whenever it is computed.
bool is_immutable(const Expr& expr) {
  if (expr.kind == ExprKind::kCall) {
    // What is computed from TIMESTAMPTZ may depend on the session's time zone; order does not.
    const bool instants = std::any_of(expr.args.begin(), expr.args.end(), [](const ExprPtr& arg) {
      return arg->type.kind == TypeKind::kTimestamptz;
    });
    const Function& function = *find_function(expr.function->function);
    return function.volatility == Volatility::kImmutable &&
           (!instants || function.category == "comparison");
  }
  if (expr.kind == ExprKind::kCast || expr.kind == ExprKind::kTryCast) {
    return !depends_on_time_zone(expr.args[0]->type, expr.type);
  }
  return expr.kind != ExprKind::kColumn;
}

// The value of an expression over literals; itself where it fails.
ExprPtr compute(const ExprPtr& expr) {
  EvalContext context;
  Batch batch;
  batch.length = 1;
  const Vector out = Evaluator{expr}.evaluate(batch, context);
  if (out.error(0) != RowError::kNone) {
    return expr;
  }
  Value value = value_at(out.column, 0);
  value.type = expr->type;
  return literal_expr(std::move(value));
}

// AND without TRUE, OR without FALSE; one deciding literal is the whole answer.
ExprPtr fold_connective(const ExprPtr& expr) {
  const bool deciding = expr->kind == ExprKind::kOr;
  std::vector<ExprPtr> rest;
  for (const ExprPtr& arg : expr->args) {
    if (is_boolean(arg, deciding)) {
      return arg;
    }
    if (!is_boolean(arg, !deciding)) {
      rest.push_back(arg);
    }
  }
  if (rest.empty()) {
    return literal_expr(boolean_value(!deciding));
  }
  return rest.size() == 1                   ? rest[0]
         : rest.size() == expr->args.size() ? expr
                                            : expr_of(expr->kind, expr->type, std::move(rest));
}

// CASE without the branches that are never taken, and without anything after one that always is.
ExprPtr fold_case(const ExprPtr& expr) {
  std::vector<ExprPtr> args;
  ExprPtr otherwise = expr->args.back();
  for (std::size_t i = 0; i + 1 < expr->args.size(); i += 2) {
    const ExprPtr& when = expr->args[i];
    if (is_boolean(when, true)) {
      otherwise = expr->args[i + 1];
      break;
    }
    const bool never = is_boolean(when, false) || (is_literal(when) && when->literal.is_null());
    if (!never) {
      args.push_back(when);
      args.push_back(expr->args[i + 1]);
    }
  }
  if (args.empty()) {
    return otherwise;
  }
  args.push_back(otherwise);
  return args.size() == expr->args.size() ? expr : expr_of(ExprKind::kCase, expr->type, args);
}

// COALESCE without literal NULLs, and without anything after the first other literal.
ExprPtr fold_coalesce(const ExprPtr& expr) {
  std::vector<ExprPtr> args;
  for (const ExprPtr& arg : expr->args) {
    if (is_literal(arg) && arg->literal.is_null()) {
      continue;
    }
    args.push_back(arg);
    if (is_literal(arg)) {
      break;
    }
  }
  if (args.empty()) {
    return expr->args[0];
  }
  return args.size() == 1                   ? args[0]
         : args.size() == expr->args.size() ? expr
                                            : expr_of(expr->kind, expr->type, std::move(args));
}

}  // namespace

ExprPtr fold_constants(const ExprPtr& expr) {
  if (expr->args.empty() && expr->kind != ExprKind::kCall) {
    return expr;
  }
  auto folded = std::make_shared<Expr>(*expr);
  for (ExprPtr& arg : folded->args) {
    arg = fold_constants(arg);
  }
  const bool changed = folded->args != expr->args;
  const ExprPtr out = changed ? ExprPtr{std::move(folded)} : expr;
  if (is_immutable(*out) && std::all_of(out->args.begin(), out->args.end(), is_literal)) {
    return compute(out);
  }
  switch (out->kind) {
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return fold_connective(out);
    case ExprKind::kCase:
      return fold_case(out);
    case ExprKind::kCoalesce:
      return fold_coalesce(out);
    default:
      return out;
  }
}

}  // namespace thalweg
