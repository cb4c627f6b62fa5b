#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "plan/build.h"
#include "plan/passes.h"
#include "plan/walk.h"

namespace thalweg::plan {
namespace {

// Whether it is a function of the program, of which nothing is known but that it reads all columns.
bool is_function(const Node& node) {
  return step_of<Process>(node) != nullptr || step_of<KeyedProcess>(node) != nullptr;
}

constexpr std::uint32_t kGone = std::numeric_limits<std::uint32_t>::max();

// Which of a node's output columns are read.
using Columns = std::vector<bool>;

void collect_aggregate(const AggregateCall& call, Columns& used) {
  for (const ExprPtr& argument : call.args) {
    collect_columns(*argument, used);
  }
  if (call.filter != nullptr) {
    collect_columns(*call.filter, used);
  }
  for (const AggregateCall::Order& order : call.order_by) {
    collect_columns(*order.expr, used);
  }
}

std::size_t first_aggregate(const Aggregate& aggregate) {
  return (aggregate.windowed() ? kWindowColumns : 0) + aggregate.keys.size();
}

void mark_top_n(const Node& node, const TopN& top, Columns& used) {
  for (const std::uint32_t key : top.keys) {
    used[key] = true;
  }
  for (const SortKey& key : top.order) {
    used[key.column] = true;
  }
  const TimeInfo& time = node.inputs[0]->time;
  if (top.emit == TopNEmit::kOnWindowClose) {
    used[*time.window->end] = true;
  }
}

void mark_over(const Node& node, const Over& over, const Columns& wanted, Columns& used) {
  std::copy_n(wanted.begin(), used.size(), used.begin());
  for (const std::uint32_t key : over.keys) {
    used[key] = true;
  }
  for (const SortKey& key : over.order) {
    used[key.column] = true;
  }
  const std::size_t first = node.inputs[0]->schema.size();
  for (std::size_t i = 0; i < over.calls.size(); ++i) {
    for (const auto& column : {over.calls[i].arg, over.calls[i].filter}) {
      if (wanted[first + i] && column) {
        used[*column] = true;
      }
    }
  }
}

void mark_match(const MatchPattern& match, const Columns& wanted, Columns& used) {
  if (match.rows != RowsPerMatch::kOne) {
    std::copy_n(wanted.begin(), used.size(), used.begin());
  }
  for (const std::uint32_t key : match.keys) {
    used[key] = true;
  }
  for (const SortKey& key : match.order) {
    used[key.column] = true;
  }
  for (const std::optional<std::uint32_t>& condition : match.conditions) {
    if (condition) {
      used[*condition] = true;
    }
  }
  if (match.call) {
    for (const std::uint32_t column : match.call->columns) {
      used[column] = true;
    }
  }
  for (const std::vector<MatchValue>* values : {&match.values, &match.moving.terms}) {
    for (const MatchValue& value : *values) {
      if (value.column) {
        used[*value.column] = true;
      }
    }
  }
  Columns with_terms(used.size() + match.moving.terms.size());
  for (const ExprPtr& condition : match.moving.by_variable) {
    if (condition != nullptr) {
      collect_columns(*condition, with_terms);
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    used[i] = used[i] || with_terms[i];
  }
}

// Marks the columns of a step's inputs that it reads to yield the columns `wanted`.
void mark_inputs(const Node& node, const Columns& wanted, Columns& used) {
  if (const auto* filter = step_of<Filter>(node)) {
    used = wanted;
    collect_columns(*filter->predicate, used);
  } else if (const auto* project = step_of<Project>(node)) {
    for (std::size_t i = 0; i < project->exprs.size(); ++i) {
      if (wanted[i]) {
        collect_columns(*project->exprs[i], used);
      }
    }
    if (project->predicate != nullptr) {
      collect_columns(*project->predicate, used);
    }
  } else if (const auto* aggregate = step_of<Aggregate>(node)) {
    for (const ExprPtr& key : aggregate->keys) {
      collect_columns(*key, used);
    }
    if (aggregate->windows_by == WindowsBy::kColumn) {
      used[aggregate->window_column] = true;
    }
    for (std::size_t i = 0; i < aggregate->aggregates.size(); ++i) {
      if (wanted[first_aggregate(*aggregate) + i]) {
        collect_aggregate(aggregate->aggregates[i], used);
      }
    }
  } else if (const auto* sort = step_of<Sort>(node)) {
    used = wanted;
    for (const SortKey& key : sort->keys) {
      used[key.column] = true;
    }
  } else if (const auto* top = step_of<TopN>(node)) {
    for (std::size_t i = 0; i < used.size(); ++i) {
      used[i] = wanted[i];
    }
    mark_top_n(node, *top, used);
  } else if (const auto* over = step_of<Over>(node)) {
    mark_over(node, *over, wanted, used);
  } else if (const auto* match = step_of<MatchPattern>(node)) {
    mark_match(*match, wanted, used);
  } else if (is_function(node) || step_of<DeadLetters>(node) != nullptr) {
    used.assign(used.size(), true);
  } else if (const auto* session = step_of<AssignSession>(node)) {
    std::copy_n(wanted.begin(), used.size(), used.begin());
    for (const ExprPtr& key : session->keys) {
      collect_columns(*key, used);
    }
  } else if (const auto* windows = step_of<AssignCountWindow>(node)) {
    std::copy_n(wanted.begin(), used.size(), used.begin());
    for (const std::uint32_t key : windows->keys) {
      used[key] = true;
    }
  } else if (const auto* late = step_of<LateRows>(node)) {
    std::copy_n(wanted.begin(), used.size(), used.begin());
    if (late->windows_by == WindowsBy::kColumn) {
      used[late->window_end] = true;
    }
  } else {
    // ProcessingTime, AssignWindow, Union, Sink: the columns that stand at the same place.
    for (std::size_t i = 0; i < used.size(); ++i) {
      used[i] = wanted[i];
    }
  }
}

// The same of a join's input number `input`; the other's columns stand before or behind.
void mark_join(const Node& node, const Join& join, std::size_t input, const Columns& wanted,
               Columns& used) {
  const std::size_t first = input == 0 ? 0 : node.inputs[0]->schema.size();
  Columns both = wanted;
  both.resize(node.inputs[0]->schema.size() + node.inputs[1]->schema.size(), false);
  if (join.condition != nullptr) {
    collect_columns(*join.condition, both);
  }
  std::copy_n(both.begin() + static_cast<std::ptrdiff_t>(first), used.size(), used.begin());
  for (const ExprPtr& key : input == 0 ? join.left_keys : join.right_keys) {
    collect_columns(*key, used);
  }
  if (const ExprPtr& last = input == 0 ? join.left_last : join.right_last) {
    collect_columns(*last, used);
  }
  if (join.in_windows[input]) {
    used[*node.inputs[input]->time.window->end] = true;
  }
}

// A node without the columns nobody reads, and where each column went.
struct Pruned {
  NodePtr node;
  std::vector<std::uint32_t> places;
};

class Pruner {
 public:
  Plan prune(const Plan& plan) {
    const std::vector<NodePtr> order = inputs_first(plan);
    for (const NodePtr& sink : plan.sinks) {
      wanted_[sink.get()] = Columns(sink->schema.size(), true);
    }
    for (auto node = order.rbegin(); node != order.rend(); ++node) {
      mark(**node);
    }
    for (const NodePtr& node : order) {
      pruned_[node.get()] = prune_node(node);
    }
    Plan result;
    for (const NodePtr& sink : plan.sinks) {
      result.sinks.push_back(pruned_[sink.get()].node);
    }
    return result;
  }

 private:
  void mark(const Node& node) {
    for (std::size_t number = 0; number < node.inputs.size(); ++number) {
      const NodePtr& input = node.inputs[number];
      Columns used(input->schema.size(), false);
      if (const auto* join = step_of<Join>(node)) {
        mark_join(node, *join, number, wanted_[&node], used);
      } else {
        mark_inputs(node, wanted_[&node], used);
      }
      Columns& all = wanted_[input.get()];
      all.resize(used.size(), false);
      for (std::size_t i = 0; i < used.size(); ++i) {
        all[i] = all[i] || used[i];
      }
    }
  }

  Pruned prune_node(const NodePtr& node) {
    const Columns& wanted = wanted_[node.get()];
    if (const auto* scan = step_of<Scan>(*node)) {
      return prune_scan(*node, *scan, wanted);
    }
    if (const auto* values = step_of<Values>(*node)) {
      return prune_values(*node, *values, wanted);
    }
    if (step_of<Union>(*node) != nullptr) {
      return prune_union(*node, wanted);
    }
    if (const auto* join = step_of<Join>(*node)) {
      return prune_join(*node, *join, wanted);
    }
    const Pruned& input = pruned_[node->inputs[0].get()];
    if (const auto* filter = step_of<Filter>(*node)) {
      return {make_filter(input.node, remap_columns(filter->predicate, input.places)),
              input.places};
    }
    if (const auto* project = step_of<Project>(*node)) {
      return prune_project(*node, *project, input, wanted);
    }
    if (const auto* assign = step_of<AssignWindow>(*node)) {
      return prune_window(*node, *assign, input, wanted);
    }
    if (const auto* clock = step_of<ProcessingTime>(*node)) {
      ProcessingTime pruned = *clock;
      if (pruned.column) {
        const bool read = wanted[*pruned.column];
        pruned.column = read ? std::optional(input.places[*pruned.column]) : std::nullopt;
      }
      return {make_processing_time(input.node, pruned), input.places};
    }
    if (const auto* session = step_of<AssignSession>(*node)) {
      return prune_session(*node, *session, input);
    }
    if (const auto* windows = step_of<AssignCountWindow>(*node)) {
      AssignCountWindow moved = *windows;
      for (std::uint32_t& key : moved.keys) {
        key = input.places[key];
      }
      return {make_assign_count_window(input.node, std::move(moved), node->id, node->name),
              appended_places(input, kCountWindowColumns)};
    }
    if (const auto* late = step_of<LateRows>(*node)) {
      LateRows pruned = *late;
      if (pruned.windows_by == WindowsBy::kColumn) {
        pruned.window_end = input.places[pruned.window_end];
      }
      const auto appended =
          static_cast<std::uint32_t>(node->schema.size() - node->inputs[0]->schema.size());
      return {make_late_rows(input.node, std::move(pruned)), appended_places(input, appended)};
    }
    if (step_of<DeadLetters>(*node) != nullptr) {
      return {make_dead_letters(input.node), all_places(*node)};
    }
    if (const auto* aggregate = step_of<Aggregate>(*node)) {
      return prune_aggregate(*node, *aggregate, input, wanted);
    }
    if (const auto* sort = step_of<Sort>(*node)) {
      Sort pruned = *sort;
      for (SortKey& key : pruned.keys) {
        key.column = input.places[key.column];
      }
      return {make_sort(input.node, std::move(pruned), node->id, node->name), input.places};
    }
    if (const auto* top = step_of<TopN>(*node)) {
      return prune_top_n(*node, *top, input, wanted);
    }
    if (const auto* over = step_of<Over>(*node)) {
      return prune_over(*node, *over, input, wanted);
    }
    if (const auto* match = step_of<MatchPattern>(*node)) {
      return prune_match(*node, *match, input);
    }
    // A sink or a function of the program, which take every column.
    TW_CHECK(step_of<Sink>(*node) != nullptr || is_function(*node));
    if (is_function(*node)) {
      return prune_process(node);
    }
    TW_CHECK(input.node->schema.size() == node->schema.size());
    return {with_inputs(node, {input.node}), input.places};
  }

  // The numbers of the wanted columns, with their new places.
  static std::vector<std::uint32_t> keep(const Columns& wanted,
                                         std::vector<std::uint32_t>& places) {
    std::vector<std::uint32_t> kept;
    places.assign(wanted.size(), kGone);
    for (std::uint32_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) {
        places[i] = static_cast<std::uint32_t>(kept.size());
        kept.push_back(i);
      }
    }
    return kept;
  }

  Pruned prune_process(const NodePtr& node) {
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node->inputs) {
      inputs.push_back(pruned_.at(input.get()).node);
      TW_CHECK(inputs.back()->schema.size() == input->schema.size());
    }
    return {with_inputs(node, std::move(inputs)), all_places(*node)};
  }

