#include "plan/state_meaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "plan/build.h"
#include "plan/duration_text.h"
#include "plan/join_words.h"
#include "plan/walk.h"
#include "plan/window_text.h"

namespace thalweg::plan {
namespace {

constexpr std::string_view kCall = "calls";  // What a line of a call begins with.

// The rows that come out of a step, by what they are made of.
struct RowsMeaning {
  std::string from;              // A table, or the step that makes them.
  std::set<std::string> where;   // All of which are true of them.
  std::vector<ExprPtr> columns;  // Over columns of `from`, of whatever number.
  std::string time;              // What their event time is; empty: they have none.

  std::string text() const {
    return from + (where.empty() ? "" : " WHERE " + fmt::format("{}", fmt::join(where, " AND ")));
  }
};

ExprPtr named(const std::string& name, const Type& type) { return column_expr(0, type, name); }

std::string text_of(const ExprPtr& expr, const RowsMeaning& rows) {
  return to_string(*substitute(expr, rows.columns));
}

template <typename Items, typename Text>
std::string joined(const Items& items, Text text) {
  std::string all;
  for (const auto& item : items) {
    all += (all.empty() ? "" : ", ") + text(item);
  }
  return all;
}

std::string columns_text(const std::vector<std::uint32_t>& columns, const RowsMeaning& rows) {
  return joined(columns, [&](std::uint32_t column) { return to_string(*rows.columns[column]); });
}

std::string all_columns_text(const RowsMeaning& rows) {
  return joined(rows.columns, [](const ExprPtr& column) { return to_string(*column); });
}

std::string exprs_text(const std::vector<ExprPtr>& exprs, const RowsMeaning& rows) {
  return joined(exprs, [&](const ExprPtr& expr) { return text_of(expr, rows); });
}

std::string order_text(bool descending, bool nulls_first) {
  std::string text = descending ? " DESC" : "";
  return nulls_first == descending ? text : text + (nulls_first ? " NULLS FIRST" : " NULLS LAST");
}

std::string order_text(const std::vector<SortKey>& order, const RowsMeaning& rows) {
  return joined(order, [&](const SortKey& key) {
    return to_string(*rows.columns[key.column]) + order_text(key.descending, key.nulls_first);
  });
}

std::string_view function_name(AggregateKind kind) {
  const auto functions = aggregate_functions();
  const auto found = std::ranges::find(functions, kind, &AggregateFunction::kind);
  return found == functions.end() ? "count" : found->name;
}

std::string call_text(const AggregateCall& call, const RowsMeaning& rows) {
  if (call.kind == AggregateKind::kCountStar && call.filter == nullptr) {
    return "count(*)";
  }
  std::string text = std::string(function_name(call.kind)) + (call.distinct ? "(DISTINCT " : "(");
  text += call.args.empty() ? "*" : exprs_text(call.args, rows);
  if (!call.order_by.empty()) {
    text += " ORDER BY " + joined(call.order_by, [&](const AggregateCall::Order& order) {
              return text_of(order.expr, rows) + order_text(order.descending, order.nulls_first);
            });
  }
  text += ')';
  return call.filter == nullptr ? text
                                : text + " FILTER (WHERE " + text_of(call.filter, rows) + ')';
}

// Its name, and all that it depends on.
std::string call_text(const OverCall& call, const RowsMeaning& rows) {
  std::string text = call.name.substr(0, call.name.find('('));
  text += '(' + (call.arg ? to_string(*rows.columns[*call.arg]) : std::string());
  text += call.filter ? " where " + to_string(*rows.columns[*call.filter]) : "";
  text += call.number == 1 ? "" : fmt::format(" {}", call.number);
  text += ')';
  if (!call.has_frame()) {
    return text;
  }
  const auto bound = [](const std::optional<std::int64_t>& at) {
    return at ? std::to_string(*at) : std::string("unbounded");
  };
  return text + fmt::format(" {} {} to {}", call.frame.unit == FrameUnit::kRows ? "rows" : "range",
                            bound(call.frame.start), bound(call.frame.end));
}

// What a condition looks at in the rows of a match.
std::string term_text(const MatchValue& term, const RowsMeaning& rows) {
  const std::string what = term.column           ? columns_text({*term.column}, rows)
                           : term.is_aggregate() ? "*"
                                                 : "variable";
  const std::string_view how = term.is_aggregate() ? function_name(term.aggregate)
                               : term.from_first   ? "first"
                                                   : "last";
  return fmt::format("{}({} of {:x}, {})", how, what, term.variables, term.offset);
}

// The pattern, what its variables are, and where it goes on behind a match.
std::string pattern_text(const MatchPattern& match, const RowsMeaning& rows) {
  std::string text = to_string(match.pattern, match.variables);
  for (std::size_t i = 0; i < match.conditions.size(); ++i) {
    if (match.conditions[i]) {
      text += ", " + match.variables[i] + " where " + columns_text({*match.conditions[i]}, rows);
    }
  }
  RowsMeaning with_terms = rows;
  for (const MatchValue& term : match.moving.terms) {
    with_terms.columns.push_back(named(term_text(term, rows), term.type));
  }
  for (std::size_t i = 0; i < match.moving.by_variable.size(); ++i) {
    if (const ExprPtr& condition = match.moving.by_variable[i]; condition != nullptr) {
      text += ", " + match.variables[i] + " having " + text_of(condition, with_terms);
    }
  }
  if (match.within_micros > 0) {
    text += " within " + duration_text(match.within_micros);
  }
  return text + fmt::format(", then {} {:x}", static_cast<int>(match.after), match.skip_to);
}

std::string_view emit_text(Emit emit) {
  switch (emit) {
    case Emit::kOnWindowClose:
      return "when the window closes";
    case Emit::kAtEnd:
      return kResultsAtEnd;
    case Emit::kChanges:
      return kResultsAtEveryChange;
    case Emit::kEvery:
      return "every so often";
  }
  return {};
}

std::string_view emit_text(TopNEmit emit) {
  switch (emit) {
    case TopNEmit::kAtEnd:
      return kResultsAtEnd;
    case TopNEmit::kChanges:
      return kResultsAtEveryChange;
    case TopNEmit::kOnWindowClose:
      return "when the window closes";
    case TopNEmit::kBehindWatermark:
      return "behind the watermark";
  }
  return {};
}

std::string_view emit_text(OverEmit emit) {
  switch (emit) {
    case OverEmit::kAtEnd:
      return kResultsAtEnd;
    case OverEmit::kBehindWatermark:
      return "behind the watermark";
    case OverEmit::kChanges:
      return kResultsAtEveryChange;
  }
  return {};
}

std::string_view ranking_text(Ranking ranking) {
  switch (ranking) {
    case Ranking::kRowNumber:
      return "row numbers";
    case Ranking::kRank:
      return "ranks";
    case Ranking::kDenseRank:
      return "dense ranks";
  }
  return {};
}

bool depends_on_time(const Aggregate& aggregate) {
  return aggregate.windowed() || aggregate.ttl_micros > 0 ||
         std::ranges::any_of(aggregate.aggregates, [](const AggregateCall& call) {
           const auto functions = aggregate_functions();
           const auto found = std::ranges::find(functions, call.kind, &AggregateFunction::kind);
           return found != functions.end() && found->order_dependent;
         });
}

// Which of the keys each grouping set has.
std::string sets_text(const Aggregate& aggregate, const RowsMeaning& rows) {
  return joined(aggregate.sets, [&](const std::vector<bool>& has) {
    std::vector<ExprPtr> keys;
    for (std::size_t i = 0; i + 1 < aggregate.keys.size(); ++i) {
      if (has[i]) {
        keys.push_back(aggregate.keys[i]);
      }
    }
    return '(' + exprs_text(keys, rows) + ')';
  });
}

std::string windows_text(const Aggregate& aggregate, const RowsMeaning& rows) {
  if (aggregate.session_gap_micros) {
    return "SESSION " + duration_text(*aggregate.session_gap_micros);
  }
  std::string text = window_text(*aggregate.window);
  if (aggregate.windows_by == WindowsBy::kResultTime) {
    text += " of results";
  } else if (aggregate.windows_by == WindowsBy::kColumn) {
    text += " to " + to_string(*rows.columns[aggregate.window_column]);
    text += aggregate.micros_to_window_end == 0
                ? ""
                : " plus " + duration_text(aggregate.micros_to_window_end);
  }
  return text;
}

// So that a meaning can be told as lines.
std::string in_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    line += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : std::string(1, c);
  }
  return line;
}

