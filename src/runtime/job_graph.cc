#include "runtime/job_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "operators/as_of_join.h"
#include "operators/assign_window.h"
#include "operators/count_windows.h"
#include "operators/filter_project.h"
#include "operators/group_aggregate.h"
#include "operators/grouping_sets.h"
#include "operators/interval_join.h"
#include "operators/key_join.h"
#include "operators/keyed_process.h"
#include "operators/late_filter.h"
#include "operators/match_pattern.h"
#include "operators/over.h"
#include "operators/partial_aggregate.h"
#include "operators/process.h"
#include "operators/session_aggregate.h"
#include "operators/session_rows.h"
#include "operators/sort_limit.h"
#include "operators/time_sort.h"
#include "operators/top_n.h"
#include "operators/union.h"
#include "operators/wall_time.h"
#include "operators/window_aggregate.h"
#include "operators/window_time.h"
#include "runtime/kept_state.h"
#include "runtime/sink_operator.h"
#include "runtime/values_source.h"

namespace thalweg {
namespace {

using plan::Node;

template <typename T>
const T* step_of(const Node& node) {
  return std::get_if<T>(&node.step);
}

WindowShape shape_of(plan::WindowKind kind) {
  switch (kind) {
    case plan::WindowKind::kTumble:
      return WindowShape::kTumble;
    case plan::WindowKind::kHop:
      return WindowShape::kHop;
    case plan::WindowKind::kCumulate:
      return WindowShape::kCumulate;
  }
  return {};
}

WindowGrid grid_of(const plan::Window& window) {
  if (window.calendar) {
    std::optional<CalendarGrid> grid = CalendarGrid::make({.shape = shape_of(window.kind),
                                                           .size = window.calendar->size,
                                                           .step = window.calendar->step,
                                                           .offset = window.calendar->offset},
                                                          window.calendar->zone);
    TW_CHECK(grid.has_value());
    return WindowGrid(*std::move(grid));
  }
  switch (window.kind) {
    case plan::WindowKind::kTumble:
      break;
    case plan::WindowKind::kHop:
      return WindowGrid::hop(window.step_micros, window.size_micros, window.offset_micros);
    case plan::WindowKind::kCumulate:
      return WindowGrid::cumulate(window.step_micros, window.size_micros, window.offset_micros);
  }
  return {window.size_micros, window.offset_micros};
}

WindowInput windows_of(const plan::Aggregate& aggregate) {
  WindowInput windows{.grid = grid_of(*aggregate.window),
                      .lateness_micros = aggregate.lateness_micros};
  switch (aggregate.windows_by) {
    case plan::WindowsBy::kTime:
      break;
    case plan::WindowsBy::kResultTime:
      windows.by = WindowsBy::kResultTime;
      break;
    case plan::WindowsBy::kColumn:
      windows.by = WindowsBy::kColumn;
      windows.column = aggregate.window_column;
      windows.micros_to_end = aggregate.micros_to_window_end;
      break;
  }
  return windows;
}

LateFilterSpec late_spec(const plan::LateRows& late) {
  LateFilterSpec spec{.lateness_micros = late.lateness_micros};
  if (late.window) {
    spec.windows = WindowInput{.grid = grid_of(*late.window)};
    spec.windows->lateness_micros = late.lateness_micros;
    if (late.windows_by == plan::WindowsBy::kColumn) {
      spec.windows->by = WindowsBy::kColumn;
      spec.windows->column = late.window_end;
    }
  }
  return spec;
}

// Whether the first row that comes late for a step over these rows stops the job.
bool fails_on_late(const Node& node) {
  if (const auto* scan = step_of<plan::Scan>(node)) {
    return scan->table->on_late == OnLate::kFail;
  }
  return !node.time.judged && std::any_of(node.inputs.begin(), node.inputs.end(),
                                          [](const auto& input) { return fails_on_late(*input); });
}

// The same of rows that stand for one window each. Requires: a column tells the window's end.
WindowInput windows_of_rows(const plan::WindowColumns& columns) {
  WindowInput windows{.grid = grid_of(columns.window)};
  if (!windows.grid.tumbles()) {
    windows.by = WindowsBy::kColumn;
    windows.column = *columns.end;
    windows.micros_to_end = -columns.shift_micros;
  }
  return windows;
}

std::vector<ExprPtr> columns_of(const Node& node, const std::vector<std::uint32_t>& columns) {
  std::vector<ExprPtr> exprs;
  for (const std::uint32_t column : columns) {
    exprs.push_back(column_expr(column, node.schema[column].type, node.schema[column].name));
  }
  return exprs;
}

// Whether rows of a node's output need their event time, for a node that `above` it reads.
bool reads_time(const Node& node) {
  const auto* aggregate = step_of<plan::Aggregate>(node);
  const auto* sort = step_of<plan::Sort>(node);
  if (const auto* top = step_of<plan::TopN>(node)) {
    return node.inputs[0]->needs_origin || top->ttl_micros > 0 ||
           top->emit == plan::TopNEmit::kOnWindowClose ||
           top->emit == plan::TopNEmit::kBehindWatermark;
  }
  if (const auto* sink = step_of<plan::Sink>(node)) {
    return sink->table != nullptr && sink->table->writes_event_time;
  }
  if (const auto* join = step_of<plan::Join>(node)) {
    return join->follows_time() || join->ttl_micros > 0;
  }
  const auto* over = step_of<plan::Over>(node);
  return step_of<plan::AssignWindow>(node) != nullptr || step_of<plan::LateRows>(node) != nullptr ||
         (over != nullptr && (over->emit == OverEmit::kBehindWatermark || over->ttl_micros > 0)) ||
         (sort != nullptr && sort->behind_watermark) ||
         step_of<plan::AssignSession>(node) != nullptr ||
         step_of<plan::AssignCountWindow>(node) != nullptr ||
         step_of<plan::MatchPattern>(node) != nullptr ||
         (step_of<plan::KeyedProcess>(node) != nullptr && !node.time.lost) ||
         (aggregate != nullptr &&
          (aggregate->windowed() || aggregate->ttl_micros > 0 || node.inputs[0]->needs_origin));
}

void collect_timed(const Node& node, bool timed, std::set<const Node*>& timed_nodes,
                   std::set<std::pair<const Node*, bool>>& seen) {
  if (!seen.insert({&node, timed}).second) {
    return;
  }
  if (timed) {
    timed_nodes.insert(&node);
  }
  // These make their own event time, so what is above them asks nothing of what is below.
  const auto* join = step_of<plan::Join>(node);
  const bool passes =
      (join == nullptr || join->follows_time()) && step_of<plan::Aggregate>(node) == nullptr &&
      step_of<plan::AssignSession>(node) == nullptr &&
      step_of<plan::AssignCountWindow>(node) == nullptr &&
      step_of<plan::ProcessingTime>(node) == nullptr &&
      step_of<plan::MatchPattern>(node) == nullptr && step_of<plan::KeyedProcess>(node) == nullptr;
  for (const plan::NodePtr& input : node.inputs) {
    collect_timed(*input, (timed && passes) || reads_time(node), timed_nodes, seen);
  }
}

// How many sinks get nothing but what single rows of `node` give.
std::uint32_t results_made_of(const plan::Plan& plan, const Node& node) {
  std::uint32_t results = 0;
  for (const plan::NodePtr& sink : plan.sinks) {
    const Node* below = sink->inputs[0].get();
    while (step_of<plan::Project>(*below) != nullptr || step_of<plan::Filter>(*below) != nullptr ||
           step_of<plan::Process>(*below) != nullptr) {
      below = below->inputs[0].get();
    }
    results += below == &node ? 1 : 0;
  }
  return results;
}

// Whether it passes on the first rows to come.
bool is_limit(const Node& node) {
  const auto* sort = step_of<plan::Sort>(node);
  return sort != nullptr && sort->keys.empty();
}

WindowEmit window_emit_of(plan::Emit emit) {
  switch (emit) {
    case plan::Emit::kOnWindowClose:
      return WindowEmit::kOnClose;
    case plan::Emit::kChanges:
      return WindowEmit::kChanges;
    case plan::Emit::kEvery:
      return WindowEmit::kEvery;
    case plan::Emit::kAtEnd:
      break;
  }
  TW_CHECK(false);
}

TopNEmit emit_of(plan::TopNEmit emit) {
  switch (emit) {
    case plan::TopNEmit::kAtEnd:
      return TopNEmit::kAtEnd;
    case plan::TopNEmit::kChanges:
      return TopNEmit::kChanges;
    case plan::TopNEmit::kOnWindowClose:
      return TopNEmit::kOnWindowClose;
    case plan::TopNEmit::kBehindWatermark:
      return TopNEmit::kBehindWatermark;
  }
  TW_CHECK(false);
}

StateTtl ttl_of(const Node& input, std::int64_t micros) {
  return {.micros = micros, .clock = input.time.lost ? Clock::kWall : Clock::kWatermark};
}

TopNSpec top_n_spec(const Node& node, const plan::TopN& top) {
  const Node& input = *node.inputs[0];
  TopNSpec spec{.keys = top.keys,
                .order = top.order,
                .ranking = top.ranking,
                .limit = top.limit,
                .shows_rank = top.shows_rank,
                .updating_input = input.updating,
                .has_origin = input.needs_origin && !input.updating,
                .time = input.time.column,
                .emit = emit_of(top.emit),
                .ttl = ttl_of(input, top.ttl_micros)};
  for (const Field& field : input.schema) {
    spec.types.push_back(field.type);
  }
  // Where rows are ordered by time, those of one time go on in that direction.
  spec.latest_first =
      top.keeps_last || std::any_of(top.order.begin(), top.order.end(), [&](const SortKey& key) {
        return key.descending && input.time.column == key.column;
      });
  if (top.emit == plan::TopNEmit::kOnWindowClose) {
    spec.window_end = *input.time.window->end;
    spec.shift_micros = input.time.window->shift_micros;
  }
  return spec;
}

// What rows of this node are made of, where they are dealt out by these columns. Event time and
// stamps are left to who knows whether anybody reads them.
RowLayout layout_of(const Node& node, std::vector<std::uint32_t> keys) {
  return {.types = types_of(node.schema),
          .keys = std::move(keys),
          .has_time = false,
          .has_stamps = false,
          .has_changes = node.updating,
          .has_origin = node.needs_origin};
}

OverSpec over_spec(const Node& node, const plan::Over& over) {
  const Node& input = *node.inputs[0];
  OverSpec spec{.rows = {.types = types_of(input.schema),
                         .keys = over.keys,
                         .order = over.order,
                         .has_origin = input.needs_origin && !input.updating},
                .calls = over.calls,
                .emit = over.emit,
                .updating_input = input.updating,
                .ttl = ttl_of(input, over.ttl_micros)};
  return spec;
}

MatchPatternSpec match_spec(const Node& node, const plan::MatchPattern& match) {
  const Node& input = *node.inputs[0];
  return {.rows = {.types = types_of(input.schema),
                   .keys = match.keys,
                   .order = match.order,
                   .has_origin = input.needs_origin},
          .pattern = match.pattern,
          .variables = match.variables,
          .conditions = match.conditions,
          .moving = match.moving,
          .values = match.values,
          .rows_per_match = match.rows,
          .function = match.call ? match.call->make : nullptr,
          .function_columns = match.call ? match.call->columns : std::vector<std::uint32_t>(),
          .after_match = match.after,
          .skip_to = match.skip_to,
          .within_micros = match.within_micros};
}

IntervalJoinSpec interval_join_spec(const Node& node, const plan::Join& join) {
  return {.kind = join.kind,
          .sides = {{{.types = types_of(node.inputs[0]->schema),
                      .keys = join.left_keys,
                      .last_match = join.left_last},
                     {.types = types_of(node.inputs[1]->schema),
                      .keys = join.right_keys,
                      .last_match = join.right_last}}},
          .lower_micros = join.lower_micros,
          .upper_micros = join.upper_micros,
          .condition = join.condition};
}

AsOfJoinSpec as_of_join_spec(const Node& node, const plan::Join& join) {
  const Node& left = *node.inputs[0];
  const Node& right = *node.inputs[1];
  const bool is_last = join.upper_micros.has_value();
  return {.kind = join.kind,
          .as_of = is_last ? AsOf::kLast : AsOf::kNext,
          .distance_micros = is_last ? *join.upper_micros : *join.lower_micros,
          .sides = {{{.types = types_of(left.schema), .keys = join.left_keys},
                     {.types = types_of(right.schema),
                      .keys = join.right_keys,
                      .has_origin = right.needs_origin}}},
          .ttl = ttl_of(left, join.ttl_micros)};
}

KeyJoinSpec key_join_spec(const Node& node, const plan::Join& join) {
  const Node& left = *node.inputs[0];
  const Node& right = *node.inputs[1];
  const bool at_end = join.by == plan::JoinBy::kKeysAtEnd;
  return {.kind = join.kind,
          .sides =
              {{{.types = types_of(left.schema), .keys = join.left_keys, .updating = left.updating},
                {.types = types_of(right.schema),
                 .keys = join.right_keys,
                 .updating = right.updating}}},
          .condition = join.condition,
          .emit = at_end ? KeyJoinEmit::kAtEnd : KeyJoinEmit::kChanges,
          .ttl = ttl_of(left.time.lost ? left : right, join.ttl_micros)};
}

// Builds the graph worker by worker; the first worker's pass also makes what all share.
bool chooses_rows(const Node& node) {
  const auto* process = step_of<plan::Process>(node);
  return process != nullptr && process->yields == Yields::kItsRows;
}

class GraphBuilder {
 public:
  GraphBuilder(const plan::Plan& plan, const JobOptions& options, const JobConnections& connections,
               Env& env, JobGraph& graph, GraphFor purpose)
      : plan_(plan),
        options_(options),
        connections_(connections),
        env_(env),
        graph_(graph),
        state_(plan, options, env, graph, purpose) {}