  // Of a node that keeps all its columns.
  static std::vector<std::uint32_t> all_places(const Node& node) {
    std::vector<std::uint32_t> places(node.schema.size());
    std::iota(places.begin(), places.end(), 0U);
    return places;
  }

  static Pruned prune_scan(const Node& node, const Scan& scan, Columns wanted) {
    if (scan.predicate != nullptr) {
      collect_columns(*scan.predicate, wanted);
    }
    Pruned pruned;
    std::vector<std::uint32_t> columns;
    for (const std::uint32_t i : keep(wanted, pruned.places)) {
      columns.push_back(scan.columns[i]);
    }
    ExprPtr predicate =
        scan.predicate == nullptr ? nullptr : remap_columns(scan.predicate, pruned.places);
    Node copy = *make_scan(scan.table, std::move(columns), std::move(predicate));
    copy.name = node.name;
    pruned.node = std::make_shared<const Node>(std::move(copy));
    return pruned;
  }

  static Pruned prune_values(const Node& node, const Values& values, const Columns& wanted) {
    Pruned pruned;
    const std::vector<std::uint32_t> kept = keep(wanted, pruned.places);
    Schema schema;
    for (const std::uint32_t i : kept) {
      schema.push_back(node.schema[i]);
    }
    std::vector<std::vector<Value>> rows(values.rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (const std::uint32_t i : kept) {
        rows[row].push_back(values.rows[row][i]);
      }
    }
    pruned.node = make_values(std::move(schema), std::move(rows));
    return pruned;
  }