class Reader {
 public:
  // Requires: the inputs have been read.
  void read(const Node& node);

  std::unordered_map<const Node*, StateMeaning> take() { return std::move(meanings_); }

 private:
  const RowsMeaning& input_of(const Node& node) const { return rows_.at(node.inputs[0].get()); }

  RowsMeaning rows_of(const Node& node) const;
  RowsMeaning rows_of_union(const Node& node) const;
  // Of a step with state: what is behind it is told by what the step means.
  RowsMeaning results_of(const Node& node) const;

  StateMeaning meaning_of(const Node& node) const;
  void add_aggregate(const Node& node, const Aggregate& aggregate, StateMeaning& meaning) const;
  void add_join(const Node& node, const Join& join, StateMeaning& meaning) const;
  // The pairs of rows that a join makes.
  RowsMeaning pairs_of(const Node& node) const;
  // The aspects that all have.
  void add_rows(const Node& node, bool with_time, StateMeaning& meaning) const;
  // Of a step that keeps its input's rows whole.
  void add_columns(const Node& node, StateMeaning& meaning) const {
    meaning.aspects.push_back({"columns", all_columns_text(input_of(node))});
  }

  std::unordered_map<const Node*, RowsMeaning> rows_;
  std::unordered_map<const Node*, StateMeaning> meanings_;
};

