#include <utility>

#include "sql/bind_expr.h"
#include "sql/coerce.h"
#include "sql/sql_text.h"

// Operators and the conditional forms of the language.
namespace thalweg::sql {
namespace {

// The name that an operator has in the table of functions; empty: it has none there.
std::string_view function_of(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::kAdd:
      return "+";
    case ast::BinaryOp::kSubtract:
      return "-";
    case ast::BinaryOp::kMultiply:
      return "*";
    case ast::BinaryOp::kDivide:
      return "/";
    case ast::BinaryOp::kModulo:
      return "%";
    case ast::BinaryOp::kPower:
      return "^";
    case ast::BinaryOp::kConcat:
      return "||";
    case ast::BinaryOp::kEqual:
      return "=";
    case ast::BinaryOp::kNotEqual:
      return "<>";
    case ast::BinaryOp::kLess:
      return "<";
    case ast::BinaryOp::kLessEqual:
      return "<=";
    case ast::BinaryOp::kGreater:
      return ">";
    case ast::BinaryOp::kGreaterEqual:
      return ">=";
    case ast::BinaryOp::kBitAnd:
      return "&";
    case ast::BinaryOp::kBitOr:
      return "|";
    case ast::BinaryOp::kBitXor:
      return "#";
    case ast::BinaryOp::kShiftLeft:
      return "<<";
    case ast::BinaryOp::kShiftRight:
      return ">>";
    case ast::BinaryOp::kJsonGet:
      return "->";
    case ast::BinaryOp::kJsonGetText:
      return "->>";
    case ast::BinaryOp::kJsonPath:
      return "#>";
    case ast::BinaryOp::kJsonPathText:
      return "#>>";
    case ast::BinaryOp::kContains:
      return "@>";
    case ast::BinaryOp::kContainedBy:
      return "<@";
    case ast::BinaryOp::kHasKey:
      return "?";
    case ast::BinaryOp::kHasAnyKey:
      return "?|";
    case ast::BinaryOp::kHasAllKeys:
      return "?&";
    case ast::BinaryOp::kMatch:
      return "~";
    case ast::BinaryOp::kMatchNoCase:
      return "~*";
    case ast::BinaryOp::kNotMatch:
      return "!~";
    case ast::BinaryOp::kNotMatchNoCase:
      return "!~*";
    case ast::BinaryOp::kIsDistinctFrom:
    case ast::BinaryOp::kIsNotDistinctFrom:
      return "";
  }
  return "";
}

// What || does to arrays has functions of its own.
std::string_view concatenation_of(const Type& left, const Type& right) {
  const bool is_left = left.kind == TypeKind::kArray;
  const bool is_right = right.kind == TypeKind::kArray;
  const bool is_null = left.kind == TypeKind::kNull || right.kind == TypeKind::kNull;
  return (is_left && is_right) || ((is_left || is_right) && is_null) ? "array_cat"
         : is_left                                                   ? "array_append"
         : is_right                                                  ? "array_prepend"
                                                                     : "||";
}

bool is_comparison(ast::BinaryOp op) {
  return op >= ast::BinaryOp::kEqual && op <= ast::BinaryOp::kGreaterEqual;
}

bool is_null(const ast::Expr& expr) {
  const auto* literal = expr.as<ast::Literal>();
  return literal != nullptr && literal->kind == ast::LiteralKind::kNull;
}

bool is_number(const ast::Expr& expr) {
  const auto* literal = expr.as<ast::Literal>();
  return literal != nullptr && (literal->kind == ast::LiteralKind::kInteger ||
                                literal->kind == ast::LiteralKind::kDecimal);
}

ExprPtr false_literal() { return literal_expr(boolean_value(false)); }

}  // namespace