  static Pruned prune_project(const Node& node, const Project& project, const Pruned& input,
                              const Columns& wanted) {
    Pruned pruned;
    std::vector<ExprPtr> exprs;
    std::vector<std::string> names;
    for (const std::uint32_t i : keep(wanted, pruned.places)) {
      exprs.push_back(remap_columns(project.exprs[i], input.places));
      names.push_back(node.schema[i].name);
    }
    ExprPtr predicate =
        project.predicate == nullptr ? nullptr : remap_columns(project.predicate, input.places);
    pruned.node =
        make_project(input.node, std::move(exprs), std::move(names), std::move(predicate));
    return pruned;
  }

  // A window whose columns nobody reads is not assigned: an aggregate over it finds it by time.
  static Pruned prune_window(const Node& node, const AssignWindow& assign, const Pruned& input,
                             const Columns& wanted) {
    Pruned pruned{nullptr, input.places};
    const std::size_t first = node.inputs[0]->schema.size();
    bool read = false;
    for (std::uint32_t i = 0; i < kWindowColumns; ++i) {
      read = read || wanted[first + i];
      pruned.places.push_back(static_cast<std::uint32_t>(input.node->schema.size()) + i);
    }
    const bool removable = assign.once || assign.window.kind == WindowKind::kTumble;
    pruned.node = read || !removable ? make_assign_window(input.node, assign.window) : input.node;
    return pruned;
  }