void Reader::read(const Node& node) {
  if (!node.id.empty()) {
    StateMeaning& meaning = meanings_[&node] = meaning_of(node);
    for (StateMeaning::Aspect& aspect : meaning.aspects) {
      aspect.text = in_one_line(aspect.text);
    }
    std::ranges::transform(meaning.calls, meaning.calls.begin(), in_one_line);
    rows_[&node] = results_of(node);
  } else {
    rows_[&node] = rows_of(node);
  }
}

void add_conditions(const ExprPtr& predicate, RowsMeaning& rows) {
  if (predicate == nullptr) {
    return;
  }
  for (const ExprPtr& part : conjuncts(predicate)) {
    const std::string text = text_of(part, rows);
    rows.where.insert(part->kind == ExprKind::kOr ? '(' + text + ')' : text);
  }
}

// A column as it is read; a computed one goes by what it is computed from.
ExprPtr column_of(const Table& table, std::uint32_t number) {
  const TableColumn& column = table.columns[number];
  if (column.computed == nullptr) {
    return named(column.field.name, column.field.type);
  }
  std::vector<ExprPtr> before;
  for (std::uint32_t i = 0; i < table.columns.size(); ++i) {
    before.push_back(i < number ? column_of(table, i) : named(table.columns[i].field.name, {}));
  }
  return substitute(column.computed, before);
}

RowsMeaning rows_of_scan(const Scan& scan) {
  RowsMeaning rows{.from = scan.table->name, .where = {}, .columns = {}, .time = {}};
  for (const std::uint32_t column : scan.columns) {
    rows.columns.push_back(column_of(*scan.table, column));
  }
  add_conditions(scan.predicate, rows);
  if (scan.table->watermark) {
    rows.time = to_string(*column_of(*scan.table, scan.table->watermark->column));
  }
  return rows;
}

RowsMeaning rows_of_values(const Node& node, const Values& values) {
  RowsMeaning rows{.from = "VALUES ", .where = {}, .columns = {}, .time = {}};
  rows.from += joined(values.rows, [](const std::vector<Value>& row) {
    return '(' + joined(row, [](const Value& value) { return to_string(value); }) + ')';
  });
  for (std::size_t i = 0; i < node.schema.size(); ++i) {
    rows.columns.push_back(named(fmt::format("column {}", i + 1), node.schema[i].type));
  }
  return rows;
}

