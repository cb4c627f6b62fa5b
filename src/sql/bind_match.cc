#include <algorithm>
#include <numeric>
#include <utility>

#include "expr/function.h"
#include "plan/build.h"
#include "plan/walk.h"
#include "sql/added_columns.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"
#include "sql/order_limit.h"
#include "sql/sql_text.h"

// MATCH_RECOGNIZE. Below the step that finds matches stand the columns that it looks at: values at
// a fixed distance from each row (PREV, NEXT) by a call OVER the rows, then for each variable
// whether the row can be it. Above it stand the expressions of MEASURES.
namespace thalweg::sql {
namespace {

static_assert(kPatternPlacesMax == 10'000);  // As messages say.
constexpr std::size_t kPermutedMax = 6;      // So many parts have 720 orders.
constexpr std::size_t kPartsMax = 100'000;   // Of a pattern, PERMUTE being written out.

bool is_term(const Expr& expr) {
  return expr.kind == ExprKind::kColumn && expr.column >= kTermColumn && expr.column < kStepColumn;
}

bool looks_at_match(const Expr& expr) {
  return is_term(expr) || std::any_of(expr.args.begin(), expr.args.end(),
                                      [](const ExprPtr& arg) { return looks_at_match(*arg); });
}

// A call in it that may give something else the next time.
const Expr* changing_part(const Expr& expr) {
  if (expr.kind == ExprKind::kCall &&
      find_function(expr.function->function)->volatility != Volatility::kImmutable) {
    return &expr;
  }
  for (const ExprPtr& arg : expr.args) {
    if (const Expr* const part = changing_part(*arg); part != nullptr) {
      return part;
    }
  }
  return nullptr;
}

// Whether it fails of no row.
bool never_fails(const Expr& expr) {
  static constexpr std::string_view kComparisons[] = {"=", "<>", "<", "<=", ">", ">="};
  switch (expr.kind) {
    case ExprKind::kCall:
      if (std::ranges::find(kComparisons, expr.function->function) == std::end(kComparisons)) {
        return false;
      }
      break;
    case ExprKind::kCast:
    case ExprKind::kTryCast:
      return false;
    default:
      break;
  }
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [](const ExprPtr& arg) { return never_fails(*arg); });
}

// A condition of DEFINE: what the row alone must have is computed once for all rows, unless the
// other part may hide an error of it.
struct RowCondition {
  ExprPtr of_row;    // Either may be null.
  ExprPtr of_match;  // With terms.
};

RowCondition split_condition(const ExprPtr& condition) {
  if (condition == nullptr || !looks_at_match(*condition)) {
    return {.of_row = condition, .of_match = nullptr};
  }
  std::vector<ExprPtr> of_row;
  std::vector<ExprPtr> of_match;
  for (const ExprPtr& part : plan::conjuncts(condition)) {
    const bool is_of_row = !looks_at_match(*part) && never_fails(*part);
    (is_of_row ? of_row : of_match).push_back(part);
  }
  return {.of_row = plan::conjunction(std::move(of_row)),
          .of_match = plan::conjunction(std::move(of_match))};
}

class MatchBinder {
 public:
  MatchBinder(BindContext& context, const ast::MatchTable& match, Scope input)
      : context_(context),
        match_(match),
        input_(std::move(input)),
        binder_(context, input_, "MEASURES") {}

  std::optional<Scope> bind() {
    if (!bind_order() || !bind_pattern() || !bind_names() || !bind_within()) {
      return std::nullopt;
    }
    bool ok = bind_keys();
    binder_.set_match(&uses_);
    ok = bind_measures() && ok;
    ok = bind_conditions() && ok;
    if (!ok) {
      return std::nullopt;
    }
    return scope_of(with_measures(put_match()), "", "");
  }

 private:
  using Kind = ast::RowPattern::Kind;

  bool bind_order();
  bool bind_keys();
  bool bind_pattern();
  std::optional<RowPattern> convert(const ast::RowPattern& pattern);
  bool convert_parts(const ast::RowPattern& pattern, RowPattern& converted);
  std::optional<RowPattern> permuted(const ast::RowPattern& pattern);
  std::optional<std::uint32_t> number_of(const ast::Name& variable);
  bool bind_names();
  bool bind_skip();
  bool bind_within();
  bool bind_measures();
  bool bind_conditions();
  bool check_stable(const Expr& condition, Span span);
  plan::NodePtr put_match();
  void put_terms(std::uint32_t first);
  plan::NodePtr put_steps(plan::NodePtr node, const std::vector<std::uint32_t>& args);
  plan::NodePtr with_measures(const plan::NodePtr& node);
  void warn_of_unbounded(const plan::Node& node) const;