Bound ExprBinder::bind_node(const ast::Unary& unary, const ast::Expr& expr) {
  switch (unary.op) {
    case ast::UnaryOp::kNot: {
      const ExprPtr operand = bind_condition(*unary.operand);
      return operand == nullptr ? Bound{} : Bound{boolean_call(ExprKind::kNot, {operand})};
    }
    case ast::UnaryOp::kMinus:
      if (is_number(*unary.operand)) {
        return bind_number(*unary.operand->as<ast::Literal>(), true, expr.span);
      }
      break;
    case ast::UnaryOp::kPlus: {
      Bound operand = bind(*unary.operand);
      if (operand && !is_numeric(operand.expr->type.kind) && !operand.text_literal) {
        context_.error("S0206", "+ needs a number, not " + to_string(operand.expr->type),
                       expr.span);
        return {};
      }
      return operand;
    }
    case ast::UnaryOp::kBitNot:
      break;
  }
  Bound operand = bind(*unary.operand);
  if (!operand) {
    return {};
  }
  std::vector<Bound> args;
  args.push_back(std::move(operand));
  return resolve(unary.op == ast::UnaryOp::kMinus ? "-" : "~", std::move(args),
                 {unary.operand->span}, expr.span);
}

Bound ExprBinder::bind_node(const ast::Binary& binary, const ast::Expr& expr) {
  if (binary.op == ast::BinaryOp::kIsDistinctFrom ||
      binary.op == ast::BinaryOp::kIsNotDistinctFrom) {
    return bind_distinct_from(binary, expr.span);
  }
  if (is_comparison(binary.op) && (is_null(*binary.left) || is_null(*binary.right))) {
    const bool equal = binary.op == ast::BinaryOp::kEqual;
    context_.warn("S0301", "a comparison with NULL is never true", expr.span,
                  equal ? "write IS NULL" : "write IS NOT NULL");
  }
  return bind_operator(function_of(binary.op), *binary.left, *binary.right, expr.span);
}

Bound ExprBinder::bind_operator(std::string_view name, const ast::Expr& left,
                                const ast::Expr& right, Span span) {
  std::optional<std::vector<Bound>> args = bind_all({&left, &right});
  if (!args) {
    return {};
  }
  if (name == "||") {
    name = concatenation_of((*args)[0].expr->type, (*args)[1].expr->type);
  }
  return resolve(std::string(name), std::move(*args), {left.span, right.span}, span);
}

// a IS DISTINCT FROM b, where the table has no such function: NOT (both are NULL, or they are
// equal).
Bound ExprBinder::bind_distinct_from(const ast::Binary& binary, Span span) {
  const bool negated = binary.op == ast::BinaryOp::kIsNotDistinctFrom;
  std::optional<std::vector<Bound>> sides = bind_all({binary.left.get(), binary.right.get()});
  const std::vector<Span> spans = {binary.left->span, binary.right->span};
  if (!sides) {
    return {};
  }
  if (find_function("is distinct from") != nullptr) {
    return negated_if(negated, resolve("is distinct from", std::move(*sides), spans, span));
  }
  Type type;
  if (!unify(*sides, spans, "the sides of IS DISTINCT FROM", type)) {
    return {};
  }
  const ExprPtr left = (*sides)[0].expr;
  const ExprPtr right = (*sides)[1].expr;
  const Bound equal = resolve("=", std::move(*sides), spans, span);
  if (!equal) {
    return {};
  }
  const ExprPtr both_null = boolean_call(
      ExprKind::kAnd,
      {boolean_call(ExprKind::kIsNull, {left}), boolean_call(ExprKind::kIsNull, {right})});
  const ExprPtr same = boolean_call(
      ExprKind::kOr, {both_null, boolean_call(ExprKind::kCoalesce, {equal.expr, false_literal()})});
  return negated_if(!negated, {same});
}

Bound ExprBinder::bind_node(const ast::Logical& logical, const ast::Expr& /*expr*/) {
  std::vector<ExprPtr> operands;
  bool ok = true;
  MayNotRun rest(context_);
  for (const ast::ExprPtr& operand : logical.operands) {
    operands.push_back(bind_condition(*operand));
    rest.begin();
    ok = ok && operands.back() != nullptr;
  }
  if (!ok) {
    return {};
  }
  return {boolean_call(logical.op == ast::LogicalOp::kAnd ? ExprKind::kAnd : ExprKind::kOr,
                       std::move(operands))};
}

Bound ExprBinder::bind_node(const ast::Is& is, const ast::Expr& /*expr*/) {
  if (is.test == ast::TruthTest::kNull) {
    const ExprPtr operand = bind_value(*is.operand);
    const ExprKind kind = is.negated ? ExprKind::kIsNotNull : ExprKind::kIsNull;
    return operand == nullptr ? Bound{} : Bound{boolean_call(kind, {operand})};
  }
  ExprPtr operand = bind_condition(*is.operand);
  if (operand == nullptr) {
    return {};
  }
  if (is.test == ast::TruthTest::kUnknown) {
    return {boolean_call(is.negated ? ExprKind::kIsNotNull : ExprKind::kIsNull, {operand})};
  }
  if (is.test == ast::TruthTest::kFalse) {
    operand = boolean_call(ExprKind::kNot, {operand});
  }
  return negated_if(is.negated, {boolean_call(ExprKind::kCoalesce, {operand, false_literal()})});
}