  Status build();

 private:
  // The steps of one plan node on the worker under construction.
  struct Built {
    Step* last = nullptr;  // Puts out the node's rows; nullptr where the worker has no part in it.
    Schema schema;
  };

  void align_scans();
  void collect_scans(const Node& node, std::set<SharedScan*>& found) const;
  void add_sink_id(const TablePtr& table);
  Status make_shared(const Node& node);
  Status make_scan(const Node& node);
  Status build_worker(std::uint32_t worker);
  Status build_node(const Node& node, Built& built);
  Status build_source(const Node& node, Built& built);
  Status build_dead_letters(const Node& node, Built& built);
  Status build_aggregate(const Node& node, const plan::Aggregate& aggregate, Built& built);
  // Repeats the rows for each grouping set; `keys` are then columns of theirs.
  Status add_grouping_sets(const Node& node, const plan::Aggregate& aggregate,
                           std::vector<ExprPtr>& keys, Step*& last);
  // A step that orders rows by time within each of these keys, where they have any: late ones are
  // judged before they change workers.
  Status build_ordering(const Node& node, const std::vector<ExprPtr>& keys,
                        std::unique_ptr<Operator> op, Built& built);
  // `lateness_micros`: of a step that has no windows by time. `input`: of the node.
  Status add_late_filter(const Node& node, const std::optional<WindowInput>& windows,
                         std::int64_t lateness_micros, Step*& last, std::size_t input = 0);
  // The second input of a step, each row of which goes to the step on every worker.
  Status build_broadcast(const Node& node, OperatorStep* to);
  // Rows of windows get the times of these.
  Status add_window_time(const Node& node, std::size_t input, Step*& last);
  Status build_join(const Node& node, const plan::Join& join, Built& built);
  Status build_top_n(const Node& node, const plan::TopN& top, Built& built);
  Status build_sink(const Node& node, Built& built);
  std::unique_ptr<Operator> make_operator(const Node& node);
  // Another one for each operator on each worker, so that no two of them draw the same numbers.
  std::uint64_t next_seed() {
    return static_cast<std::uint64_t>(env_.wall_now().micros) ^ (++seeds_ << 48);
  }