RowsMeaning Reader::rows_of(const Node& node) const {
  if (const auto* scan = step_of<Scan>(node)) {
    return rows_of_scan(*scan);
  }
  if (const auto* values = step_of<Values>(node)) {
    return rows_of_values(node, *values);
  }
  if (step_of<Union>(node) != nullptr) {
    return rows_of_union(node);
  }
  RowsMeaning rows = input_of(node);
  if (const auto* filter = step_of<Filter>(node)) {
    add_conditions(filter->predicate, rows);
  } else if (const auto* project = step_of<Project>(node)) {
    add_conditions(project->predicate, rows);
    std::vector<ExprPtr> columns;
    for (const ExprPtr& expr : project->exprs) {
      columns.push_back(substitute(expr, rows.columns));
    }
    rows.columns = std::move(columns);
  } else if (const auto* assign = step_of<AssignWindow>(node)) {
    const std::string window = window_text(assign->window);
    if (!assign->once && assign->window.kind != WindowKind::kTumble) {
      rows.from += ", each in all its " + window;
    }
    for (const char* const bound : {"start", "end", "time"}) {
      rows.columns.push_back(named(fmt::format("{} of {}", bound, window), node.schema[0].type));
    }
  } else if (const auto* clock = step_of<ProcessingTime>(node)) {
    rows.time = "the wall clock";
    if (clock->column) {
      rows.columns[*clock->column] = named(rows.time, node.schema[*clock->column].type);
    }
  } else if (step_of<LateRows>(node) != nullptr || step_of<Process>(node) != nullptr ||
             step_of<DeadLetters>(node) != nullptr) {
    const auto* process = step_of<Process>(node);
    const bool adds_columns = step_of<LateRows>(node) != nullptr ||
                              (process != nullptr && process->yields == Yields::kColumns);
    rows.from = describe(node) + " of (" + rows.text() + ')';
    rows.where.clear();
    for (std::size_t i = adds_columns ? rows.columns.size() : 0; i < node.schema.size(); ++i) {
      rows.columns.resize(std::max(rows.columns.size(), i + 1));
      rows.columns[i] = named(node.schema[i].name, node.schema[i].type);
    }
    rows.columns.resize(node.schema.size());
    rows.time = process != nullptr ? rows.time : "";
  }
  return rows;
}

std::string either(std::vector<std::string> texts) {
  texts.erase(std::ranges::unique(texts).begin(), texts.end());
  return fmt::format("{}", fmt::join(texts, " or "));
}

// Columns that are the same in all inputs keep their names.
RowsMeaning Reader::rows_of_union(const Node& node) const {
  RowsMeaning all;
  std::vector<std::string> times;
  std::vector<std::vector<std::string>> texts(node.schema.size());
  for (const NodePtr& input : node.inputs) {
    const RowsMeaning& rows = rows_.at(input.get());
    all.from += (all.from.empty() ? "(" : " UNION ALL (") + rows.text() + ')';
    times.push_back(rows.time);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i].push_back(to_string(*rows.columns[i]));
    }
  }
  all.time = either(std::move(times));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    all.columns.push_back(named(either(std::move(texts[i])), node.schema[i].type));
  }
  return all;
}

RowsMeaning Reader::results_of(const Node& node) const {
  const RowsMeaning& input = input_of(node);
  const StateMeaning& meaning = meanings_.at(&node);
  RowsMeaning rows;
  rows.from =
      "results of (" +
      joined(meaning.aspects,
             [](const StateMeaning::Aspect& aspect) { return aspect.name + ' ' + aspect.text; }) +
      ')';
  const auto add = [&](const std::string& name) {
    rows.columns.push_back(named(name, node.schema[rows.columns.size()].type));
  };
  if (const auto* aggregate = step_of<Aggregate>(node)) {
    for (const char* const bound : {"window_start", "window_end", "window_time"}) {
      if (aggregate->windowed() && !aggregate->windows_are_keys) {
        add(bound);
      }
    }
    for (const ExprPtr& key : aggregate->keys) {
      add(text_of(key, input));
    }
    for (const std::string& call : meaning.calls) {
      add(call);
    }
  } else if (step_of<MatchPattern>(node) == nullptr && step_of<KeyedProcess>(node) == nullptr) {
    const auto* join = step_of<Join>(node);
    rows.columns = join != nullptr ? pairs_of(node).columns : input.columns;
    rows.columns.resize(std::min(rows.columns.size(), node.schema.size()));
    if (const auto* over = step_of<Over>(node)) {
      for (const OverCall& call : over->calls) {
        add(call_text(call, input));
      }
    }
  }
  while (rows.columns.size() < node.schema.size()) {
    add(node.schema[rows.columns.size()].name);
  }
  rows.time = node.time.lost ? "" : "time of results";
  return rows;
}

