#include <algorithm>
#include <utility>

#include "expr/evaluator.h"
#include "sql/bind_expr.h"
#include "sql/coerce.h"
#include "sql/sql_text.h"

// Calls OVER a window of rows, which are computed by a step below and stand for columns of it.
namespace thalweg::sql {
namespace {

std::optional<OverKind> ranking_of(const std::string& name) {
  constexpr std::pair<std::string_view, OverKind> kRankings[] = {
      {"row_number", OverKind::kRowNumber}, {"rank", OverKind::kRank},
      {"dense_rank", OverKind::kDenseRank}, {"percent_rank", OverKind::kPercentRank},
      {"cume_dist", OverKind::kCumeDist},   {"ntile", OverKind::kNtile},
  };
  for (const auto& [known, kind] : kRankings) {
    if (known == name) {
      return kind;
    }
  }
  return std::nullopt;
}

bool is_picking(const std::string& name) {
  return name == "lag" || name == "lead" || name == "first_value" || name == "last_value" ||
         name == "nth_value";
}

// CASE WHEN condition THEN value [ELSE otherwise] END.
ExprPtr value_where(ExprPtr condition, ExprPtr value, ExprPtr otherwise = nullptr) {
  if (otherwise == nullptr) {
    otherwise = literal_expr(null_value(value->type));
  }
  const Type type = value->type;
  return expr_of(ExprKind::kCase, type, {std::move(condition), std::move(value), otherwise});
}

ExprPtr is_zero(const ExprPtr& number) {
  const ArgumentType bigint{type_of(TypeKind::kBigint), false};
  const std::optional<ResolvedFunction> equal =
      resolve_function("=", std::vector<ArgumentType>{bigint, bigint});
  return call_expr(*equal->overload, equal->result_type,
                   {number, literal_expr({.type = bigint.type, .data = std::int64_t{0}})});
}

}  // namespace

Bound ExprBinder::bind_over(const ast::Call& call, const ast::Expr& expr) {
  if (in_over_ || in_aggregate_) {
    context_.error("S0212",
                   "a call OVER a window cannot stand in another " +
                       std::string(in_over_ ? "one" : "aggregate"),
                   expr.span, "", {"compute it in a sub-query in FROM"});
    return {};
  }
  if (overs_ == nullptr) {
    context_.error("S0212", "OVER is not allowed in " + clause_, expr.span, "",
                   {"compute it in a sub-query in FROM, and ask there, or say QUALIFY"});
    return {};
  }
  OverUse use;
  use.written = context_.written(expr.span);
  use.window = &*call.over;
  use.call.name = context_.written({expr.span.begin, call.over->span.begin});
  use.call.name.resize(use.call.name.find_last_not_of(" \n\t") + 1);
  use.call.name.resize(use.call.name.size() - std::string_view(" over").size());
  in_over_ = true;
  const bool bound = bind_over_parts(call, expr.span, use);
  in_over_ = false;
  if (!bound) {
    return {};
  }
  // A list that is put together, and a value that stands for a row that is not there.
  const std::string& name = call.name[0].key;
  if (name == "string_agg" || name == "listagg") {
    const Bound list = enter_over(std::move(use));
    const ExprPtr separator = bind_value(*call.arguments[1].value);
    return separator == nullptr ? Bound{}
                                : resolve("array_to_string", {list, Bound{separator}},
                                          {expr.span, expr.span}, expr.span);
  }
  if ((name == "lag" || name == "lead") && call.arguments.size() == 3) {
    OverUse there = use;
    there.written += " (is there)";
    there.call.name += " is there";
    there.arg = nullptr;
    there.call.kind = OverKind::kAggregate;
    there.call.aggregate = AggregateKind::kCountStar;
    there.call.type = type_of(TypeKind::kBigint);
    const Bound value = enter_over(std::move(use));
    const Bound rows = enter_over(std::move(there));
    const ast::Expr& written = *call.arguments[2].value;
    const Bound otherwise = bind(written);
    const ExprPtr coerced =
        otherwise ? coerce(context_, otherwise, value.expr->type, written.span) : nullptr;
    return coerced == nullptr ? Bound{}
                              : Bound{value_where(is_zero(rows.expr), coerced, value.expr)};
  }
  return enter_over(std::move(use));
}

Bound ExprBinder::enter_over(OverUse use) {
  std::vector<OverUse>& calls = overs_->calls;
  const auto same = std::find_if(calls.begin(), calls.end(), [&use](const OverUse& other) {
    return other.written == use.written;
  });
  const auto place = static_cast<std::uint32_t>(same - calls.begin());
  if (same == calls.end()) {
    calls.push_back(std::move(use));
  }
  return {column_expr(kOverColumn + place, calls[place].call.type, calls[place].call.name)};
}

bool ExprBinder::bind_over_parts(const ast::Call& call, Span span, OverUse& use) {
  const std::string& name = call.name.back().key;
  const bool known = call.name.size() == 1 &&
                     (ranking_of(name) || is_picking(name) || find_aggregate(name) != nullptr);
  if (!known) {
    if (find_function(name) == nullptr) {
      report_unknown_function(call, span);
    } else {
      context_.error("S0217", name + " is not asked OVER a window: it takes values only", span);
    }
    return false;
  }
  if (call.distinct || !call.order_by.empty() || !call.within_group.empty() ||
      call.nulls == ast::NullTreatment::kIgnore) {
    const std::string what = call.distinct                               ? "DISTINCT"
                             : call.nulls == ast::NullTreatment::kIgnore ? "IGNORE NULLS"
                             : call.order_by.empty()                     ? "WITHIN GROUP"
                                                     : "ORDER BY inside the parentheses";
    context_.not_supported(what + " OVER a window", span);
    return false;
  }
  for (const ast::Argument& argument : call.arguments) {
    if (argument.name) {
      context_.error("S0217", name + " takes its arguments by place, not by name",
                     argument.name->span);
      return false;
    }
  }
  if (ranking_of(name)) {
    return bind_ranking(call, span, use);
  }
  return is_picking(name) ? bind_picking(call, span, use) : bind_over_aggregate(call, span, use);
}

bool ExprBinder::bind_ranking(const ast::Call& call, Span span, OverUse& use) {
  const std::string& name = call.name[0].key;
  use.call.kind = *ranking_of(name);
  const bool has_number = use.call.kind == OverKind::kNtile;
  if (call.arguments.size() != (has_number ? 1 : 0) || call.star || call.filter != nullptr) {
    context_.error("S0206",
                   name + (has_number ? " takes a number of buckets" : " takes no arguments"), span,
                   "", {"as in " + name + (has_number ? "(4)" : "()") + " OVER (ORDER BY x)"});
    return false;
  }
  const bool share =
      use.call.kind == OverKind::kPercentRank || use.call.kind == OverKind::kCumeDist;
  use.call.type = type_of(share ? TypeKind::kDouble : TypeKind::kBigint);
  if (has_number) {
    const std::optional<std::int64_t> buckets =
        bind_row_count(*call.arguments[0].value, "the number of buckets", 1);
    use.call.number = buckets.value_or(1);
    return buckets.has_value();
  }
  return true;
}

bool ExprBinder::bind_picking(const ast::Call& call, Span span, OverUse& use) {
  const std::string& name = call.name[0].key;
  const std::size_t count = call.arguments.size();
  const bool moves = name == "lag" || name == "lead";
  const bool fits = moves                 ? count >= 1 && count <= 3
                    : name == "nth_value" ? count == 2
                                          : count == 1;
  if (!fits || call.star || call.filter != nullptr) {
    const std::string signature = moves                 ? "(value [, rows [, default]])"
                                  : name == "nth_value" ? "(value, n)"
                                                        : "(value)";
    context_.error("S0206", "it is " + name + signature + " OVER (...)", span);
    return false;
  }
  use.arg = bind_value(*call.arguments[0].value);
  if (use.arg == nullptr) {
    return false;
  }
  use.call.type = use.arg->type;
  use.call.kind = name == "last_value" ? OverKind::kLastValue : OverKind::kNthValue;
  if (count == 1 && !moves) {
    return true;
  }
  std::optional<std::int64_t> number = 1;
  if (count > 1) {
    number =
        bind_row_count(*call.arguments[1].value,
                       moves ? "the distance of " + name : "the n of nth_value", moves ? 0 : 1);
  }
  if (!number) {
    return false;
  }
  if (moves) {
    const std::int64_t distance = name == "lag" ? -*number : *number;
    use.call.frame = {.unit = FrameUnit::kRows, .start = distance, .end = distance};
  } else {
    use.call.number = *number;
  }
  return true;
}

bool ExprBinder::bind_over_aggregate(const ast::Call& call, Span span, OverUse& use) {
  const AggregateFunction& function = *find_aggregate(call.name[0].key);
  if (function.kind == AggregateKind::kArgMin || function.kind == AggregateKind::kArgMax) {
    context_.not_supported(std::string(function.name) + " OVER a window", span);
    return false;
  }
  std::optional<AggregateCall> bound = bind_aggregate_parts(call, function, span);
  if (!bound) {
    return false;
  }
  use.call.kind = OverKind::kAggregate;
  use.call.type = bound->type;
  if (!bound->args.empty()) {
    use.arg = bound->args[0];
  }
  switch (bound->kind) {
    case AggregateKind::kAnyValue:
    case AggregateKind::kBoolAnd:
      use.call.aggregate = AggregateKind::kMin;
      break;
    case AggregateKind::kBoolOr:
      use.call.aggregate = AggregateKind::kMax;
      break;
    case AggregateKind::kStringAgg: {
      use.call.aggregate = AggregateKind::kArrayAgg;
      use.call.type = array_type(use.arg->type);
      const ExprPtr valid = boolean_call(ExprKind::kIsNotNull, {use.arg});
      bound->filter =
          bound->filter == nullptr ? valid : boolean_call(ExprKind::kAnd, {bound->filter, valid});
      break;
    }
    default:
      use.call.aggregate = bound->kind;
      break;
  }
  if (bound->filter == nullptr) {
    return true;
  }
  if (use.call.aggregate == AggregateKind::kArrayAgg) {
    use.filter = bound->filter;
  } else if (use.arg == nullptr) {
    use.arg = value_where(bound->filter,
                          literal_expr({.type = type_of(TypeKind::kBoolean), .data = true}));
    use.call.aggregate = AggregateKind::kCount;
  } else {
    use.arg = value_where(bound->filter, use.arg);
  }
  return true;
}

// A constant number of rows.
std::optional<std::int64_t> ExprBinder::bind_row_count(const ast::Expr& expr,
                                                       const std::string& what,
                                                       std::int64_t least) {
  constexpr std::int64_t kRowsMax = std::int64_t{1} << 31;
  const Scope no_columns;
  const ExprPtr bound = ExprBinder(context_, no_columns, what).bind(expr).expr;
  if (bound == nullptr) {
    return std::nullopt;
  }
  const ExprPtr folded = fold_constants(bound);
  const auto* number = std::get_if<std::int64_t>(&folded->literal.data);
  const bool fits = folded->kind == ExprKind::kLiteral && number != nullptr &&
                    is_integer(folded->literal.type.kind) && *number >= least &&
                    *number <= kRowsMax;
  if (!fits) {
    context_.error("S0218",
                   what + " must be a constant number, " + std::to_string(least) + " or more",
                   expr.span);
    return std::nullopt;
  }
  return *number;
}

}  // namespace thalweg::sql