  Status add_operator(std::unique_ptr<Operator> op, OperatorStep*& step);
  // Keeps the state of a node's own step, and fills it with what there is of it.
  Status keep_state(const Node& node, OperatorStep& step);
  // Registers the step under its place in the plan for progress. `stage` names a step before the
  // node's own, which has none.
  GraphStep& note(const Node& node, const std::string& stage, const Step& step);
  void connect(Step* from, OperatorStep* to, int input);
  // Sends the rows of `from` by key to all workers, or without keys to worker 0.
  void exchange(const Node& node, Step* from, OperatorStep* to, std::vector<ExprPtr> keys);
  struct ExchangeEnds {
    int input;  // Of the receivers.
    std::uint32_t senders;
    std::uint32_t receivers;
  };
  void exchange(const Node& node, const ExchangeEnds& ends, Step* from, OperatorStep* to,
                std::vector<ExprPtr> keys);

  bool on_one_worker(const Node& node) const;
  bool here(const Node& node) const { return worker_index_ == 0 || !on_one_worker(node); }

  const plan::Plan& plan_;
  const JobOptions& options_;
  const JobConnections& connections_;
  Env& env_;
  JobGraph& graph_;

  KeptState state_;
  std::set<std::string> scan_ids_;

  std::set<const Node*> timed_;
  std::map<const Node*, SharedScan*> scans_;
  std::map<std::pair<const Node*, int>, ExchangeQueues*> exchanges_;  // By input.
  std::map<const Node*, Sink*> sinks_;
  std::map<std::pair<const Node*, std::string>, std::size_t> noted_;