  // Where columns went in a step that passes them on and appends `appended` of its own.
  static std::vector<std::uint32_t> appended_places(const Pruned& input, std::uint32_t appended) {
    std::vector<std::uint32_t> places = input.places;
    for (std::uint32_t i = 0; i < appended; ++i) {
      places.push_back(static_cast<std::uint32_t>(input.node->schema.size()) + i);
    }
    return places;
  }

  // It holds rows back until their session has ended, so it stays also where nobody asks which.
  static Pruned prune_session(const Node& node, const AssignSession& session, const Pruned& input) {
    AssignSession moved = session;
    for (ExprPtr& key : moved.keys) {
      key = remap_columns(key, input.places);
    }
    return {make_assign_session(input.node, std::move(moved), node.id, node.name),
            appended_places(input, kWindowColumns)};
  }

  static Pruned prune_aggregate(const Node& node, const Aggregate& aggregate, const Pruned& input,
                                const Columns& wanted) {
    const std::size_t first = first_aggregate(aggregate);
    const auto first_key = static_cast<std::ptrdiff_t>(first - aggregate.keys.size());
    Columns kept = wanted;
    std::fill(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(first), true);
    Pruned pruned;
    Aggregate fewer = aggregate;
    fewer.aggregates.clear();
    for (const std::uint32_t i : keep(kept, pruned.places)) {
      if (i >= first) {
        fewer.aggregates.push_back(aggregate.aggregates[i - first]);
      }
    }
    std::vector<std::string> key_names;
    for (auto field = node.schema.begin() + first_key;
         field != node.schema.begin() + static_cast<std::ptrdiff_t>(first); ++field) {
      key_names.push_back(field->name);
    }
    if (fewer.windows_by == WindowsBy::kColumn) {
      fewer.window_column = input.places[fewer.window_column];
    }
    Step step = map_exprs(std::move(fewer), [&input](const ExprPtr& expr) {
      return remap_columns(expr, input.places);
    });
    pruned.node = make_aggregate(input.node, std::get<Aggregate>(std::move(step)), key_names,
                                 node.id, node.name);
    return pruned;
  }