void Reader::add_rows(const Node& node, bool with_time, StateMeaning& meaning) const {
  const RowsMeaning& input = input_of(node);
  meaning.aspects.push_back({"rows", input.text()});
  if (with_time) {
    meaning.aspects.push_back({"time", input.time.empty() ? "none" : input.time});
  }
  if (node.inputs[0]->updating) {
    meaning.aspects.push_back({kChangingRows, "rows may be taken back"});
  }
}

void add_ttl(std::int64_t micros, StateMeaning& meaning) {
  if (micros > 0) {
    meaning.aspects.push_back({"ttl", "keys go that no row touches"});
  }
}

void Reader::add_aggregate(const Node& node, const Aggregate& aggregate,
                           StateMeaning& meaning) const {
  const RowsMeaning& input = input_of(node);
  const auto add = [&](const char* name, std::string text) {
    meaning.aspects.push_back({name, std::move(text)});
  };
  if (aggregate.windowed()) {
    add("windows", windows_text(aggregate, input));
  }
  if (aggregate.sets.empty()) {
    add("keys", exprs_text(aggregate.keys, input));
  } else {
    add("grouping sets", sets_text(aggregate, input));
  }
  add("results", std::string(emit_text(aggregate.emit)));
  if (aggregate.lateness_micros > 0) {
    add("lateness", duration_text(aggregate.lateness_micros));
  }
  add_ttl(aggregate.ttl_micros, meaning);
  add_rows(node, depends_on_time(aggregate), meaning);
  for (const AggregateCall& call : aggregate.aggregates) {
    meaning.calls.push_back(call_text(call, input));
  }
}

// Both sides may read the same columns.
RowsMeaning Reader::pairs_of(const Node& node) const {
  RowsMeaning pairs;
  for (const bool is_left : {true, false}) {
    for (const ExprPtr& column : rows_.at(node.inputs[is_left ? 0 : 1].get()).columns) {
      pairs.columns.push_back(
          named((is_left ? "left " : "right ") + to_string(*column), column->type));
    }
  }
  return pairs;
}

void Reader::add_join(const Node& node, const Join& join, StateMeaning& meaning) const {
  const auto add = [&](const std::string& name, std::string text) {
    meaning.aspects.push_back({name, std::move(text)});
  };
  const auto bound = [](const std::optional<std::int64_t>& micros) {
    return micros ? duration_text(*micros) : "none";
  };
  add("join", (join.as_of() ? "ASOF " : "") + std::string(join_words(join.kind)));
  if (join.as_of()) {
    add("partner", join.upper_micros ? "the last up to " + bound(join.upper_micros)
                                     : "the first from " + bound(join.lower_micros));
  } else if (join.by_time()) {
    add("bounds of time", bound(join.lower_micros) + " to " + bound(join.upper_micros));
  } else {
    add("results", join.by == JoinBy::kKeys ? "changes" : "final at the end of input");
  }
  add_ttl(join.ttl_micros, meaning);
  for (const bool is_left : {true, false}) {
    const RowsMeaning& rows = rows_.at(node.inputs[is_left ? 0 : 1].get());
    const ExprPtr& last = is_left ? join.left_last : join.right_last;
    const std::string side = is_left ? "left " : "right ";
    add(side + "keys", exprs_text(is_left ? join.left_keys : join.right_keys, rows));
    add(side + "columns", all_columns_text(rows));
    add(side + "rows", rows.text());
    if (join.as_of()) {
      add(side + "time", rows.time);
    } else if (join.by_time()) {
      add(side + "time", join.in_windows[is_left ? 0 : 1] ? "window_time" : rows.time);
      add(side + "rows match up to", last == nullptr ? "any time" : text_of(last, rows));
    } else if (node.inputs[is_left ? 0 : 1]->updating) {
      add(side + "changes", "rows may be taken back");
    }
  }
  RowsMeaning pairs = pairs_of(node);
  add_conditions(join.condition, pairs);
  add("condition", fmt::format("{}", fmt::join(pairs.where, " AND ")));
}