  std::uint64_t seeds_ = 0;
  std::uint32_t worker_index_ = 0;
  Worker* worker_ = nullptr;
  std::map<const Node*, Built> built_;
  std::map<const Node*, Step*> sources_;  // Of the worker.
};

Status GraphBuilder::build() {
  state_.begin();
  std::set<std::pair<const Node*, bool>> seen;
  for (const plan::NodePtr& sink : plan_.sinks) {
    collect_timed(*sink, false, timed_, seen);
  }
  graph_.signals.open_results = static_cast<std::uint32_t>(plan_.sinks.size());
  for (std::size_t i = 0; i < plan_.sinks.size(); ++i) {
    TW_TRY_ASSIGN(std::unique_ptr<Sink> sink, connections_.make_sink(i, *plan_.sinks[i]));
    sinks_[plan_.sinks[i].get()] = sink.get();
    add_sink_id(std::get<plan::Sink>(plan_.sinks[i]->step).table);
    graph_.sinks.push_back(std::move(sink));
    TW_TRY(make_shared(*plan_.sinks[i]));
  }
  for (const auto& scan : graph_.scans) {
    TW_TRY(scan->source->open());
    scan->begun_nanos = env_.steady_nanos();
    for (Partition* partition : scan->source->partitions()) {
      scan->add(*partition);
    }
    TW_TRY(state_.resume(*scan));
  }
  align_scans();
  for (const auto& sink : graph_.sinks) {
    if (options_.epochs) {
      TW_TRY(sink->recover(graph_.start));
    }
    TW_TRY(sink->open());
  }
  for (std::uint32_t worker = 0; worker < options_.workers; ++worker) {
    TW_TRY(build_worker(worker));
  }
  return {};
}

void GraphBuilder::add_sink_id(const TablePtr& table) {
  const std::string name = table == nullptr ? "answer" : table->name;
  std::string id = name;
  for (int number = 2; std::ranges::find(graph_.sink_ids, id) != graph_.sink_ids.end(); ++number) {
    id = fmt::format("{}#{}", name, number);
  }
  graph_.sink_ids.push_back(std::move(id));
}

// Scans below one sink meet there at the latest.
void GraphBuilder::align_scans() {
  for (const plan::NodePtr& sink : plan_.sinks) {
    std::set<SharedScan*> meeting;
    collect_scans(*sink, meeting);
    for (SharedScan* scan : meeting) {
      for (const SharedScan* other : meeting) {
        if (other->event_time && std::ranges::find(scan->aligned, other) == scan->aligned.end()) {
          scan->aligned.push_back(other);
        }
      }
    }
  }
}

void GraphBuilder::collect_scans(const Node& node, std::set<SharedScan*>& found) const {
  if (const auto scan = scans_.find(&node); scan != scans_.end()) {
    found.insert(scan->second);
  }
  for (const plan::NodePtr& input : node.inputs) {
    collect_scans(*input, found);
  }
}

Status GraphBuilder::make_shared(const Node& node) {
  for (const plan::NodePtr& input : node.inputs) {
    TW_TRY(make_shared(*input));
  }
  if (!scans_.contains(&node) &&
      (step_of<plan::Scan>(node) != nullptr || step_of<plan::Values>(node) != nullptr)) {
    return make_scan(node);
  }
  return {};
}

Status GraphBuilder::make_scan(const Node& node) {
  auto shared = std::make_unique<SharedScan>();
  shared->origin = node.needs_origin;
  if (const auto* values = step_of<plan::Values>(node)) {
    auto table = std::make_shared<Table>();
    table->name = "VALUES";
    for (std::uint32_t i = 0; i < node.schema.size(); ++i) {
      table->columns.push_back({.field = node.schema[i], .computed = nullptr, .metadata = {}});
      shared->output.push_back(i);
    }
    shared->physical = shared->output;
    shared->table = std::move(table);
    shared->source = make_values_source(*values, node.schema, options_.batch_rows);
  } else {
    const auto& scan = std::get<plan::Scan>(node.step);
    shared->table = scan.table;
    shared->output = scan.columns;
    shared->event_time = scan.table->watermark.has_value() && timed_.contains(&node);
    shared->physical = physical_columns(*scan.table, scan.columns, shared->event_time);
    TW_TRY_ASSIGN(shared->source, connections_.make_source(*scan.table, shared->physical));
  }
  shared->id = shared->table->name;
  for (int number = 2; scan_ids_.contains(shared->id); ++number) {
    shared->id = fmt::format("{}#{}", shared->table->name, number);
  }
  scan_ids_.insert(shared->id);
  scans_[&node] = shared.get();
  graph_.scans.push_back(std::move(shared));
  return {};
}

Status GraphBuilder::build_worker(std::uint32_t index) {
  WorkerContext context{.env = env_,
                        .worker = index,
                        .batch_rows = options_.batch_rows,
                        .dice = std::nullopt,
                        .failure = {},
                        .measure = options_.measure_operators};
  for (const auto& scan : graph_.scans) {
    context.fail_on_row_error |= scan->table->on_error == OnError::kFail;
    context.fail_on_late |= scan->table->on_late == OnLate::kFail;
  }
  if (options_.epochs) {
    // A stepped job has little state, and much is to happen to it.
    const std::uint32_t rows_at_once = options_.interleaving_seed ? 3 : WorkerDelta::kRowsAtOnce;
    graph_.deltas.push_back(
        std::make_unique<WorkerDelta>(*options_.epochs->store, index, rows_at_once));
    context.delta = graph_.deltas.back().get();
  }
  if (options_.interleaving_seed) {
    context.dice.emplace(*options_.interleaving_seed + index);
  }
  graph_.workers.push_back(std::make_unique<Worker>(std::move(context)));
  worker_ = graph_.workers.back().get();
  worker_index_ = index;
  built_.clear();
  for (const plan::NodePtr& sink : plan_.sinks) {
    Built built;
    TW_TRY(build_node(*sink, built));
  }
  worker_->begin_after(graph_.start.decided);
  return {};
}

bool GraphBuilder::on_one_worker(const Node& node) const {
  if (step_of<plan::Values>(node) != nullptr || step_of<plan::Sort>(node) != nullptr) {
    return true;
  }
  if (const auto* scan = step_of<plan::Scan>(node)) {
    // A row must not overtake the one that takes it back.
    return scan->table->mode != ChangeMode::kAppend;
  }
  if (const auto* aggregate = step_of<plan::Aggregate>(node);
      aggregate != nullptr && aggregate->keys.empty()) {
    return true;
  }
  if (const auto* session = step_of<plan::AssignSession>(node);
      session != nullptr && session->keys.empty()) {
    return true;
  }
  if (const auto* join = step_of<plan::Join>(node); join != nullptr && join->left_keys.empty()) {
    return true;
  }
  if (const auto* windows = step_of<plan::AssignCountWindow>(node);
      windows != nullptr && windows->keys.empty()) {
    return true;
  }
  if (const auto* top = step_of<plan::TopN>(node); top != nullptr && top->keys.empty()) {
    return true;
  }
  if (const auto* over = step_of<plan::Over>(node); over != nullptr && over->keys.empty()) {
    return true;
  }
  if (const auto* match = step_of<plan::MatchPattern>(node);
      match != nullptr && match->keys.empty()) {
    return true;
  }
  if (step_of<plan::KeyedProcess>(node) != nullptr) {
    return on_one_worker(*node.inputs[0]);
  }
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [this](const plan::NodePtr& input) { return on_one_worker(*input); });
}

Status GraphBuilder::build_node(const Node& node, Built& built) {
  if (const auto found = built_.find(&node); found != built_.end()) {
    built = found->second;
    return {};
  }
  if (scans_.contains(&node)) {
    TW_TRY(build_source(node, built));
  } else if (const auto* aggregate = step_of<plan::Aggregate>(node)) {
    TW_TRY(build_aggregate(node, *aggregate, built));
  } else if (const auto* sort = step_of<plan::Sort>(node);
             sort != nullptr && sort->behind_watermark) {
    TW_TRY(build_ordering(node, {}, make_operator(node), built));
  } else if (const auto* session = step_of<plan::AssignSession>(node)) {
    TW_TRY(build_ordering(node, session->keys, make_operator(node), built));
  } else if (const auto* windows = step_of<plan::AssignCountWindow>(node)) {
    TW_TRY(build_ordering(node, columns_of(*node.inputs[0], windows->keys), make_operator(node),
                          built));
  } else if (const auto* process = step_of<plan::KeyedProcess>(node)) {
    TW_TRY(build_ordering(node, columns_of(*node.inputs[0], process->keys), make_operator(node),
                          built));
  } else if (const auto* over = step_of<plan::Over>(node)) {
    TW_TRY(
        build_ordering(node, columns_of(*node.inputs[0], over->keys), make_operator(node), built));
  } else if (const auto* match = step_of<plan::MatchPattern>(node)) {
    TW_TRY(
        build_ordering(node, columns_of(*node.inputs[0], match->keys), make_operator(node), built));
  } else if (const auto* top = step_of<plan::TopN>(node)) {
    TW_TRY(build_top_n(node, *top, built));
  } else if (const auto* join = step_of<plan::Join>(node)) {
    TW_TRY(build_join(node, *join, built));
  } else if (step_of<plan::Sink>(node) != nullptr) {
    TW_TRY(build_sink(node, built));
  } else if (step_of<plan::DeadLetters>(node) != nullptr) {
    TW_TRY(build_dead_letters(node, built));
  } else {
    std::vector<Step*> inputs;
    for (const plan::NodePtr& input : node.inputs) {
      Built below;
      TW_TRY(build_node(*input, below));
      inputs.push_back(below.last);
    }
    OperatorStep* step = nullptr;
    if (here(node)) {
      TW_TRY(add_operator(make_operator(node), step));
      if (is_limit(node)) {
        step->completes(graph_.signals.open_results, results_made_of(plan_, node));
      }
      TW_TRY(keep_state(node, *step));
      if (const auto* clock = step_of<plan::ProcessingTime>(node)) {
        step->follow_clock(
            {.every_micros = clock->tick_micros, .offset_micros = clock->tick_offset_micros});
      }
      const auto* project = step_of<plan::Project>(node);
      note(node, "", *step).filters = step_of<plan::Filter>(node) != nullptr ||
                                      chooses_rows(node) ||
                                      (project != nullptr && project->predicate != nullptr);
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (step_of<plan::Sort>(node) != nullptr && !on_one_worker(*node.inputs[i])) {
        exchange(node, inputs[i], step, {});
      } else {
        connect(inputs[i], step, static_cast<int>(i));
      }
    }
    built.last = step;
  }
  built_[&node] = built;
  return {};
}

Status GraphBuilder::build_source(const Node& node, Built& built) {
  if (!here(node)) {
    return {};
  }
  auto source = std::make_unique<SourceStep>(worker_->context(), *scans_[&node], graph_.signals);
  TW_TRY(state_.keep(*scans_[&node], *source));
  const auto* scan = step_of<plan::Scan>(node);
  const bool filtered = scan != nullptr && scan->predicate != nullptr;
  note(node, filtered ? "reading" : "", *source).source = true;
  built.last = source.get();
  sources_[&node] = source.get();
  worker_->add_step(std::move(source));
  if (filtered) {
    OperatorStep* filter = nullptr;
    TW_TRY(add_operator(make_filter_project({.predicate = scan->predicate,
                                             .projections = std::nullopt,
                                             .random_seed = next_seed()}),
                        filter));
    note(node, "", *filter).filters = true;
    connect(built.last, filter, 0);
    built.last = filter;
  }
  return {};
}

Status GraphBuilder::build_dead_letters(const Node& node, Built& built) {
  Built below;
  TW_TRY(build_node(*node.inputs[0], below));
  if (!here(node)) {
    return {};
  }
  OperatorStep* step = nullptr;
  TW_TRY(add_operator(make_union(), step));
  note(node, "", *step);
  sources_.at(node.inputs[0].get())
      ->add_dead_letter_outlet(std::make_unique<LocalOutlet>(*step, step->add_channel(0)));
  built.last = step;
  return {};
}

std::unique_ptr<Operator> GraphBuilder::make_operator(const Node& node) {
  if (const auto* filter = step_of<plan::Filter>(node)) {
    return make_filter_project(
        {.predicate = filter->predicate, .projections = std::nullopt, .random_seed = next_seed()});
  }
  if (const auto* project = step_of<plan::Project>(node)) {
    return make_filter_project({.predicate = project->predicate,
                                .projections = project->exprs,
                                .random_seed = next_seed()});
  }
  if (const auto* assign = step_of<plan::AssignWindow>(node)) {
    TW_CHECK(!assign->once || assign->window.kind == plan::WindowKind::kTumble);
    return make_assign_window(grid_of(assign->window));
  }
  if (const auto* session = step_of<plan::AssignSession>(node)) {
    return make_session_rows({.keys = session->keys,
                              .gap_micros = session->gap_micros,
                              .input_types = types_of(node.inputs[0]->schema)});
  }
  if (const auto* windows = step_of<plan::AssignCountWindow>(node)) {
    return make_count_windows({.types = types_of(node.inputs[0]->schema),
                               .keys = windows->keys,
                               .has_origin = node.inputs[0]->needs_origin,
                               .rows = windows->rows,
                               .step = windows->step,
                               .ttl_micros = windows->ttl_micros});
  }
  if (const auto* over = step_of<plan::Over>(node)) {
    return thalweg::make_over(over_spec(node, *over));
  }
  if (const auto* match = step_of<plan::MatchPattern>(node)) {
    return thalweg::make_match_pattern(match_spec(node, *match));
  }
  if (const auto* sort = step_of<plan::Sort>(node)) {
    if (sort->behind_watermark && sort->keys.empty() && node.time.lost) {
      return make_union();
    }
    if (sort->behind_watermark) {
      RowLayout rows = layout_of(*node.inputs[0], {});
      rows.has_time = true;
      return make_time_sort({.keys = sort->keys, .rows = std::move(rows)});
    }
    RowLayout rows = layout_of(*node.inputs[0], {});
    rows.has_time = rows.has_stamps = timed_.contains(node.inputs[0].get());
    return make_sort_limit({.keys = sort->keys,
                            .limit = sort->limit,
                            .offset = sort->offset,
                            .rows = std::move(rows)});
  }
  if (const auto* late = step_of<plan::LateRows>(node)) {
    LateFilterSpec spec = late_spec(*late);
    spec.shows_changes = node.inputs[0]->updating;
    return make_late_rows(std::move(spec));
  }
  if (const auto* clock = step_of<plan::ProcessingTime>(node)) {
    return make_wall_time(clock->column);
  }
  if (const auto* process = step_of<plan::Process>(node)) {
    return make_process({.function = process->make(), .yields = process->yields});
  }
  if (const auto* process = step_of<plan::KeyedProcess>(node)) {
    RowLayout rows = layout_of(*node.inputs[0], process->keys);
    rows.has_time = !node.time.lost;
    std::optional<KeyedProcessSpec::Broadcast> broadcast;
    if (node.inputs.size() > 1) {
      broadcast = {.rows = layout_of(*node.inputs[1], {}), .rejects = worker_index_ == 0};
      broadcast->rows.has_time = !node.time.lost;
      broadcast->rows.on_every_worker = true;
    }
    return make_keyed_process({.function = process->make(),
                               .name = process->text,
                               .rows = std::move(rows),
                               .broadcast = std::move(broadcast),
                               .timed = !node.time.lost});
  }
  TW_CHECK(step_of<plan::Union>(node) != nullptr);
  return make_union();
}

Status GraphBuilder::build_aggregate(const Node& node, const plan::Aggregate& aggregate,
                                     Built& built) {
  const Node& input = *node.inputs[0];
  Built below;
  TW_TRY(build_node(input, below));
  const bool exchanged = options_.workers > 1 && !on_one_worker(input);

  AggregationSpec spec{.keys = aggregate.keys,
                       .aggregates = state_.calls_of(node, aggregate),
                       .input = AggregateInput::kRows,
                       .updating_input = input.updating};
  std::optional<WindowInput> windows;
  Step* last = below.last;
  if (aggregate.window) {
    windows.emplace(windows_of(aggregate));
  }
  if (aggregate.windowed()) {
    TW_TRY(add_late_filter(node, windows, aggregate.lateness_micros, last));
  }
  if (!aggregate.sets.empty()) {
    TW_TRY(add_grouping_sets(node, aggregate, spec.keys, last));
  }
  std::vector<ExprPtr> exchange_keys = spec.keys;
  // Results that are due at every change must not wait in a first stage.
  if (exchanged && !input.updating && !aggregate.makes_changes() && !aggregate.session_gap_micros &&
      is_mergeable(aggregate.aggregates)) {
    const std::vector<Type> types = partial_types(spec);
    for (std::uint32_t i = 0; i < exchange_keys.size(); ++i) {
      exchange_keys[i] = column_expr(i, types[i], "");
    }
    if (last != nullptr) {
      OperatorStep* partial = nullptr;
      TW_TRY(
          add_operator(make_partial_aggregate({.aggregation = spec, .windows = windows}), partial));
      note(node, "first stage", *partial);
      connect(last, partial, 0);
      last = partial;
    }
    spec.input = AggregateInput::kPartials;
  }

  OperatorStep* step = nullptr;
  if (here(node)) {
    std::unique_ptr<Operator> op;
    if (aggregate.session_gap_micros) {
      op = make_session_aggregate({.aggregation = std::move(spec),
                                   .gap_micros = *aggregate.session_gap_micros,
                                   .lateness_micros = aggregate.lateness_micros,
                                   .emit = window_emit_of(aggregate.emit),
                                   .every_micros = aggregate.every_micros});
    } else if (windows) {
      op = make_window_aggregate({.aggregation = std::move(spec),
                                  .windows = *windows,
                                  .emit = window_emit_of(aggregate.emit),
                                  .every_micros = aggregate.every_micros});
    } else {
      op = make_group_aggregate(
          {.aggregation = std::move(spec),
           .emit = aggregate.emit == plan::Emit::kChanges ? GroupEmit::kChanges : GroupEmit::kAtEnd,
           .ttl = ttl_of(input, aggregate.ttl_micros)});
    }
    TW_TRY(add_operator(std::move(op), step));
    TW_TRY(keep_state(node, *step));
    note(node, "", *step);
  }
  if (exchanged) {
    exchange(node, last, step, std::move(exchange_keys));
  } else {
    connect(last, step, 0);
  }
  built.last = step;
  return {};
}

Status GraphBuilder::add_grouping_sets(const Node& node, const plan::Aggregate& aggregate,
                                       std::vector<ExprPtr>& keys, Step*& last) {
  const Schema& input = node.inputs[0]->schema;
  std::vector<ExprPtr> exprs;
  for (std::uint32_t i = 0; i < input.size(); ++i) {
    exprs.push_back(column_expr(i, input[i].type, input[i].name));
  }
  GroupingSetsSpec spec{.keys = {}, .sets = aggregate.sets};
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    spec.keys.push_back(static_cast<std::uint32_t>(exprs.size()));
    exprs.push_back(keys[i]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto column = static_cast<std::uint32_t>(exprs.size() + i);
    keys[i] = column_expr(column, keys[i]->type, "");
  }
  if (last == nullptr) {
    return {};
  }
  OperatorStep* evaluated = nullptr;
  TW_TRY(add_operator(make_filter_project({.predicate = nullptr, .projections = std::move(exprs)}),
                      evaluated));
  note(node, "keys", *evaluated);
  connect(last, evaluated, 0);
  OperatorStep* repeated = nullptr;
  TW_TRY(add_operator(make_grouping_sets(std::move(spec)), repeated));
  note(node, "rows of each set", *repeated);
  connect(evaluated, repeated, 0);
  last = repeated;
  return {};
}

Status GraphBuilder::add_late_filter(const Node& node, const std::optional<WindowInput>& windows,
                                     std::int64_t lateness_micros, Step*& last, std::size_t input) {
  if (last == nullptr) {
    return {};
  }
  OperatorStep* late = nullptr;
  TW_TRY(add_operator(make_late_filter({.windows = windows,
                                        .lateness_micros = lateness_micros,
                                        .fails = fails_on_late(*node.inputs[input])}),
                      late));
  const bool of_side = step_of<plan::Join>(node) != nullptr;
  note(node,
       !of_side     ? "late rows left out"
       : input == 0 ? "late rows left out on the left"
                    : "late rows left out on the right",
       *late);
  connect(last, late, 0);
  last = late;
  return {};
}

Status GraphBuilder::build_ordering(const Node& node, const std::vector<ExprPtr>& keys,
                                    std::unique_ptr<Operator> op, Built& built) {
  const Node& input = *node.inputs[0];
  Built below;
  TW_TRY(build_node(input, below));
  Step* last = below.last;
  // All rows of an input that ends count, whatever their time.
  const auto* over = step_of<plan::Over>(node);
  if (!input.time.lost && (over == nullptr || over->emit == OverEmit::kBehindWatermark)) {
    TW_TRY(add_late_filter(node, std::nullopt, /*lateness_micros=*/0, last));
  }
  OperatorStep* step = nullptr;
  if (here(node)) {
    TW_TRY(add_operator(std::move(op), step));
    TW_TRY(keep_state(node, *step));
    note(node, "", *step);
  }
  if (options_.workers > 1 && !on_one_worker(input)) {
    exchange(node, last, step, keys);
  } else {
    connect(last, step, 0);
  }
  built.last = step;
  return node.inputs.size() > 1 ? build_broadcast(node, step) : Status();
}

Status GraphBuilder::build_broadcast(const Node& node, OperatorStep* to) {
  const Node& input = *node.inputs[1];
  TW_CHECK(on_one_worker(input));  // Or workers would take its rows in different orders.
  Built below;
  TW_TRY(build_node(input, below));
  if (options_.workers > 1 && !on_one_worker(node)) {
    exchange(node, {.input = 1, .senders = 1, .receivers = options_.workers}, below.last, to, {});
  } else {
    connect(below.last, to, 1);
  }
  return {};
}

Status GraphBuilder::add_window_time(const Node& node, std::size_t input, Step*& last) {
  if (last == nullptr) {
    return {};
  }
  const plan::WindowColumns& window = *node.inputs[input]->time.window;
  OperatorStep* step = nullptr;
  TW_TRY(add_operator(
      make_window_time({.window_end = *window.end, .micros_to_end = -window.shift_micros}), step));
  note(node, input == 0 ? "window_time on the left" : "window_time on the right", *step);
  connect(last, step, 0);
  last = step;
  return {};
}

Status GraphBuilder::build_join(const Node& node, const plan::Join& join, Built& built) {
  std::array<Step*, 2> last{};
  for (std::size_t i = 0; i < last.size(); ++i) {
    Built below;
    TW_TRY(build_node(*node.inputs[i], below));
    last[i] = below.last;
    if (!join.follows_time()) {
      continue;
    }
    const bool by_window = join.in_windows[i] && !node.inputs[i]->time.window->is_result;
    const auto windows =
        by_window ? std::optional(windows_of_rows(*node.inputs[i]->time.window)) : std::nullopt;
    TW_TRY(add_late_filter(node, windows, /*lateness_micros=*/0, last[i], i));
    if (by_window) {
      TW_TRY(add_window_time(node, i, last[i]));
    }
  }
  OperatorStep* step = nullptr;
  if (here(node)) {
    TW_TRY(add_operator(join.by_time() ? make_interval_join(interval_join_spec(node, join))
                        : join.as_of() ? make_as_of_join(as_of_join_spec(node, join))
                                       : make_key_join(key_join_spec(node, join)),
                        step));
    TW_TRY(keep_state(node, *step));
    note(node, "", *step);
  }
  for (std::size_t i = 0; i < last.size(); ++i) {
    const bool stays = on_one_worker(node) && on_one_worker(*node.inputs[i]);
    if (options_.workers > 1 && !stays) {
      const std::vector<ExprPtr>& keys = i == 0 ? join.left_keys : join.right_keys;
      exchange(node,
               {.input = static_cast<int>(i),
                .senders = on_one_worker(*node.inputs[i]) ? 1 : options_.workers,
                .receivers = keys.empty() ? 1 : options_.workers},
               last[i], step, keys);
    } else {
      connect(last[i], step, static_cast<int>(i));
    }
  }
  built.last = step;
  return {};
}

Status GraphBuilder::build_top_n(const Node& node, const plan::TopN& top, Built& built) {
  const Node& input = *node.inputs[0];
  Built below;
  TW_TRY(build_node(input, below));
  const bool exchanged = options_.workers > 1 && !on_one_worker(input);
  const bool judges = top.emit == plan::TopNEmit::kBehindWatermark ||
                      (top.emit == plan::TopNEmit::kOnWindowClose && !input.time.window->is_result);
  Step* last = below.last;
  if (judges) {
    std::optional<WindowInput> windows;
    if (top.emit == plan::TopNEmit::kOnWindowClose) {
      windows.emplace(windows_of_rows(*input.time.window));
    }
    TW_TRY(add_late_filter(node, windows, /*lateness_micros=*/0, last));
  }
  OperatorStep* step = nullptr;
  if (here(node)) {
    TW_TRY(add_operator(make_top_n(top_n_spec(node, top)), step));
    if (!input.bounded) {
      step->completes(graph_.signals.open_results, results_made_of(plan_, node));
    }
    TW_TRY(keep_state(node, *step));
    note(node, "", *step);
  }
  if (exchanged) {
    exchange(node, last, step, columns_of(input, top.keys));
  } else {
    connect(last, step, 0);
  }
  built.last = step;
  return {};
}

Status GraphBuilder::build_sink(const Node& node, Built& built) {
  Built below;
  TW_TRY(build_node(*node.inputs[0], below));
  if (!here(node)) {
    return {};
  }
  auto op = std::make_unique<SinkOperator>(sinks_[&node]->make_writer());
  SinkWriter& writer = op->writer();
  worker_->add_writer(&writer);
  OperatorStep* step = nullptr;
  TW_TRY(add_operator(std::move(op), step));
  step->writes_to(writer);
  const TablePtr& table = std::get<plan::Sink>(node.step).table;
  if (table != nullptr && table->on_error == OnError::kFail) {
    step->fails_on_row_error();
  }
  note(node, "", *step).sink = true;
  connect(below.last, step, 0);
  built.last = step;
  return {};
}

Status GraphBuilder::add_operator(std::unique_ptr<Operator> op, OperatorStep*& step) {
  auto owned = std::make_unique<OperatorStep>(worker_->context(), std::move(op));
  step = owned.get();
  worker_->add_step(std::move(owned));
  return step->open();
}

Status GraphBuilder::keep_state(const Node& node, OperatorStep& step) {
  // One that runs on a single worker has all rows, though they may have keys.
  return state_.keep(
      node, step,
      on_one_worker(node) ? KeyGroupRange() : groups_of_worker(worker_index_, options_.workers));
}

GraphStep& GraphBuilder::note(const Node& node, const std::string& stage, const Step& step) {
  const auto [found, is_new] = noted_.try_emplace({&node, stage}, graph_.steps.size());
  if (is_new) {
    GraphStep noted;
    noted.node = &node;
    noted.stage = stage;
    noted.id = node.id;
    noted.description = (stage.empty() ? "" : stage + " of ") + plan::describe(node);
    graph_.steps.push_back(std::move(noted));
  }
  GraphStep& noted = graph_.steps[found->second];
  noted.counters.push_back(&step.counters());
  return noted;
}

void GraphBuilder::connect(Step* from, OperatorStep* to, int input) {
  if (from != nullptr && to != nullptr) {
    from->add_outlet(std::make_unique<LocalOutlet>(*to, to->add_channel(input)));
  }
}

void GraphBuilder::exchange(const Node& node, Step* from, OperatorStep* to,
                            std::vector<ExprPtr> keys) {
  const std::uint32_t receivers = keys.empty() ? 1 : options_.workers;
  exchange(node, {.input = 0, .senders = options_.workers, .receivers = receivers}, from, to,
           std::move(keys));
}

void GraphBuilder::exchange(const Node& node, const ExchangeEnds& ends, Step* from,
                            OperatorStep* to, std::vector<ExprPtr> keys) {
  ExchangeQueues*& queues = exchanges_[{&node, ends.input}];
  if (queues == nullptr) {
    graph_.exchanges.push_back(std::make_unique<ExchangeQueues>(ends.senders, ends.receivers));
    queues = graph_.exchanges.back().get();
  }
  if (from != nullptr) {
    from->add_outlet(
        std::make_unique<ExchangeOutlet>(worker_->context(), *queues, std::move(keys)));
  }
  if (to != nullptr) {
    for (std::uint32_t sender = 0; sender < queues->senders(); ++sender) {
      to->add_channel(ends.input, &queues->queue(sender, worker_index_));
    }
  }
}

}  // namespace

namespace {

// Puts the steps into the order of EXPLAIN; the stages before a node's own step stand below it.
void arrange_steps(const plan::Plan& plan, JobGraph& graph) {
  std::vector<GraphStep> arranged;
  for (const plan::ExplainLine& line : plan::explain_lines(plan)) {
    bool first = true;
    for (auto step = graph.steps.rbegin(); step != graph.steps.rend(); ++step) {
      if (step->node == line.node) {
        step->explain_line = first ? line.text : line.below + step->stage;
        step->node = nullptr;  // Shown where it is read first.
        first = false;
        arranged.push_back(std::move(*step));
      }
    }
  }
  graph.steps = std::move(arranged);
}

}  // namespace

Status build_graph(const plan::Plan& plan, const JobOptions& options,
                   const JobConnections& connections, Env& env, JobGraph& graph, GraphFor purpose) {
  TW_TRY(GraphBuilder(plan, options, connections, env, graph, purpose).build());
  arrange_steps(plan, graph);
  return {};
}

}  // namespace thalweg