  // Where the columns that a step sorts each key's rows by have gone.
  static void move_columns(std::vector<std::uint32_t>& keys, std::vector<SortKey>& order,
                           const std::vector<std::uint32_t>& places) {
    for (std::uint32_t& key : keys) {
      key = places[key];
    }
    for (SortKey& key : order) {
      key.column = places[key.column];
    }
  }

  static Pruned prune_top_n(const Node& node, const TopN& top, const Pruned& input,
                            const Columns& wanted) {
    TopN pruned = top;
    move_columns(pruned.keys, pruned.order, input.places);
    pruned.shows_rank = top.shows_rank && wanted.back();
    std::vector<std::uint32_t> places = input.places;
    if (top.shows_rank) {
      places.push_back(static_cast<std::uint32_t>(input.node->schema.size()));
    }
    return {make_top_n(input.node, std::move(pruned), node.schema.back().name, node.id, node.name),
            std::move(places)};
  }

  // Calls nobody reads are left out; the rows still wait for the watermark, or to be final.
  static Pruned prune_over(const Node& node, const Over& over, const Pruned& input,
                           const Columns& wanted) {
    Over fewer = over;
    move_columns(fewer.keys, fewer.order, input.places);
    fewer.calls.clear();
    Pruned pruned{nullptr, input.places};
    const std::size_t first = node.inputs[0]->schema.size();
    for (std::size_t i = 0; i < over.calls.size(); ++i) {
      if (!wanted[first + i]) {
        pruned.places.push_back(kGone);
        continue;
      }
      pruned.places.push_back(
          static_cast<std::uint32_t>(input.node->schema.size() + fewer.calls.size()));
      OverCall& call = fewer.calls.emplace_back(over.calls[i]);
      for (auto* column : {&call.arg, &call.filter}) {
        if (*column) {
          *column = input.places[**column];
        }
      }
    }
    const bool makes_rows_final = node.inputs[0]->updating && !node.updating;
    pruned.node =
        fewer.calls.empty() && over.emit != OverEmit::kBehindWatermark && !makes_rows_final
            ? input.node
            : make_over(input.node, std::move(fewer), node.id, node.name);
    return pruned;
  }

