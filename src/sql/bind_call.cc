#include <algorithm>
#include <utility>

#include "sql/bind_expr.h"
#include "sql/coerce.h"
#include "sql/sql_text.h"

// Calls of functions.
namespace thalweg::sql {
namespace {

// Functions that exist only over a window of rows.
bool needs_over(const std::string& name) {
  constexpr std::string_view kNames[] = {"row_number",   "rank",      "dense_rank",
                                         "percent_rank", "cume_dist", "ntile",
                                         "lag",          "lead",      "nth_value"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Words that make rows' windows or bounds, and are mistaken for functions.
bool is_window_function(const std::string& name) {
  return name == "tumble" || name == "hop" || name == "session" || name == "cumulate";
}

std::string type_names(const std::vector<Bound>& args) {
  std::string names;
  for (const Bound& arg : args) {
    const Type& type = arg.expr->type;
    names += (names.empty() ? "" : ", ") + (arg.text_literal || type.kind == TypeKind::kNull
                                                ? std::string("unknown")
                                                : to_string(type));
  }
  return names;
}

// Whether a function is written between its arguments: "+", "like", "is distinct from".
bool is_operator(const std::string& name) {
  const bool is_word = name[0] >= 'a' && name[0] <= 'z' && name.find(' ') == std::string::npos;
  return !is_word || name == "like" || name == "ilike" || name == "array" || name == "row";
}

std::vector<std::string> callable_names() {
  std::vector<std::string> names = {"coalesce", "nullif", "if", "ifnull"};
  for (const Function& function : functions()) {
    if (!is_operator(std::string(function.name))) {
      names.emplace_back(function.name);
      names.insert(names.end(), function.aliases.begin(), function.aliases.end());
    }
  }
  for (const AggregateFunction& function : aggregate_functions()) {
    names.emplace_back(function.name);
    names.insert(names.end(), function.aliases.begin(), function.aliases.end());
  }
  return names;
}

}  // namespace

Bound ExprBinder::bind_node(const ast::Call& call, const ast::Expr& expr) {
  const std::string& name = call.name.back().key;
  if (match_ != nullptr) {
    if (std::optional<Bound> bound = bind_match_call(call, expr)) {
      return std::move(*bound);
    }
  }
  if (call.over && !rank_.empty() && context_.written(expr.span) == rank_) {
    return {column_expr(kRankColumn, type_of(TypeKind::kBigint), name)};
  }
  if (call.over) {
    return bind_over(call, expr);
  }
  if (const AggregateFunction* aggregate = find_aggregate(name);
      aggregate != nullptr && call.name.size() == 1) {
    return bind_aggregate(call, *aggregate, expr);
  }
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty() ||
      !call.within_group.empty() || call.nulls != ast::NullTreatment::kDefault) {
    if (find_function(name) == nullptr) {
      report_unknown_function(call, expr.span);
    } else {
      context_.error("S0217", name + " is not an aggregate: it takes values only", expr.span, "",
                     {"*, DISTINCT, FILTER and ORDER BY belong to aggregates such as count"});
    }
    return {};
  }
  if ((name == "grouping" || name == "grouping_id") && call.name.size() == 1) {
    return bind_grouping(call, expr);
  }
  if (std::optional<Bound> bound = bind_window_bound(call, expr)) {
    return std::move(*bound);
  }
  if (std::optional<Bound> conditional = bind_conditional_call(call, expr)) {
    return std::move(*conditional);
  }
  std::vector<const ast::Expr*> exprs;
  std::vector<Span> spans;
  for (const ast::Argument& argument : call.arguments) {
    if (argument.name) {
      context_.error("S0217", name + " takes its arguments by place, not by name",
                     argument.name->span);
      return {};
    }
    exprs.push_back(argument.value.get());
    spans.push_back(argument.value->span);
  }
  if (find_function(name) == nullptr || call.name.size() > 1) {
    report_unknown_function(call, expr.span);
    return {};
  }
  std::optional<std::vector<Bound>> args = bind_all(exprs);
  return args ? resolve(name, std::move(*args), spans, expr.span) : Bound{};
}

void ExprBinder::report_unknown_function(const ast::Call& call, Span span) {
  const ast::Name& name = call.name.back();
  if (needs_over(name.key)) {
    context_.error("S0212", name.key + " is asked OVER a window of rows", span, "",
                   {"as in " + name.key + "(...) OVER (PARTITION BY key ORDER BY time column)"});
    return;
  }
  if (is_window_function(name.key)) {
    context_.error("S0212", name.text + "(...) stands in FROM or in GROUP BY", span, "",
                   {"as in FROM " + name.text +
                    "(table, time column, INTERVAL '...') GROUP BY window_start, window_end"});
    return;
  }
  const Span place = name.span.end == 0 ? span : name.span;
  context_.error("S0205", "there is no function \"" + name.text + '"', place,
                 did_you_mean(name.key, callable_names()));
}

std::optional<Bound> ExprBinder::bind_conditional_call(const ast::Call& call,
                                                       const ast::Expr& expr) {
  const std::string& name = call.name.back().key;
  const bool is_coalesce = name == "coalesce" || name == "ifnull";
  const bool is_if = name == "if" || name == "iif";
  if (call.name.size() > 1 || (!is_coalesce && !is_if && name != "nullif")) {
    return std::nullopt;
  }
  const std::size_t count = call.arguments.size();
  const bool fits = name == "coalesce" ? count >= 1 : is_if ? count == 3 : count == 2;
  if (!fits) {
    context_.error("S0206",
                   name + " takes " +
                       (name == "coalesce" ? "at least one"
                        : is_if            ? "three"
                                           : "two") +
                       " arguments",
                   expr.span);
    return Bound{};
  }
  if (name == "nullif") {
    return bind_nullif(call, expr.span);
  }
  const ExprPtr condition = is_if ? bind_condition(*call.arguments[0].value) : nullptr;
  std::vector<const ast::Expr*> exprs;
  std::vector<Span> spans;
  for (std::size_t i = is_if ? 1 : 0; i < count; ++i) {
    exprs.push_back(call.arguments[i].value.get());
    spans.push_back(exprs.back()->span);
  }
  MayNotRun rest(context_);
  std::vector<Bound> values;
  bool ok = true;
  for (const ast::Expr* value : exprs) {
    if (is_if || !values.empty()) {
      rest.begin();
    }
    values.push_back(bind(*value));
    ok = ok && values.back();
  }
  Type type;
  if (!ok || (is_if && condition == nullptr) ||
      !unify(values, spans, "the arguments of " + name, type)) {
    return Bound{};
  }
  std::vector<ExprPtr> args;
  if (is_if) {
    args.push_back(condition);
  }
  for (Bound& value : values) {
    args.push_back(std::move(value.expr));
  }
  return Bound{expr_of(is_if ? ExprKind::kCase : ExprKind::kCoalesce, type, std::move(args))};
}

// NULLIF(a, b): NULL where a = b, else a.
Bound ExprBinder::bind_nullif(const ast::Call& call, Span span) {
  const ast::Expr& value = *call.arguments[0].value;
  const Bound equal = bind_operator("=", value, *call.arguments[1].value, span);
  const ExprPtr kept = equal ? bind_value(value) : nullptr;
  if (kept == nullptr) {
    return {};
  }
  return {expr_of(ExprKind::kCase, kept->type,
                  {equal.expr, literal_expr(null_value(kept->type)), kept})};
}

Bound ExprBinder::resolve(const std::string& name, std::vector<Bound> args,
                          const std::vector<Span>& spans, Span span) {
  std::vector<ArgumentType> types;
  for (const Bound& arg : args) {
    types.push_back(arg.argument());
  }
  const Function* function = find_function(name);
  if (function == nullptr) {
    context_.not_supported("the operator " + name, span);
    return {};
  }
  const std::optional<ResolvedFunction> resolved = resolve_function(name, types);
  if (!resolved) {
    const bool sign = is_operator(name);
    const std::string call = sign && args.size() == 2 ? to_string(args[0].expr->type) + ' ' + name +
                                                            ' ' + to_string(args[1].expr->type)
                                                      : name + '(' + type_names(args) + ')';
    std::vector<std::string> notes;
    if (!sign) {
      notes.push_back("it is " + std::string(function->signature));
    }
    context_.error(sign ? "S0207" : "S0206", "there is no " + call, span, "", std::move(notes));
    return {};
  }
  std::vector<ExprPtr> values;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Type& wanted = resolved->parameter_types[i];
    const Type& type = wanted.kind == TypeKind::kNull ? settled(args[i].expr->type) : wanted;
    values.push_back(coerce(context_, args[i], type, spans[i]));
    if (values.back() == nullptr) {
      return {};
    }
  }
  Bound call{call_expr(*resolved->overload, resolved->result_type, std::move(values))};
  return check_constants(context_, call.expr, span, spans) ? call : Bound{};
}

}  // namespace thalweg::sql
