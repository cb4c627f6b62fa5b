#include <algorithm>
#include <utility>

#include "sql/bind_expr.h"
#include "sql/keywords.h"
#include "sql/sql_text.h"

// What stands in MEASURES and DEFINE of MATCH_RECOGNIZE beside what may stand anywhere: columns of
// variables, FIRST and LAST, PREV and NEXT, aggregates, CLASSIFIER() and MATCH_NUMBER().
namespace thalweg::sql {
namespace {

const MatchUses::Variable* find_variable(const MatchUses& match, const ast::Name& name) {
  const auto found =
      std::find_if(match.variables.begin(), match.variables.end(),
                   [&](const MatchUses::Variable& variable) { return variable.key == name.key; });
  return found == match.variables.end() ? nullptr : &*found;
}

bool has_column(const Scope& scope, const ast::Name& name) {
  return std::ranges::any_of(scope.columns(),
                             [&](const Field& field) { return names_column(name, field.name); });
}

bool same_use(const MatchUse& a, const MatchUse& b) {
  return a.value.kind == b.value.kind && a.value.variables == b.value.variables &&
         a.value.from_first == b.value.from_first && a.value.offset == b.value.offset &&
         a.value.final == b.value.final && a.value.aggregate == b.value.aggregate &&
         a.value.type == b.value.type && (a.arg == nullptr) == (b.arg == nullptr) &&
         (a.arg == nullptr || equal(*a.arg, *b.arg));
}

const ast::Call* as_call(const ast::Expr& expr, std::string_view name) {
  const auto* call = expr.as<ast::Call>();
  return call != nullptr && call->name.size() == 1 && call->name[0].key == name ? call : nullptr;
}

bool is_navigation(const std::string& name) { return name == "first" || name == "last"; }
bool is_step(const std::string& name) { return name == "prev" || name == "next"; }

// Whether the call is but a name with values in parentheses.
bool is_plain(const ast::Call& call) {
  return !call.star && !call.distinct && call.filter == nullptr && call.order_by.empty() &&
         call.within_group.empty() && call.nulls == ast::NullTreatment::kDefault && !call.over &&
         std::none_of(call.arguments.begin(), call.arguments.end(),
                      [](const ast::Argument& argument) { return argument.name.has_value(); });
}

}  // namespace

Bound ExprBinder::bind_match_column(const ast::ColumnRef& reference, const ast::Expr& expr) {
  const MatchUses::Variable* variable =
      reference.parts.size() > 1 ? find_variable(*match_, reference.parts[0]) : nullptr;
  ast::ColumnRef column = reference;
  if (variable != nullptr) {
    column.parts.erase(column.parts.begin());
  } else if (reference.parts.size() > 1 && !has_column(scope_, reference.parts[0])) {
    std::vector<std::string> names;
    for (const MatchUses::Variable& each : match_->variables) {
      names.push_back(each.shown);
    }
    context_.error("S0203", "the pattern has no variable \"" + reference.parts[0].text + '"',
                   reference.parts[0].span, did_you_mean(reference.parts[0].text, names),
                   {"variables: " + list_names(names)});
    return {};
  }
  const Bound bound = bind_column(column, expr);
  if (!bound) {
    return {};
  }
  const VariableSet set = variable == nullptr ? kAllVariables : variable->set;
  if (match_->in_row) {
    if (match_->row_of.value_or(set) != set) {
      context_.error("S0217", "columns in " + clause_ + " of one row must be of one variable",
                     expr.span, "", {"as in sum(A.price * A.amount)"});
      return {};
    }
    match_->row_of = set;
    return bound;
  }
  MatchUse use{.value = {.variables = set, .type = bound.expr->type}, .arg = bound.expr};
  return enter_match(std::move(use), expr.span);
}

std::optional<Bound> ExprBinder::bind_match_call(const ast::Call& call, const ast::Expr& expr) {
  const std::string& name = call.name.back().key;
  if (call.name.size() != 1 || call.over) {
    return std::nullopt;
  }
  const bool is_semantics = name == "final" || name == "running";
  const bool is_aggregate = find_aggregate(name) != nullptr && !is_navigation(name);
  const bool is_about_match = name == "classifier" || name == "match_number" ||
                              name == "match_rowtime" || name == "match_proctime";
  if (!is_semantics && !is_navigation(name) && !is_step(name) && !is_about_match && !is_aggregate) {
    return std::nullopt;
  }
  if (match_->in_row) {
    context_.error("S0217", upper(name) + " cannot stand in what is told of one row", expr.span, "",
                   {"PREV and NEXT may stand around FIRST and LAST: PREV(LAST(A.price), 2)"});
    return Bound{};
  }
  if (is_aggregate) {
    return bind_match_aggregate(call, expr.span);
  }
  const std::size_t count = call.arguments.size();
  const bool has_variable = name == "classifier" && count == 1;
  const std::size_t most = is_semantics ? 1 : is_about_match ? 0 : 2;
  if (!is_plain(call) || (!has_variable && (count > most || (most > 0 && count == 0)))) {
    context_.error("S0206",
                   "it is " + upper(name) +
                       (most == 0   ? "()"
                        : most == 1 ? " FIRST(value), LAST(value) or an aggregate"
                                    : "(value [, rows])"),
                   expr.span);
    return Bound{};
  }
  if (is_semantics) {
    if (name == "final" && match_->defined) {
      context_.error("S0217", "FINAL cannot stand in DEFINE: the match is not complete there",
                     expr.span);
      return Bound{};
    }
    const bool outer = std::exchange(match_->final, name == "final");
    Bound bound = bind(*call.arguments[0].value);
    match_->final = outer;
    return bound;
  }
  if (is_step(name)) {
    return bind_match_step(call, expr.span);
  }
  MatchUse use;
  if (is_navigation(name)) {
    use.value.from_first = name == "first";
    if (count == 2) {
      const auto rows = bind_row_count(*call.arguments[1].value, "the rows of " + upper(name), 0);
      if (!rows) {
        return Bound{};
      }
      use.value.offset = static_cast<std::uint64_t>(*rows);
    }
    const ast::Expr& value = *call.arguments[0].value;
    const ast::Call* classifier = as_call(value, "classifier");
    if (classifier == nullptr || !classifier->arguments.empty()) {
      return enter_match_row(std::move(use), value, expr.span);
    }
    use.value.kind = MatchValue::Kind::kClassifier;
    use.value.type = type_of(TypeKind::kText);
    return enter_match(std::move(use), expr.span);
  }
  if (name == "classifier") {
    use.value.kind = MatchValue::Kind::kClassifier;
    use.value.type = type_of(TypeKind::kText);
    if (has_variable) {
      const auto* reference = call.arguments[0].value->as<ast::ColumnRef>();
      const MatchUses::Variable* variable = reference != nullptr && reference->parts.size() == 1
                                                ? find_variable(*match_, reference->parts[0])
                                                : nullptr;
      if (variable == nullptr) {
        context_.error("S0203", "CLASSIFIER takes a variable of the pattern, or of SUBSET",
                       call.arguments[0].value->span);
        return Bound{};
      }
      use.value.variables = variable->set;
    }
    return enter_match(std::move(use), expr.span);
  }
  if (name == "match_proctime") {
    context_.not_supported("MATCH_PROCTIME", expr.span, {"MATCH_ROWTIME() is the event time"});
    return Bound{};
  }
  use.value.kind = name == "match_number" ? MatchValue::Kind::kNumber : MatchValue::Kind::kTime;
  use.value.type = type_of(name == "match_number" ? TypeKind::kBigint : TypeKind::kTimestamp);
  return enter_match(std::move(use), expr.span);
}

// PREV and NEXT: the row is found first, then that so many rows before or behind it.
Bound ExprBinder::bind_match_step(const ast::Call& call, Span span) {
  const std::string& name = call.name[0].key;
  std::optional<std::int64_t> rows = 1;
  if (call.arguments.size() == 2) {
    rows = bind_row_count(*call.arguments[1].value, "the rows of " + upper(name), 0);
    if (!rows) {
      return {};
    }
  }
  MatchUse use;
  const ast::Expr* value = call.arguments[0].value.get();
  const auto* inner = value->as<ast::Call>();
  if (inner != nullptr && inner->name.size() == 1 && is_navigation(inner->name[0].key) &&
      is_plain(*inner) && !inner->arguments.empty() && inner->arguments.size() <= 2) {
    use.value.from_first = inner->name[0].key == "first";
    if (inner->arguments.size() == 2) {
      const auto offset =
          bind_row_count(*inner->arguments[1].value, "the rows of FIRST or LAST", 0);
      if (!offset) {
        return {};
      }
      use.value.offset = static_cast<std::uint64_t>(*offset);
    }
    value = inner->arguments[0].value.get();
  }
  match_->in_row = true;
  match_->row_of.reset();
  use.arg = bind_value(*value);
  match_->in_row = false;
  if (use.arg == nullptr) {
    return {};
  }
  use.value.variables = match_->row_of.value_or(kAllVariables);
  use.value.type = use.arg->type;
  if (*rows > 0) {
    const std::int64_t distance = name == "prev" ? -*rows : *rows;
    std::vector<MatchUses::Step>& steps = match_->steps;
    const auto same = std::find_if(steps.begin(), steps.end(), [&](const MatchUses::Step& step) {
      return step.rows == distance && thalweg::equal(*step.value, *use.arg);
    });
    const auto place = static_cast<std::uint32_t>(same - steps.begin());
    if (same == steps.end()) {
      steps.push_back({.value = use.arg, .rows = distance, .name = context_.written(span)});
    }
    use.arg = column_expr(kStepColumn + place, use.value.type, steps[place].name);
  }
  return enter_match(std::move(use), span);
}

Bound ExprBinder::bind_match_aggregate(const ast::Call& call, Span span) {
  MatchUse use;
  use.value.kind = MatchValue::Kind::kAggregate;
  const auto* star =
      call.arguments.size() == 1 ? call.arguments[0].value->as<ast::Star>() : nullptr;
  if (call.name[0].key == "count" && star != nullptr && star->table.size() == 1 &&
      star->exclude.empty() && star->replace.empty()) {  // count(A.*)
    const MatchUses::Variable* variable = find_variable(*match_, star->table[0]);
    if (variable == nullptr) {
      context_.error("S0203", "the pattern has no variable \"" + star->table[0].text + '"', span);
      return {};
    }
    use.value.variables = variable->set;
    use.value.type = type_of(TypeKind::kBigint);
    return enter_match(std::move(use), span);
  }
  const AggregateFunction& function = *find_aggregate(call.name[0].key);
  if (call.distinct || !call.order_by.empty() || !call.within_group.empty() ||
      call.nulls != ast::NullTreatment::kDefault || function.kind == AggregateKind::kStringAgg) {
    context_.not_supported(call.distinct ? "DISTINCT in MATCH_RECOGNIZE"
                           : function.kind == AggregateKind::kStringAgg
                               ? std::string(function.name) + " in MATCH_RECOGNIZE"
                               : "ORDER BY or WITHIN GROUP in an aggregate of MATCH_RECOGNIZE",
                           span,
                           {"array_agg(x) gives the values in order; array_to_string joins them"});
    return {};
  }
  OverUse over;
  match_->in_row = true;
  match_->row_of.reset();
  const bool bound = bind_over_aggregate(call, span, over);
  match_->in_row = false;
  if (!bound) {
    return {};
  }
  if (over.filter != nullptr) {
    context_.not_supported("FILTER of array_agg in MATCH_RECOGNIZE", span);
    return {};
  }
  use.value.variables = match_->row_of.value_or(kAllVariables);
  use.value.aggregate = over.call.aggregate;
  use.value.type = over.call.type;
  use.arg = over.arg;
  return enter_match(std::move(use), span);
}

// A value of one row, which is told of first.
Bound ExprBinder::enter_match_row(MatchUse use, const ast::Expr& row, Span span) {
  match_->in_row = true;
  match_->row_of.reset();
  use.arg = bind_value(row);
  match_->in_row = false;
  if (use.arg == nullptr) {
    return {};
  }
  use.value.variables = match_->row_of.value_or(kAllVariables);
  use.value.type = use.arg->type;
  return enter_match(std::move(use), span);
}

Bound ExprBinder::enter_match(MatchUse use, Span span) {
  use.value.name = context_.written(span);
  use.value.final = match_->final;
  if (match_->defined) {
    // The row itself is the last one of the variable, and of every set that has it.
    const bool own = (use.value.variables >> *match_->defined & 1) != 0;
    const bool itself = own && !use.value.from_first && use.value.offset == 0;
    if (use.value.kind == MatchValue::Kind::kPick && itself) {
      return {use.arg};
    }
    if (use.value.kind == MatchValue::Kind::kClassifier && itself) {
      return {literal_expr(text_value(match_->variables[*match_->defined].shown))};
    }
    if (!check_term(use.value, span)) {
      return {};
    }
  }
  std::vector<MatchUse>& uses = match_->defined ? match_->terms : match_->uses;
  const std::uint32_t first = match_->defined ? kTermColumn : kMatchColumn;
  const auto same = std::find_if(uses.begin(), uses.end(),
                                 [&](const MatchUse& other) { return same_use(other, use); });
  const auto place = static_cast<std::uint32_t>(same - uses.begin());
  if (same == uses.end()) {
    uses.push_back(std::move(use));
  }
  return {column_expr(first + place, uses[place].value.type, uses[place].value.name)};
}

// Whether a condition in DEFINE may look at it.
bool ExprBinder::check_term(const MatchValue& value, Span span) {
  using Kind = MatchValue::Kind;
  if (value.kind == Kind::kNumber) {
    context_.not_supported("MATCH_NUMBER() in DEFINE", span,
                           {"which matches count before one is known when they are complete"});
    return false;
  }
  if (value.kind == Kind::kTime) {
    context_.not_supported("MATCH_ROWTIME() in DEFINE", span,
                           {"the column of event time is that of the row itself"});
    return false;
  }
  if (value.is_aggregate() && !is_followed_aggregate(value.aggregate)) {
    context_.not_supported(value.name + " in DEFINE", span,
                           {"conditions can look at count, sum, avg, min and max"});
    return false;
  }
  if (!value.is_aggregate() && value.offset > kTermOffsetMax) {
    context_.error(
        "P0115",
        "FIRST and LAST in DEFINE look " + std::to_string(kTermOffsetMax) + " rows far at most",
        span);
    return false;
  }
  if (match_->terms.size() >= kMatchTermsMax) {
    context_.error(
        "P0115",
        "DEFINE looks at " + std::to_string(kMatchTermsMax) + " values of other rows at most",
        span);
    return false;
  }
  return true;
}

}  // namespace thalweg::sql