Bound ExprBinder::bind_node(const ast::Between& between, const ast::Expr& expr) {
  const auto range = [&](const ast::Expr& low, const ast::Expr& high) -> Bound {
    const Bound above = bind_operator(">=", *between.operand, low, expr.span);
    const Bound below = bind_operator("<=", *between.operand, high, expr.span);
    return above && below ? Bound{boolean_call(ExprKind::kAnd, {above.expr, below.expr})} : Bound{};
  };
  Bound inside = range(*between.low, *between.high);
  if (inside && between.symmetric) {
    const Bound turned = range(*between.high, *between.low);
    inside = turned ? Bound{boolean_call(ExprKind::kOr, {inside.expr, turned.expr})} : Bound{};
  }
  return negated_if(between.negated, std::move(inside));
}

Bound ExprBinder::bind_node(const ast::InList& in, const ast::Expr& /*expr*/) {
  std::vector<const ast::Expr*> exprs = {in.operand.get()};
  std::vector<Span> spans = {in.operand->span};
  for (const ast::ExprPtr& item : in.items) {
    exprs.push_back(item.get());
    spans.push_back(item->span);
    if (in.negated && is_null(*item)) {
      context_.warn("S0302", "NOT IN with a NULL in the list is never true", item->span,
                    "leave the NULL out");
    }
  }
  std::optional<std::vector<Bound>> values = bind_all(exprs);
  Type type;
  if (!values || !unify(*values, spans, "the values of IN", type)) {
    return {};
  }
  std::vector<ExprPtr> args;
  for (Bound& value : *values) {
    args.push_back(std::move(value.expr));
  }
  return negated_if(in.negated, {boolean_call(ExprKind::kIn, std::move(args))});
}

Bound ExprBinder::bind_node(const ast::Like& like, const ast::Expr& expr) {
  std::vector<const ast::Expr*> exprs = {like.operand.get(), like.pattern.get()};
  std::vector<Span> spans = {like.operand->span, like.pattern->span};
  if (like.escape != nullptr) {
    exprs.push_back(like.escape.get());
    spans.push_back(like.escape->span);
  }
  std::optional<std::vector<Bound>> args = bind_all(exprs);
  if (!args) {
    return {};
  }
  const std::string name = like.kind == ast::LikeKind::kLike      ? "like"
                           : like.kind == ast::LikeKind::kSimilar ? "similar to"
                                                                  : "ilike";
  return negated_if(like.negated, resolve(name, std::move(*args), spans, expr.span));
}

Bound ExprBinder::bind_node(const ast::Case& branches, const ast::Expr& expr) {
  std::vector<ExprPtr> conditions;
  std::vector<Bound> values;
  std::vector<Span> spans;
  bool ok = true;
  MayNotRun rest(context_);
  for (const ast::WhenClause& when : branches.whens) {
    conditions.push_back(
        branches.operand == nullptr
            ? bind_condition(*when.when)
            : bind_operator("=", *branches.operand, *when.when, when.when->span).expr);
    rest.begin();
    values.push_back(bind(*when.then));
    spans.push_back(when.then->span);
    ok = ok && conditions.back() != nullptr && values.back();
  }
  if (branches.otherwise != nullptr) {
    values.push_back(bind(*branches.otherwise));
    spans.push_back(branches.otherwise->span);
  } else {
    values.push_back({literal_expr(null_value(type_of(TypeKind::kNull)))});
    spans.push_back(expr.span);
  }
  Type type;
  if (!ok || !values.back() || !unify(values, spans, "the branches of CASE", type)) {
    return {};
  }
  std::vector<ExprPtr> args;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    args.push_back(conditions[i]);
    args.push_back(values[i].expr);
  }
  args.push_back(values.back().expr);
  return {expr_of(ExprKind::kCase, type, std::move(args))};
}

}  // namespace thalweg::sql
