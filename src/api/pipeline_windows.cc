#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/pipeline_impl.h"
#include "plan/build.h"
#include "plan/duration_text.h"
#include "sql/sql_text.h"

// Windows, aggregates and the first rows of each key, as the planner knows them from SQL.
namespace thalweg::detail {
namespace {

std::int64_t floor_mod(std::int64_t value, std::int64_t size) {
  return ((value % size) + size) % size;
}

// What is wrong with windows; empty: nothing.
std::string mistake_in(const Windows& windows) {
  const auto more_than_nothing = [](const char* what, std::chrono::microseconds span) {
    return fmt::format("the {} is more than nothing, not {}", what,
                       plan::duration_text(span.count()));
  };
  if (windows.kind == Windows::Kind::kSession) {
    return windows.gap.count() > 0 ? "" : more_than_nothing("gap of a session", windows.gap);
  }
  if (windows.kind == Windows::Kind::kRows) {
    return windows.rows > 0 && windows.rows_apart > 0
               ? ""
               : fmt::format(
                     "windows have one row or more and begin one or more apart, not {} and {}",
                     windows.rows, windows.rows_apart);
  }
  if (windows.size.count() <= 0) {
    return more_than_nothing("size of a window", windows.size);
  }
  if (windows.kind == Windows::Kind::kTumbling) {
    return "";
  }
  const bool hopping = windows.kind == Windows::Kind::kHopping;
  if (windows.step.count() <= 0) {
    return more_than_nothing(hopping ? "slide of a window" : "step of a window", windows.step);
  }
  if (!hopping && windows.step > windows.size) {
    return fmt::format("the step of cumulating windows, {}, is at most their size, {}",
                       plan::duration_text(windows.step.count()),
                       plan::duration_text(windows.size.count()));
  }
  return "";
}

// Requires: windows of fixed times, and no mistake in them.
plan::Window window_of(const Windows& windows) {
  plan::Window window;
  window.size_micros = windows.size.count();
  std::int64_t period = window.size_micros;
  switch (windows.kind) {
    case Windows::Kind::kTumbling:
    case Windows::Kind::kSession:
    case Windows::Kind::kRows:
      break;
    case Windows::Kind::kHopping:
      window.kind = plan::WindowKind::kHop;
      window.step_micros = windows.step.count();
      period = window.step_micros;
      break;
    case Windows::Kind::kCumulating:
      window.kind = plan::WindowKind::kCumulate;
      window.step_micros = windows.step.count();
      break;
  }
  window.offset_micros = floor_mod(windows.offset.count(), period);
  return window;
}

// The call that one aggregate of the program stands for; nothing where there is none such.
std::optional<AggregateCall> call_of(const AggregateOf& wanted, const ExprPtr& field) {
  AggregateCall call;
  call.name = wanted.name;
  std::vector<Type> types;
  if (field == nullptr) {
    if (wanted.function != "count") {
      return std::nullopt;
    }
    call.kind = AggregateKind::kCountStar;
  } else {
    const AggregateFunction* const function = find_aggregate(wanted.function);
    if (function == nullptr) {
      return std::nullopt;
    }
    call.kind = wanted.function == "count" ? AggregateKind::kCount : function->kind;
    call.args.push_back(field);
    types.push_back(field->type);
  }
  const std::optional<Type> type = aggregate_type(call.kind, types);
  if (!type) {
    return std::nullopt;
  }
  call.type = *type;
  return call;
}

std::string call_sql(const AggregateOf& aggregate) {
  return fmt::format("{}({}) AS {}", aggregate.function,
                     aggregate.field.empty() ? "*" : quote_name(aggregate.field),
                     quote_name(aggregate.name));
}

// Decides when the results of windows over `input` come out; what is wrong, where something is.
std::string choose_emission(const EmissionDecl& decl, const plan::Node& input,
                            plan::Aggregate& aggregate) {
  aggregate.emit = plan::Emit::kOnWindowClose;
  switch (decl.kind) {
    case EmissionDecl::Kind::kOnClose:
      aggregate.lateness_micros = decl.lateness.count();
      return decl.lateness.count() > 0 && input.time.judged
                 ? "these rows are results already, and none of them comes too late"
                 : "";
    case EmissionDecl::Kind::kChanges:
      aggregate.emit = plan::Emit::kChanges;
      return "";
    case EmissionDecl::Kind::kEvery:
      if (decl.every.count() <= 0) {
        return fmt::format("the period of emit_every is more than nothing, not {}",
                           plan::duration_text(decl.every.count()));
      }
      // Rows that come by the clock already need not wait for it again.
      aggregate.emit = input.updating ? plan::Emit::kChanges : plan::Emit::kEvery;
      aggregate.every_micros = input.updating ? 0 : decl.every.count();
      return "";
  }
  return "";
}

std::string mistake_in(std::chrono::microseconds lateness) {
  return lateness.count() >= 0 ? ""
                               : fmt::format("the lateness cannot be less than nothing: {}",
                                             plan::duration_text(lateness.count()));
}

Ranking ranking_of(Top::Ties ties) {
  switch (ties) {
    case Top::Ties::kCut:
      break;
    case Top::Ties::kKeep:
      return Ranking::kRank;
    case Top::Ties::kTogether:
      return Ranking::kDenseRank;
  }
  return Ranking::kRowNumber;
}

}  // namespace

bool Graph::Impl::check_windows(const PlanNode& input, const Windows& windows) {
  if (input->time.lost) {
    add_problem("window", "the stream has no event time",
                {"say at the source which field holds it: "
                 "event_time<&T::field>(bounded_out_of_order(5s))",
                 "an aggregate without a window has none: put a window below it"});
    return false;
  }
  const std::string mistake = mistake_in(windows);
  if (!mistake.empty()) {
    add_problem("window", mistake, {});
    return false;
  }
  const bool by_rows = windows.kind == Windows::Kind::kRows;
  if ((windows.kind == Windows::Kind::kSession || by_rows) && input->updating) {
    add_problem("window",
                fmt::format("{} need final rows, and these change as they come",
                            by_rows ? "windows of so many rows" : "sessions"),
                {"let the windows below give final results: without allowed_lateness, emit_changes "
                 "and emit_every"});
    return false;
  }
  return true;
}

std::optional<std::vector<ExprPtr>> Graph::Impl::columns_of(const PlanNode& node,
                                                            const std::string& step,
                                                            const std::vector<std::string>& names) {
  std::vector<ExprPtr> exprs;
  for (const std::string& column : names) {
    const auto place = column_of(node, step, column);
    if (!place) {
      return std::nullopt;
    }
    exprs.push_back(column_expr(*place, node->schema[*place].type, column));
  }
  return exprs;
}

std::string Graph::Impl::next_id(const std::string& kind) {
  return fmt::format("{}/{}#{}", name, kind, ++operators[kind]);
}

// A window is full, and its result final, when its last row has come: the planner knows that of
// groups that hold the window's number.
PlanNode Graph::aggregate_rows(const PlanNode& input, const AggregateDecl& decl) {
  if (decl.emission.kind != EmissionDecl::Kind::kOnClose || decl.emission.lateness.count() != 0) {
    impl_->add_problem("aggregate", "windows of so many rows give final results alone",
                       {"leave out allowed_lateness, emit_changes or emit_every"});
    return nullptr;
  }
  const PlanNode rows = assign_windows(input, decl.keys, *decl.windows);
  std::vector<std::string> keys = decl.keys;
  keys.insert(keys.end(), {"window_number", "window_start", "window_end", "window_time"});
  return aggregate(rows, {std::move(keys), std::nullopt, decl.aggregates});
}

PlanNode Graph::aggregate(const PlanNode& input, const AggregateDecl& decl) {
  if (decl.windows && decl.windows->kind == Windows::Kind::kRows) {
    return aggregate_rows(input, decl);
  }
  if (input == nullptr || (decl.windows && !impl_->check_windows(input, *decl.windows))) {
    return nullptr;
  }
  plan::Aggregate aggregate;
  auto keys = impl_->columns_of(input, "aggregate", decl.keys);
  if (!keys) {
    return nullptr;
  }
  std::vector<std::string> selected;
  for (const std::string& key : decl.keys) {
    selected.push_back(quote_name(key));
  }
  const std::string grouped = fmt::format("{}", fmt::join(selected, ", "));
  for (const AggregateOf& each : decl.aggregates) {
    ExprPtr field;
    if (!each.field.empty()) {
      const auto found = impl_->columns_of(input, "aggregate", {each.field});
      if (!found) {
        return nullptr;
      }
      field = found->front();
    }
    std::optional<AggregateCall> call = call_of(each, field);
    if (!call) {
      impl_->add_problem("aggregate",
                         fmt::format("there is no aggregate {}({})", each.function,
                                     field == nullptr ? "" : thalweg::to_string(field->type)),
                         {});
      return nullptr;
    }
    aggregate.aggregates.push_back(std::move(*call));
    selected.push_back(call_sql(each));
  }
  if (!decl.windows) {
    // The keys may be windows of the rows, which the planner knows how to group by.
    return impl_->query_over(
        input, "aggregate", "",
        fmt::format("SELECT {} FROM \"the stream\"{}{}", fmt::join(selected, ", "),
                    grouped.empty() ? "" : " GROUP BY ", grouped));
  }
  std::string mistake = mistake_in(decl.emission.lateness);
  if (mistake.empty()) {
    mistake = choose_emission(decl.emission, *input, aggregate);
  }
  if (!mistake.empty()) {
    impl_->add_problem("aggregate", mistake, {});
    return nullptr;
  }
  aggregate.keys = std::move(*keys);
  if (decl.windows->kind == Windows::Kind::kSession) {
    aggregate.session_gap_micros = decl.windows->gap.count();
  } else {
    aggregate.window = window_of(*decl.windows);
  }
  return plan::make_aggregate(input, std::move(aggregate), decl.keys, impl_->next_id("aggregate"),
                              impl_->name);
}

PlanNode Graph::assign_windows(const PlanNode& input, const std::vector<std::string>& keys,
                               const Windows& windows) {
  if (input == nullptr || !impl_->check_windows(input, windows)) {
    return nullptr;
  }
  auto columns = impl_->columns_of(input, "window", keys);
  if (!columns) {
    return nullptr;
  }
  if (windows.kind == Windows::Kind::kSession) {
    return plan::make_assign_session(
        input, {.keys = std::move(*columns), .gap_micros = windows.gap.count()},
        impl_->next_id("session"), impl_->name);
  }
  if (windows.kind == Windows::Kind::kRows) {
    plan::AssignCountWindow assign{.keys = {}, .rows = windows.rows, .step = windows.rows_apart};
    for (const ExprPtr& key : *columns) {
      assign.keys.push_back(key->column);
    }
    return plan::make_assign_count_window(input, std::move(assign), impl_->next_id("window"),
                                          impl_->name);
  }
  return plan::make_assign_window(input, window_of(windows));
}

PlanNode Graph::late_rows(const PlanNode& input, const Windows& windows,
                          std::chrono::microseconds lateness) {
  if (input == nullptr || !impl_->check_windows(input, windows)) {
    return nullptr;
  }
  const std::string mistake =
      input->time.judged ? "these rows are results already, and none of them comes too late"
                         : mistake_in(lateness);
  if (!mistake.empty()) {
    impl_->add_problem("late_rows", mistake, {});
    return nullptr;
  }
  if (windows.kind == Windows::Kind::kRows) {
    impl_->add_problem("late_rows", "a row misses no window of so many rows", {});
    return nullptr;
  }
  plan::LateRows late{.window = std::nullopt, .lateness_micros = lateness.count()};
  if (windows.kind != Windows::Kind::kSession) {
    late.window = window_of(windows);
  }
  return impl_->query_over(plan::make_late_rows(input, std::move(late)), "late_rows", "",
                           "SELECT * EXCLUDE (late_by), CAST(extract(epoch FROM late_by) * 1000000 "
                           "AS BIGINT) AS late_by_micros FROM \"the stream\"");
}

PlanNode Graph::top(const PlanNode& input, const TopDecl& decl) {
  if (input != nullptr && decl.windows && decl.windows->kind == Windows::Kind::kRows) {
    impl_->add_problem("top", "it takes windows of time, not of so many rows", {});
    return nullptr;
  }
  PlanNode node = decl.windows ? assign_windows(input, decl.keys, *decl.windows) : input;
  if (node == nullptr) {
    return nullptr;
  }
  plan::TopN top{.ranking = ranking_of(decl.top.ties),
                 .limit = decl.top.rows,
                 .shows_rank = !decl.rank_name.empty()};
  for (const std::string& key : decl.keys) {
    const auto place = impl_->column_of(node, "top", key);
    if (!place) {
      return nullptr;
    }
    top.keys.push_back(*place);
  }
  if (decl.windows) {
    top.keys.push_back(*node->time.window->start);
    top.keys.push_back(*node->time.window->end);
  }
  for (const OrderBy& order : decl.order) {
    const auto place = impl_->column_of(node, "top", order.field);
    if (!place) {
      return nullptr;
    }
    top.order.push_back({.column = *place, .descending = order.largest_first});
  }
  if (decl.top.rows == 0) {
    impl_->add_problem("top", "the first rows are one or more, not 0", {});
    return nullptr;
  }
  top.emit = plan::choose_top_n_emit(*node, top);
  return plan::make_top_n(node, std::move(top), decl.rank_name,
                          impl_->next_id(decl.top.rows == 1 ? "deduplicate" : "top"), impl_->name);
}

PlanNode Graph::deduplicate(const PlanNode& input, const std::vector<std::string>& keys,
                            Keep keep) {
  const std::optional<std::string> time = impl_->time_field_of(
      input, "deduplicate", "or say which row comes first: top(1, smallest<&T::field>())");
  if (!time) {
    return nullptr;
  }
  return top(input, {.keys = keys,
                     .windows = std::nullopt,
                     .top = 1,
                     .order = {keep == Keep::kFirst ? smallest(*time) : largest(*time)}});
}

}  // namespace thalweg::detail
