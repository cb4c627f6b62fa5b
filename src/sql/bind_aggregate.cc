#include <utility>

#include "sql/bind_expr.h"
#include "sql/coerce.h"
#include "sql/sql_text.h"

// Calls of aggregates, which are computed by the step below and stand for columns of it.
namespace thalweg::sql {
namespace {

bool equal_or_null(const ExprPtr& a, const ExprPtr& b) {
  return a == nullptr || b == nullptr ? a == b : equal(*a, *b);
}

bool same_call(const AggregateCall& a, const AggregateCall& b) {
  if (a.kind != b.kind || a.distinct != b.distinct || a.args.size() != b.args.size() ||
      a.order_by.size() != b.order_by.size() || !equal_or_null(a.filter, b.filter)) {
    return false;
  }
  for (std::size_t i = 0; i < a.args.size(); ++i) {
    if (!equal(*a.args[i], *b.args[i])) {
      return false;
    }
  }
  for (std::size_t i = 0; i < a.order_by.size(); ++i) {
    const AggregateCall::Order& left = a.order_by[i];
    const AggregateCall::Order& right = b.order_by[i];
    if (left.descending != right.descending || left.nulls_first != right.nulls_first ||
        !equal(*left.expr, *right.expr)) {
      return false;
    }
  }
  return true;
}

// The filter, if any, and that the value is not NULL.
ExprPtr and_not_null(const ExprPtr& filter, const ExprPtr& value) {
  const ExprPtr valid = boolean_call(ExprKind::kIsNotNull, {value});
  return filter == nullptr ? valid : boolean_call(ExprKind::kAnd, {filter, valid});
}

bool nulls_come_first(const ast::OrderItem& item) {
  return item.nulls == ast::NullsOrder::kDefault ? item.descending
                                                 : item.nulls == ast::NullsOrder::kFirst;
}

}  // namespace

Bound ExprBinder::bind_aggregate(const ast::Call& call, const AggregateFunction& function,
                                 const ast::Expr& expr) {
  if (in_aggregate_) {
    context_.error("S0212", "an aggregate cannot stand in another one", expr.span, "",
                   {"aggregate in a sub-query in FROM, then aggregate its rows"});
    return {};
  }
  if (aggregates_ == nullptr) {
    std::vector<std::string> notes;
    if (clause_ == "WHERE") {
      notes.push_back("a condition on groups stands in HAVING");
    }
    context_.error("S0212", "aggregates are not allowed in " + clause_, expr.span, "",
                   std::move(notes));
    return {};
  }
  if (!call.within_group.empty() || call.nulls != ast::NullTreatment::kDefault) {
    context_.not_supported(call.within_group.empty() ? "IGNORE NULLS" : "WITHIN GROUP", expr.span);
    return {};
  }
  in_aggregate_ = true;
  std::optional<AggregateCall> bound = bind_aggregate_parts(call, function, expr.span);
  in_aggregate_ = false;
  if (!bound) {
    return {};
  }
  bound->name = context_.written(expr.span);
  return enter_rewritten(std::move(*bound), expr.span);
}

// Aggregates that are another one of other arguments.
Bound ExprBinder::enter_rewritten(AggregateCall call, Span span) {
  switch (call.kind) {
    case AggregateKind::kAnyValue:
    case AggregateKind::kBoolAnd:
      call.kind = AggregateKind::kMin;
      break;
    case AggregateKind::kBoolOr:
      call.kind = AggregateKind::kMax;
      break;
    case AggregateKind::kArgMin:
    case AggregateKind::kArgMax: {
      const ExprPtr by = call.args[1];
      call.filter = and_not_null(and_not_null(call.filter, call.args[0]), by);
      call.order_by.insert(call.order_by.begin(), {by, call.kind == AggregateKind::kArgMax, false});
      call.args.pop_back();
      call.kind = AggregateKind::kFirstValue;
      break;
    }
    case AggregateKind::kStringAgg:
      return enter_string_agg(std::move(call), span);
    default:
      break;
  }
  return enter_aggregate(std::move(call));
}

// array_to_string(array_agg(x), separator)
Bound ExprBinder::enter_string_agg(AggregateCall call, Span span) {
  const ExprPtr separator = fold_constants(call.args[1]);
  if (separator->kind != ExprKind::kLiteral) {
    context_.not_supported("a separator that is not constant", span);
    return {};
  }
  call.filter = and_not_null(call.filter, call.args[0]);
  call.args.pop_back();
  call.type = array_type(call.args[0]->type);
  call.kind = AggregateKind::kArrayAgg;
  Bound list = enter_aggregate(std::move(call));
  return resolve("array_to_string", {std::move(list), Bound{separator}}, {span, span}, span);
}

std::optional<AggregateCall> ExprBinder::bind_aggregate_parts(const ast::Call& call,
                                                              const AggregateFunction& function,
                                                              Span span) {
  AggregateCall bound;
  bound.kind = function.kind;
  bound.distinct = call.distinct;
  std::vector<Type> types;
  bool ok = true;
  for (const ast::Argument& argument : call.arguments) {
    bound.args.push_back(bind_value(*argument.value));
    ok = ok && bound.args.back() != nullptr;
    types.push_back(ok ? bound.args.back()->type : Type{});
  }
  if (call.filter != nullptr) {
    bound.filter = ExprBinder(context_, scope_, "FILTER").bind_condition(*call.filter);
    ok = ok && bound.filter != nullptr;
  }
  for (const ast::OrderItem& item : call.order_by) {
    ExprPtr value = bind_value(*item.value);
    ok = ok && value != nullptr;
    bound.order_by.push_back({std::move(value), item.descending, nulls_come_first(item)});
  }
  if (!ok) {
    return std::nullopt;
  }
  const bool is_count = bound.kind == AggregateKind::kCount;
  if (is_count && (call.star || (call.arguments.empty() && !call.distinct))) {
    bound.kind = AggregateKind::kCountStar;
  }
  const bool star_fits = !call.star || bound.kind == AggregateKind::kCountStar;
  const std::optional<Type> type = aggregate_type(bound.kind, types);
  if (!star_fits || !type) {
    std::string given;
    for (const Type& argument : types) {
      given += (given.empty() ? "" : ", ") + to_string(argument);
    }
    context_.error(
        "S0206",
        "there is no " + std::string(function.name) + '(' + (call.star ? "*" : given) + ')', span,
        "", {"it is " + std::string(function.signature)});
    return std::nullopt;
  }
  bound.type = *type;
  return bound;
}

Bound ExprBinder::enter_aggregate(AggregateCall call) {
  std::vector<AggregateCall>& calls = aggregates_->calls;
  std::uint32_t i = 0;
  while (i < calls.size() && !same_call(calls[i], call)) {
    ++i;
  }
  if (i == calls.size()) {
    calls.push_back(std::move(call));
  }
  return {column_expr(aggregates_->input_columns + i, calls[i].type, calls[i].name)};
}

}  // namespace thalweg::sql