  static Pruned prune_match(const Node& node, const MatchPattern& match, const Pruned& input) {
    MatchPattern moved = match;
    move_columns(moved.keys, moved.order, input.places);
    for (std::optional<std::uint32_t>& condition : moved.conditions) {
      if (condition) {
        condition = input.places[*condition];
      }
    }
    for (std::vector<MatchValue>* values : {&moved.values, &moved.moving.terms}) {
      for (MatchValue& value : *values) {
        if (value.column) {
          value.column = input.places[*value.column];
        }
      }
    }
    if (moved.call) {
      for (std::uint32_t& column : moved.call->columns) {
        column = input.places[column];
      }
    }
    std::vector<std::uint32_t> with_terms = input.places;  // Terms stand behind the columns.
    for (std::size_t i = 0; i < moved.moving.terms.size(); ++i) {
      with_terms.push_back(static_cast<std::uint32_t>(input.node->schema.size() + i));
    }
    for (ExprPtr& condition : moved.moving.by_variable) {
      condition = condition == nullptr ? nullptr : remap_columns(condition, with_terms);
    }
    Pruned pruned{make_match_pattern(input.node, std::move(moved), node.id, node.name), {}};
    if (match.rows != RowsPerMatch::kOne) {
      pruned.places = input.places;
    }
    const std::size_t passed = pruned.places.size();
    const std::size_t first = pruned.node->schema.size() - (node.schema.size() - passed);
    for (std::size_t i = passed; i < node.schema.size(); ++i) {
      pruned.places.push_back(static_cast<std::uint32_t>(first + i - passed));
    }
    return pruned;
  }

  // The input with the columns that are kept, which it may have others beside for other readers,
  // and under names of its own.
  static NodePtr cut(const Pruned& input, const Schema& schema,
                     const std::vector<std::uint32_t>& kept) {
    std::vector<ExprPtr> exprs;
    std::vector<std::string> names;
    bool same = kept.size() == input.node->schema.size();
    for (std::uint32_t i = 0; i < kept.size(); ++i) {
      const std::uint32_t place = input.places[kept[i]];
      const Field& field = schema[kept[i]];
      same = same && place == i;
      exprs.push_back(column_expr(place, field.type, field.name));
      names.push_back(field.name);
    }
    return same ? input.node : make_project(input.node, std::move(exprs), std::move(names));
  }

  // What it keeps of rows must not hang on who else reads them.
  Pruned prune_join(const Node& node, const Join& join, const Columns& wanted) {
    std::vector<NodePtr> inputs;
    std::vector<std::vector<std::uint32_t>> places(2);
    for (std::size_t number = 0; number < 2; ++number) {
      const Node& input = *node.inputs[number];
      Columns used(input.schema.size(), false);
      mark_join(node, join, number, wanted, used);
      const std::vector<std::uint32_t> kept = keep(used, places[number]);
      inputs.push_back(cut(pruned_[&input], input.schema, kept));
    }
    Join moved = join;
    for (ExprPtr& key : moved.left_keys) {
      key = remap_columns(key, places[0]);
    }
    for (ExprPtr& key : moved.right_keys) {
      key = remap_columns(key, places[1]);
    }
    for (std::size_t number = 0; number < 2; ++number) {
      ExprPtr& last = number == 0 ? moved.left_last : moved.right_last;
      last = last == nullptr ? nullptr : remap_columns(last, places[number]);
    }
    Pruned pruned{nullptr, places[0]};
    for (const std::uint32_t place : places[1]) {
      pruned.places.push_back(
          place == kGone ? kGone : static_cast<std::uint32_t>(inputs[0]->schema.size()) + place);
    }
    if (moved.condition != nullptr) {
      moved.condition = remap_columns(moved.condition, pruned.places);
    }
    pruned.places.resize(node.schema.size());
    pruned.node = make_join(inputs[0], inputs[1], std::move(moved), node.id, node.name);
    return pruned;
  }

  // Inputs may have kept columns for others that read them: each is cut to the wanted ones.
  Pruned prune_union(const Node& node, const Columns& wanted) {
    Pruned pruned;
    const std::vector<std::uint32_t> kept = keep(wanted, pruned.places);
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node.inputs) {
      inputs.push_back(cut(pruned_[input.get()], node.schema, kept));
    }
    pruned.node = make_union(std::move(inputs));
    return pruned;
  }

  std::unordered_map<const Node*, Columns> wanted_;
  std::unordered_map<const Node*, Pruned> pruned_;
};

}  // namespace

Plan prune_columns(const Plan& plan) { return Pruner().prune(plan); }

}  // namespace thalweg::plan