  void fail_variable(const ast::Name& name) {
    context_.error("S0226", "the pattern has no variable \"" + name.text + '"', name.span,
                   did_you_mean(name.text, variables_), {"variables: " + list_names(variables_)});
  }
  void fail_size(Span span) {
    context_.error("P0115", "the pattern is too large when its repetitions are written out", span,
                   "",
                   {"write + or * for many rows, and WITHIN INTERVAL '1 hour' behind PATTERN",
                    "it may have 10,000 places"});
  }

  BindContext& context_;
  const ast::MatchTable& match_;
  const Scope input_;
  ExprBinder binder_;
  MatchUses uses_;
  plan::MatchPattern plan_;
  std::vector<std::string> variables_;  // As typed.
  std::vector<ExprPtr> keys_;
  std::vector<ExprPtr> order_;
  std::vector<ExprPtr> measures_;
  std::vector<ExprPtr> conditions_;  // By variable; null: any row.
  std::size_t parts_ = 0;
  bool waits_ = false;  // A match may have to wait for another row.
};

bool MatchBinder::bind_order() {
  if (!check_final(context_, *input_.node, "MATCH_RECOGNIZE", match_.input->span)) {
    return false;
  }
  if (match_.order_by.empty()) {
    context_.error("P0102", "MATCH_RECOGNIZE needs ORDER BY the event time", match_.keyword_span,
                   "", {"as in MATCH_RECOGNIZE (PARTITION BY key ORDER BY ts ...)"});
    return false;
  }
  const ast::OrderItem& first = match_.order_by[0];
  if (first.value->as<ast::ColumnRef>() == nullptr ||
      !bind_time(context_, input_, *first.value, match_.input->span, "MATCH_RECOGNIZE")) {
    if (first.value->as<ast::ColumnRef>() == nullptr) {
      context_.error("P0102", "ORDER BY of MATCH_RECOGNIZE begins with the event time",
                     first.value->span);
    }
    return false;
  }
  if (first.descending) {
    context_.error("P0102", "MATCH_RECOGNIZE goes through time ascending", first.value->span, "",
                   {"leave DESC out, and write the pattern the other way round"});
    return false;
  }
  return true;
}

bool MatchBinder::bind_keys() {
  bool ok = true;
  binder_.set_clause("PARTITION BY");
  for (const ast::ExprPtr& expr : match_.partition_by) {
    keys_.push_back(binder_.bind_value(*expr));
    ok = ok && keys_.back() != nullptr;
  }
  binder_.set_clause("ORDER BY");
  for (const ast::OrderItem& item : match_.order_by) {
    order_.push_back(binder_.bind_value(*item.value));
    ok = ok && order_.back() != nullptr;
  }
  return ok;
}

std::optional<std::uint32_t> MatchBinder::number_of(const ast::Name& variable) {
  const auto found =
      std::find_if(uses_.variables.begin(), uses_.variables.end(),
                   [&](const MatchUses::Variable& known) { return known.key == variable.key; });
  const auto number = static_cast<std::uint32_t>(found - uses_.variables.begin());
  return found == uses_.variables.end() ? std::nullopt : std::optional(number);
}

bool MatchBinder::bind_pattern() {
  std::optional<RowPattern> pattern = convert(match_.pattern);
  if (!pattern) {
    return false;
  }
  const std::optional<PatternProgram> program = compile_pattern(*pattern);
  if (!program) {
    fail_size(match_.pattern.span);
    return false;
  }
  waits_ = std::any_of(program->next.begin(), program->next.end(),
                       [](const std::vector<std::uint32_t>& next) {
                         return !next.empty() && next.front() != PatternProgram::kAccept;
                       });
  plan_.pattern = *std::move(pattern);
  plan_.variables = variables_;
  return true;
}

std::optional<RowPattern> MatchBinder::convert(const ast::RowPattern& pattern) {
  if (++parts_ > kPartsMax) {
    fail_size(match_.pattern.span);
    return std::nullopt;
  }
  RowPattern converted;
  switch (pattern.kind) {
    case Kind::kVariable: {
      std::optional<std::uint32_t> number = number_of(pattern.variable);
      if (!number && variables_.size() == kPatternVariablesMax) {
        context_.error(
            "P0115", "a pattern has " + std::to_string(kPatternVariablesMax) + " variables at most",
            pattern.span);
        return std::nullopt;
      }
      if (!number) {
        number = static_cast<std::uint32_t>(variables_.size());
        variables_.push_back(pattern.variable.text);
        uses_.variables.push_back({.key = pattern.variable.key,
                                   .shown = pattern.variable.text,
                                   .set = VariableSet{1} << *number});
      }
      converted.kind = RowPattern::Kind::kVariable;
      converted.variable = *number;
      return converted;
    }
    case Kind::kSequence:
      break;
    case Kind::kChoice:
      converted.kind = RowPattern::Kind::kChoice;
      break;
    case Kind::kPermute:
      return permuted(pattern);
    case Kind::kRepeat:
      converted.kind = RowPattern::Kind::kRepeat;
      converted.least = pattern.least;
      converted.most = pattern.most;
      converted.reluctant = pattern.reluctant;
      break;
    case Kind::kExcluded:
      converted.excluded = true;
      break;
    case Kind::kStart:
    case Kind::kEnd:
      context_.not_supported("an anchor in a pattern", pattern.span,
                             {"a match may begin at any row"});
      return std::nullopt;
  }
  return convert_parts(pattern, converted) ? std::optional(std::move(converted)) : std::nullopt;
}

bool MatchBinder::convert_parts(const ast::RowPattern& pattern, RowPattern& converted) {
  for (const ast::RowPattern& part : pattern.parts) {
    std::optional<RowPattern> each = convert(part);
    if (!each) {
      return false;
    }
    converted.parts.push_back(*std::move(each));
  }
  return true;
}

// Every order of the parts, the written one first.
std::optional<RowPattern> MatchBinder::permuted(const ast::RowPattern& pattern) {
  if (pattern.parts.size() > kPermutedMax) {
    context_.error("P0115", "PERMUTE takes " + std::to_string(kPermutedMax) + " parts at most",
                   pattern.span);
    return std::nullopt;
  }
  std::vector<std::size_t> order(pattern.parts.size());
  std::iota(order.begin(), order.end(), 0U);
  RowPattern choice;
  choice.kind = RowPattern::Kind::kChoice;
  do {
    RowPattern& sequence = choice.parts.emplace_back();
    for (const std::size_t part : order) {
      std::optional<RowPattern> each = convert(pattern.parts[part]);
      if (!each) {
        return std::nullopt;
      }
      sequence.parts.push_back(*std::move(each));
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return choice;
}

// SUBSET and AFTER MATCH SKIP.
bool MatchBinder::bind_names() {
  bool ok = true;
  for (const ast::MatchSubset& subset : match_.subsets) {
    if (number_of(subset.name)) {
      context_.error("S0226", '"' + subset.name.text + "\" is a variable of the pattern already",
                     subset.name.span);
      ok = false;
      continue;
    }
    MatchUses::Variable made{.key = subset.name.key, .shown = subset.name.text, .set = 0};
    for (const ast::Name& member : subset.members) {
      const auto number = number_of(member);
      if (!number || *number >= variables_.size()) {
        fail_variable(member);
        ok = false;
      } else {
        made.set |= VariableSet{1} << *number;
      }
    }
    uses_.variables.push_back(std::move(made));
  }
  return bind_skip() && ok;
}

bool MatchBinder::bind_skip() {
  plan_.after = static_cast<AfterMatch>(match_.after);
  static_assert(static_cast<int>(ast::AfterMatch::kToLast) ==
                static_cast<int>(AfterMatch::kToLast));
  if (!match_.skip_to) {
    return true;
  }
  const auto number = number_of(*match_.skip_to);
  if (!number) {
    fail_variable(*match_.skip_to);
    return false;
  }
  plan_.skip_to = uses_.variables[*number].set;
  return true;
}

bool MatchBinder::bind_within() {
  if (match_.rows == ast::RowsPerMatch::kAllWithUnmatched) {
    context_.not_supported("WITH UNMATCHED ROWS", match_.rows_span,
                           {"ALL ROWS PER MATCH gives the rows of matches"});
    return false;
  }
  plan_.rows = static_cast<RowsPerMatch>(match_.rows);
  if (match_.within == nullptr) {
    return true;
  }
  const auto micros = bind_interval(context_, *match_.within, "the time of WITHIN");
  if (!micros) {
    return false;
  }
  if (*micros <= 0) {
    context_.error("P0103", "the time of WITHIN must be more than zero", match_.within->span, "",
                   {"as in WITHIN INTERVAL '5 minutes'"});
    return false;
  }
  plan_.within_micros = *micros;
  return true;
}

bool MatchBinder::bind_measures() {
  bool ok = true;
  binder_.set_clause("MEASURES");
  for (const ast::MatchMeasure& measure : match_.measures) {
    measures_.push_back(binder_.bind_value(*measure.value));
    ok = ok && measures_.back() != nullptr;
  }
  return ok;
}

bool MatchBinder::bind_conditions() {
  bool ok = true;
  binder_.set_clause("DEFINE");
  conditions_.resize(variables_.size());
  std::vector<bool> defined(variables_.size());
  for (const ast::MatchDefinition& definition : match_.definitions) {
    const auto number = number_of(definition.variable);
    if (!number || *number >= variables_.size()) {
      fail_variable(definition.variable);
      ok = false;
      continue;
    }
    if (defined[*number]) {
      context_.error("S0226", '"' + definition.variable.text + "\" is defined twice",
                     definition.variable.span);
      ok = false;
      continue;
    }
    defined[*number] = true;
    uses_.defined = *number;
    conditions_[*number] = binder_.bind_condition(*definition.condition);
    ok = ok && conditions_[*number] != nullptr &&
         check_stable(*conditions_[*number], definition.condition->span);
  }
  uses_.defined.reset();
  return ok;
}

// A condition on other rows is computed again when the match is told of, and after a restart.
bool MatchBinder::check_stable(const Expr& condition, Span span) {
  const Expr* const changing = looks_at_match(condition) ? changing_part(condition) : nullptr;
  if (changing == nullptr) {
    return true;
  }
  context_.error("S0217",
                 to_string(*changing) + " cannot stand in a condition on other rows of the match",
                 span, "",
                 {"compute it below: FROM (SELECT *, " + to_string(*changing) +
                  " AS x FROM ...) MATCH_RECOGNIZE (...)"});
  return false;
}

plan::NodePtr MatchBinder::put_match() {
  AddedColumns given(input_.node);
  for (const ExprPtr& key : keys_) {
    plan_.keys.push_back(given.add(key));
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    plan_.order.push_back(sort_key(given.add(order_[i]), match_.order_by[i]));
  }
  std::vector<std::uint32_t> step_args;
  for (const MatchUses::Step& step : uses_.steps) {
    step_args.push_back(given.add(step.value));
  }
  plan::NodePtr node = given.take();
  const auto first_step = static_cast<std::uint32_t>(node->schema.size());
  node = put_steps(std::move(node), step_args);
  const auto with_steps = [&](const ExprPtr& expr) {
    return replace_columns(expr, [&](const Expr& column) {
      return column.column < kStepColumn || column.column >= kMatchColumn
                 ? nullptr
                 : column_expr(first_step + column.column - kStepColumn, column.type, column.name);
    });
  };
  AddedColumns looked_at(node);
  for (const ExprPtr& condition : conditions_) {
    const RowCondition parts = split_condition(with_steps(condition));
    plan_.conditions.push_back(
        parts.of_row == nullptr ? std::nullopt : std::optional(looked_at.add(parts.of_row)));
    plan_.moving.by_variable.push_back(parts.of_match);
  }
  for (const auto& [uses, values] :
       {std::pair(&uses_.uses, &plan_.values), std::pair(&uses_.terms, &plan_.moving.terms)}) {
    for (const MatchUse& use : *uses) {
      MatchValue& value = values->emplace_back(use.value);
      if (use.arg != nullptr) {
        value.column = looked_at.add(with_steps(use.arg));
      }
    }
  }
  node = looked_at.take();
  put_terms(static_cast<std::uint32_t>(node->schema.size()));
  node = plan::make_match_pattern(std::move(node), plan_, context_.next_id("match"), context_.name);
  warn_of_unbounded(*node);
  return node;
}

// Terms stand behind the columns of the input.
void MatchBinder::put_terms(std::uint32_t first) {
  if (uses_.terms.empty()) {
    plan_.moving.by_variable.clear();
  }
  for (ExprPtr& condition : plan_.moving.by_variable) {
    condition = replace_columns(condition, [&](const Expr& column) {
      return is_term(column)
                 ? column_expr(first + column.column - kTermColumn, column.type, column.name)
                 : nullptr;
    });
  }
}

// Appends what PREV and NEXT see.
plan::NodePtr MatchBinder::put_steps(plan::NodePtr node, const std::vector<std::uint32_t>& args) {
  if (args.empty()) {
    return node;
  }
  plan::Over over;
  over.keys = plan_.keys;
  over.order = plan_.order;
  over.emit = OverEmit::kBehindWatermark;
  over.ttl_micros = over.keys.empty() ? 0 : context_.ttl_micros();
  for (std::size_t i = 0; i < args.size(); ++i) {
    const MatchUses::Step& step = uses_.steps[i];
    OverCall& call = over.calls.emplace_back();
    call.kind = OverKind::kNthValue;
    call.arg = args[i];
    call.frame = {.unit = FrameUnit::kRows, .start = step.rows, .end = step.rows};
    call.type = step.value->type;
    call.name = step.name;
  }
  node = plan::make_over(std::move(node), std::move(over), context_.next_id("over"), context_.name);
  warn_of_state(context_, *node, match_.keyword_span);
  return node;
}

void MatchBinder::warn_of_unbounded(const plan::Node& node) const {
  const bool numbers =
      std::any_of(plan_.values.begin(), plan_.values.end(),
                  [](const MatchValue& value) { return value.kind == MatchValue::Kind::kNumber; });
  if (node.bounded || !((waits_ && plan_.within_micros == 0) || (numbers && !plan_.keys.empty()))) {
    return;
  }
  const bool rows = waits_ && plan_.within_micros == 0;
  context_.warn("P0107",
                rows ? "a match that is not complete is kept for ever, and the input never ends"
                     : "the number of matches of each key is kept for ever, and the input never "
                       "ends",
                match_.keyword_span, "state of " + node.id + " grows with the number of keys",
                {rows ? "say how long a match may take: PATTERN (...) WITHIN INTERVAL '1 hour'"
                      : "leave MATCH_NUMBER() out"});
}

plan::NodePtr MatchBinder::with_measures(const plan::NodePtr& node) {
  const Schema& schema = node->schema;
  const auto first = static_cast<std::uint32_t>(schema.size() - plan_.values.size());
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  std::vector<bool> shown(schema.size());
  const auto show = [&](std::uint32_t column) {
    if (!shown[column]) {
      shown[column] = true;
      exprs.push_back(column_expr(column, schema[column].type, schema[column].name));
      names.push_back(schema[column].name);
    }
  };
  const bool one = plan_.rows == RowsPerMatch::kOne;
  for (std::uint32_t i = 0; i < plan_.keys.size(); ++i) {
    show(one ? i : plan_.keys[i]);
  }
  for (std::size_t i = 0; !one && i < plan_.order.size(); ++i) {
    show(static_cast<std::uint32_t>(plan_.order[i].column));
  }
  for (std::size_t i = 0; i < measures_.size(); ++i) {
    exprs.push_back(replace_columns(measures_[i], [&](const Expr& column) {
      return column_expr(first + column.column - kMatchColumn, column.type, column.name);
    }));
    names.push_back(match_.measures[i].name.text);
  }
  for (std::uint32_t i = 0; !one && i < input_.node->schema.size(); ++i) {
    show(i);
  }
  return plan::make_project(node, std::move(exprs), std::move(names));
}

}  // namespace

std::optional<Scope> bind_match(BindContext& context, const ast::MatchTable& match, Span /*span*/) {
  std::optional<Scope> input = bind_from(context, *match.input);
  return input ? MatchBinder(context, match, std::move(*input)).bind() : std::nullopt;
}

}  // namespace thalweg::sql