StateMeaning Reader::meaning_of(const Node& node) const {
  StateMeaning meaning;
  const RowsMeaning& input = input_of(node);
  const auto add = [&](const char* name, std::string text) {
    meaning.aspects.push_back({name, std::move(text)});
  };
  if (const auto* aggregate = step_of<Aggregate>(node)) {
    add_aggregate(node, *aggregate, meaning);
    return meaning;
  }
  if (const auto* join = step_of<Join>(node)) {
    add_join(node, *join, meaning);
    return meaning;
  }
  if (const auto* top = step_of<TopN>(node)) {
    add("keys", columns_text(top->keys, input));
    add("order", order_text(top->order, input) + (top->keeps_last ? " (the last)" : ""));
    add("limit", top->limit == kNoLimit ? "none" : std::to_string(top->limit));
    add("ranking", std::string(ranking_text(top->ranking)));
    add("results", std::string(emit_text(top->emit)));
    add_ttl(top->ttl_micros, meaning);
  } else if (const auto* over = step_of<Over>(node)) {
    add("keys", columns_text(over->keys, input));
    add("order", order_text(over->order, input));
    add("calls over windows",
        joined(over->calls, [&](const OverCall& call) { return call_text(call, input); }));
    add("results", std::string(emit_text(over->emit)));
    add_ttl(over->ttl_micros, meaning);
  } else if (const auto* match = step_of<MatchPattern>(node)) {
    add("keys", columns_text(match->keys, input));
    add("order", order_text(match->order, input));
    add("pattern", pattern_text(*match, input));
  } else if (const auto* sort = step_of<Sort>(node)) {
    add("order",
        sort->keys.empty() && sort->behind_watermark ? "time" : order_text(sort->keys, input));
    add("limit", (sort->limit ? std::to_string(*sort->limit) : "none") +
                     (sort->offset == 0 ? "" : fmt::format(" behind {}", sort->offset)));
    add("results", sort->behind_watermark ? "behind the watermark" : "at the end");
  } else if (const auto* session = step_of<AssignSession>(node)) {
    add("windows", "SESSION " + duration_text(session->gap_micros));
    add("keys", exprs_text(session->keys, input));
  } else if (const auto* windows = step_of<AssignCountWindow>(node)) {
    add("windows", fmt::format("{} rows every {}", windows->rows, windows->step));
    add("keys", columns_text(windows->keys, input));
    add_ttl(windows->ttl_micros, meaning);
  } else if (const auto* process = step_of<KeyedProcess>(node)) {
    add("function", process->text);
    add("state of a key", in_one_line(process->state));
    add("keys", columns_text(process->keys, input));
    if (node.inputs.size() > 1) {
      add("broadcast state", in_one_line(process->broadcast_state));
      add("broadcast rows", rows_.at(node.inputs[1].get()).text());
    }
  }
  add_columns(node, meaning);
  add_rows(node, /*with_time=*/true, meaning);
  return meaning;
}

}  // namespace

std::unordered_map<const Node*, StateMeaning> state_meanings(const Plan& plan) {
  Reader reader;
  for (const NodePtr& node : inputs_first(plan)) {
    reader.read(*node);
  }
  return reader.take();
}

StateMeaning meaning_of_rows_by_key(const Table& table, const std::vector<std::uint32_t>& columns) {
  const auto name_of = [&](std::uint32_t column) { return table.columns[column].field.name; };
  return {.aspects = {{"rows", in_one_line("the last of each key of " + table.name)},
                      {"keys", in_one_line(joined(table.primary_key, name_of))},
                      {"columns", in_one_line(joined(columns, name_of))}},
          .calls = {}};
}

std::string to_text(const StateMeaning& meaning) {
  std::string text;
  for (const StateMeaning::Aspect& aspect : meaning.aspects) {
    text += aspect.name + ": " + aspect.text + '\n';
  }
  for (const std::string& call : meaning.calls) {
    text += std::string(kCall) + ": " + call + '\n';
  }
  return text;
}

StateMeaning read_meaning(const std::string& text) {
  StateMeaning meaning;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const std::size_t colon = line.find(": ");
    const std::string name = line.substr(0, colon);
    const std::string rest = colon == std::string::npos ? "" : line.substr(colon + 2);
    if (name == kCall) {
      meaning.calls.push_back(rest);
    } else {
      meaning.aspects.push_back({name, rest});
    }
    begin = end + 1;
  }
  return meaning;
}

}  // namespace thalweg::plan
