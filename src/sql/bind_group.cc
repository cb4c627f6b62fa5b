#include <algorithm>
#include <optional>
#include <utility>

#include "expr/frame_reach.h"
#include "plan/build.h"
#include "sql/order_limit.h"
#include "sql/select_binder.h"
#include "sql/sql_text.h"

// GROUP BY, DISTINCT, and how an aggregate gives its results.
namespace thalweg::sql {
namespace {

bool is_window_column(const plan::TimeInfo& time, const Expr& expr) {
  if (!time.window || expr.kind != ExprKind::kColumn) {
    return false;
  }
  const plan::WindowColumns& window = *time.window;
  return window.start == expr.column || window.end == expr.column || window.time == expr.column;
}

// Whether these window columns of a relation tell its windows apart: any does, unless only the
// bounds themselves say where a window ends.
bool names_windows(const plan::TimeInfo& time, const std::vector<std::uint32_t>& columns) {
  return !time.window->varies ||
         std::any_of(columns.begin(), columns.end(),
                     [&time](std::uint32_t column) { return time.window->start != column; });
}

// Where the aggregate has a window column of its input: start, end, time.
std::uint32_t window_place(const plan::WindowColumns& window, std::uint32_t column) {
  return window.start == column ? 0 : window.end == column ? 1 : 2;
}

// Windows of so many rows that the rows of a relation are in, below filters and projections.
struct CountWindowBelow {
  const plan::AssignCountWindow* step = nullptr;
  std::uint32_t window_number = 0;  // The column of the step; the bounds stand before it.
  bool projected = false;
  // Which column of the step each of the relation's is.
  std::vector<std::optional<std::uint32_t>> columns;
};

std::optional<CountWindowBelow> find_count_window_below(const plan::Node& node) {
  if (const auto* windows = std::get_if<plan::AssignCountWindow>(&node.step)) {
    const auto count = static_cast<std::uint32_t>(node.schema.size());
    CountWindowBelow below{.step = windows, .window_number = count - 1, .columns = {}};
    for (std::uint32_t i = 0; i < count; ++i) {
      below.columns.emplace_back(i);
    }
    return below;
  }
  const auto* project = std::get_if<plan::Project>(&node.step);
  if (project == nullptr && !std::holds_alternative<plan::Filter>(node.step)) {
    return std::nullopt;
  }
  std::optional<CountWindowBelow> below = find_count_window_below(*node.inputs[0]);
  if (below && project != nullptr) {
    std::vector<std::optional<std::uint32_t>> columns;
    for (const ExprPtr& expr : project->exprs) {
      columns.push_back(expr->kind == ExprKind::kColumn ? below->columns[expr->column]
                                                        : std::nullopt);
    }
    below->columns = std::move(columns);
    below->projected = true;
  }
  return below;
}

bool same_keys(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  const auto holds_all = [](const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& others) {
    return std::all_of(others.begin(), others.end(), [&](const ExprPtr& other) {
      return std::any_of(keys.begin(), keys.end(),
                         [&](const ExprPtr& key) { return equal(*key, *other); });
    });
  };
  return holds_all(a, b) && holds_all(b, a);
}

bool reads_from(const ExprPtr& expr, std::uint32_t column) {
  if (expr == nullptr) {
    return false;
  }
  return (expr->kind == ExprKind::kColumn && expr->column >= column) ||
         std::any_of(expr->args.begin(), expr->args.end(),
                     [column](const ExprPtr& arg) { return reads_from(arg, column); });
}

bool reads_from(const AggregateCall& call, std::uint32_t column) {
  const auto reads = [column](const ExprPtr& expr) { return reads_from(expr, column); };
  return std::any_of(call.args.begin(), call.args.end(), reads) || reads(call.filter) ||
         std::any_of(call.order_by.begin(), call.order_by.end(),
                     [&](const AggregateCall::Order& order) { return reads(order.expr); });
}

// The sessions that an aggregate can find by itself, since it groups by their keys and asks for
// nothing else of them; nullptr: there are none such.
const plan::AssignSession* sessions_to_group(const plan::Node& input,
                                             const plan::Aggregate& aggregate) {
  const auto* session = std::get_if<plan::AssignSession>(&input.step);
  if (session == nullptr || !aggregate.sets.empty() || !same_keys(session->keys, aggregate.keys)) {
    return nullptr;
  }
  const auto first = static_cast<std::uint32_t>(input.inputs[0]->schema.size());
  const bool reads_window =
      std::any_of(aggregate.aggregates.begin(), aggregate.aggregates.end(),
                  [first](const AggregateCall& call) { return reads_from(call, first); });
  return reads_window ? nullptr : session;
}

// The rows that an aggregate judges by itself, if none below does.
plan::NodePtr rows_to_judge(const plan::NodePtr& input, const plan::Aggregate& aggregate) {
  return sessions_to_group(*input, aggregate) != nullptr ? input->inputs[0] : input;
}

// GROUP BY the windows of a relation whose bounds follow from its rows, as those of sessions do:
// they are keys like others, and final when event time, which is window_time, has passed. The start
// is a key only where it is grouped by: different sessions may end at one time.
plan::NodePtr group_varying(const plan::NodePtr& input, bool by_start, plan::Aggregate aggregate,
                            std::vector<std::string> names, std::string id, std::string name) {
  const plan::WindowColumns& window = *input->time.window;
  const std::vector<ExprPtr> columns = column_exprs(*input);
  std::vector<ExprPtr> keys;
  for (const auto& bound : {by_start ? window.start : std::nullopt, window.end, window.time}) {
    keys.push_back(bound ? columns[*bound]
                         : literal_expr(null_value(type_of(TypeKind::kTimestamp))));
  }
  aggregate.windows_are_keys = true;
  aggregate.keys.insert(aggregate.keys.begin(), keys.begin(), keys.end());
  for (std::vector<bool>& set : aggregate.sets) {
    set.insert(set.begin(), keys.size(), true);
  }
  names.insert(names.begin(), {"window_start", "window_end", "window_time"});
  const plan::NodePtr grouped =
      plan::make_aggregate(input, std::move(aggregate), names, std::move(id), std::move(name));
  std::vector<ExprPtr> exprs = column_exprs(*grouped);
  std::vector<std::string> all_names = column_names(*grouped);
  exprs.erase(exprs.begin(), exprs.begin() + plan::kWindowColumns);
  all_names.erase(all_names.begin(), all_names.begin() + plan::kWindowColumns);
  plan::Node node = *plan::make_project(grouped, std::move(exprs), std::move(all_names));
  node.time = input->time;
  const auto place = [](const std::optional<std::uint32_t>& bound, std::uint32_t at) {
    return bound ? std::optional(at) : std::nullopt;
  };
  node.time.window->start = by_start ? place(window.start, 0) : std::nullopt;
  node.time.window->end = place(window.end, 1);
  node.time.window->time = place(window.time, 2);
  const bool has_column = window.shift_micros == 0 && !input->time.lost;
  node.time.column = has_column ? node.time.window->time : std::nullopt;
  return std::make_shared<const plan::Node>(std::move(node));
}

// All expressions of a GROUP BY, those of its sets included.
void collect_exprs(const std::vector<ast::GroupingElement>& elements,
                   std::vector<const ast::Expr*>& exprs) {
  for (const ast::GroupingElement& element : elements) {
    for (const ast::ExprPtr& expr : element.exprs) {
      exprs.push_back(expr.get());
    }
    collect_exprs(element.elements, exprs);
  }
}

std::vector<const ast::Expr*> group_exprs(const std::optional<ast::GroupBy>& group_by) {
  std::vector<const ast::Expr*> exprs;
  if (group_by) {
    collect_exprs(group_by->elements, exprs);
  }
  return exprs;
}

// Which windows the rows of an aggregate belong to, told by the columns that it groups by.
void find_windows(const plan::TimeInfo& time, const std::vector<std::uint32_t>& columns,
                  plan::Aggregate& aggregate) {
  const plan::WindowColumns& window = *time.window;
  aggregate.window = window.window;
  if (window.window.kind == plan::WindowKind::kTumble) {
    return;
  }
  if (window.is_result) {
    aggregate.windows_by = plan::WindowsBy::kResultTime;
    return;
  }
  aggregate.windows_by = plan::WindowsBy::kColumn;
  // A column that tells the end, if one is there.
  for (const std::uint32_t column : columns) {
    aggregate.window_column = column;
    aggregate.micros_to_window_end = -window.shift_micros;
    if (column == window.time) {
      aggregate.micros_to_window_end += 1;
    }
    if (column != window.start) {
      return;
    }
    aggregate.micros_to_window_end += window.window.size_micros;
  }
  // Those of the calendar are of many lengths: a column that is not grouped by has to tell.
  if (!window.window.are_equally_long()) {
    aggregate.window_column = window.end ? *window.end : *window.time;
    aggregate.micros_to_window_end = (window.end ? 0 : 1) - window.shift_micros;
  }
}

// Whether these columns tell one window from another: several of CUMULATE begin together.
bool tell_windows(BindContext& context, const plan::TimeInfo& time,
                  const std::vector<std::uint32_t>& columns, Span span) {
  const plan::WindowColumns& window = *time.window;
  const bool only_start =
      std::all_of(columns.begin(), columns.end(),
                  [&window](std::uint32_t column) { return column == window.start; });
  if (window.window.kind == plan::WindowKind::kCumulate && only_start) {
    context.error("P0109", "several windows of CUMULATE have the same window_start", span, "",
                  {"GROUP BY window_start, window_end"});
    return false;
  }
  const bool end_is_open = window.window.kind == plan::WindowKind::kHop && window.window.calendar &&
                           !window.end && !window.time && !window.is_result;
  if (end_is_open && only_start) {
    context.error("P0109", "window_start alone does not tell where windows by the calendar end",
                  span, "", {"GROUP BY window_start, window_end"});
    return false;
  }
  return true;
}

// The aggregate in the windows of its input, which the grouped columns tell. Its columns are the
// window's three, the keys, the aggregates.
plan::NodePtr group_windows(const plan::NodePtr& input, const std::vector<std::uint32_t>& grouped,
                            plan::Aggregate aggregate, const std::vector<std::string>& names,
                            std::string id, std::string name) {
  const plan::WindowColumns& window = *input->time.window;
  if (const auto* session = sessions_to_group(*input, aggregate)) {
    aggregate.session_gap_micros = session->gap_micros;
    return plan::make_aggregate(input->inputs[0], std::move(aggregate), names, std::move(id),
                                std::move(name));
  }
  if (window.varies) {
    aggregate.window = window.window;
    const bool by_start =
        window.start && std::find(grouped.begin(), grouped.end(), *window.start) != grouped.end();
    return group_varying(input, by_start, std::move(aggregate), names, std::move(id),
                         std::move(name));
  }
  find_windows(input->time, grouped, aggregate);
  const std::int64_t shift = window.shift_micros;
  const plan::NodePtr node =
      plan::make_aggregate(input, std::move(aggregate), names, std::move(id), std::move(name));
  return shift == 0 ? node : shift_window_columns(node, 0, shift);
}

std::int64_t ttl_of_group(const BindContext& context, const plan::Aggregate& aggregate) {
  return aggregate.emit == plan::Emit::kChanges && !aggregate.keys.empty() ? context.ttl_micros()
                                                                           : 0;
}

}  // namespace

void warn_of_state(BindContext& context, const plan::Node& node, Span span) {
  const auto* aggregate = std::get_if<plan::Aggregate>(&node.step);
  const auto* top = std::get_if<plan::TopN>(&node.step);
  const auto* over = std::get_if<plan::Over>(&node.step);
  const auto* windows = std::get_if<plan::AssignCountWindow>(&node.step);
  const bool has_keys = !(aggregate != nullptr ? aggregate->keys.empty()
                          : over != nullptr    ? over->keys.empty()
                          : windows != nullptr ? windows->keys.empty()
                                               : top->keys.empty());
  const bool keeps_all = over != nullptr && over->emit == OverEmit::kChanges;
  const bool frees_keys =
      aggregate != nullptr ? aggregate->windowed() || aggregate->ttl_micros > 0
      : over != nullptr    ? over->ttl_micros > 0 || (!keeps_all && reach_before(over->calls))
      : windows != nullptr ? windows->ttl_micros > 0
                           : top->emit == plan::TopNEmit::kOnWindowClose || top->ttl_micros > 0;
  if (node.bounded || !(has_keys || keeps_all) || frees_keys) {
    return;
  }
  const std::string kept = aggregate != nullptr ? "every group"
                           : keeps_all          ? "every row"
                                                : "rows of every key";
  std::vector<std::string> notes{
      std::string(has_keys ? "let" : "partition by columns, and let") +
      " keys go that are idle: SET ttl = '1 day', or SELECT /*+ ttl('1 day') */"};
  if (over != nullptr && !keeps_all) {
    notes.emplace_back(
        "or let each frame begin a time before: RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND "
        "CURRENT ROW");
  }
  if (aggregate != nullptr || top != nullptr) {
    notes.emplace_back("or group by a window too: FROM TUMBLE(table, time column, INTERVAL '...')");
  }
  context.warn("P0107", "this keeps " + kept + " for ever, and its input never ends", span,
               "state of " + node.id + " grows with the number of " + (keeps_all ? "rows" : "keys"),
               std::move(notes));
}

bool SelectBinder::bind_group_keys() {
  if (!select_.group_by) {
    return true;
  }
  if (!select_.group_by->all) {
    return bind_grouping_sets();
  }
  bool ok = true;
  sets_ = {{}};
  for (const Item& item : items_) {
    ok = (has_aggregate(*item.expr) || add_group_key(item.expr, item.span, sets_[0])) && ok;
  }
  return find_window_of_sets() && ok;
}

bool SelectBinder::find_group_window() {
  for (const ast::Expr* const expr : group_exprs(select_.group_by)) {
    if (!is_group_window(*expr)) {
      continue;
    }
    if (group_window_ && context_.written(expr->span) != aggregates_.window_written) {
      context_.error("S0217", "there can be one window in GROUP BY", expr->span);
      return false;
    }
    if (group_window_) {
      continue;
    }
    group_window_ = read_group_window(context_, *expr);
    aggregates_.window_arguments = bind_window_arguments(context_, scope_, *expr->as<ast::Call>());
    if (!group_window_ || aggregates_.window_arguments.empty()) {
      return false;
    }
    aggregates_.window = group_window_->kind;
    aggregates_.window_written = context_.written(expr->span);
    aggregates_.window_columns = aggregates_.input_columns;
    aggregates_.input_columns += plan::kWindowColumns;
  }
  return true;
}

// Makes the columns that find_group_window() has promised, now that the keys are known.
bool SelectBinder::assign_group_window() {
  const auto first = static_cast<std::uint32_t>(input_->schema.size());
  Scope input = scope_;
  input.node = input_;
  input_ = assign_group_windows(context_, input, *group_window_, keys_);
  if (input_ == nullptr) {
    return false;
  }
  window_ = {first, first + 1};
  const bool is_shifted = input_->time.window->shift_micros != 0;
  if (has_sets() && is_shifted && group_window_->kind == ast::WindowKind::kSession) {
    context_.not_supported("SESSION of grouping sets over a column that is not the event time",
                           group_window_->span);
    return false;
  }
  return true;
}

bool SelectBinder::bind_group_key(const ast::Expr& expr, GroupingSet& set) {
  if (is_group_window(expr)) {
    set.has_call = true;
    return true;
  }
  if (!items_complete_ && expr.as<ast::Literal>() != nullptr) {
    return false;
  }
  std::optional<std::uint32_t> item = ordinal_column(context_, expr, items_.size(), "GROUP BY");
  if (item == kBadOrdinal) {
    return false;
  }
  // A name is a column of the input; only when there is none, an alias of the list.
  const auto* reference = expr.as<ast::ColumnRef>();
  if (reference != nullptr && reference->parts.size() == 1) {
    const ast::Name& name = reference->parts[0];
    const auto names_it = [&name](const auto& named) { return names_column(name, named.name); };
    const Schema& columns = scope_.columns();
    if (std::none_of(columns.begin(), columns.end(), names_it)) {
      const auto found = std::find_if(items_.begin(), items_.end(), names_it);
      if (found != items_.end()) {
        item = static_cast<std::uint32_t>(found - items_.begin());
      }
    }
  }
  if (item) {
    return add_group_key(items_[*item].expr, expr.span, set);
  }
  const ExprPtr key = ExprBinder(context_, scope_, "GROUP BY").bind_value(expr);
  return key != nullptr && add_group_key(key, expr.span, set);
}

bool SelectBinder::add_group_key(const ExprPtr& key, Span span, GroupingSet& set) {
  if (has_aggregate(*key)) {
    context_.error("S0212", "aggregates are not allowed in GROUP BY", span);
    return false;
  }
  if (!group_window_ && is_window_column(input_->time, *key)) {
    set.window.push_back(key->column);
    return true;
  }
  const auto same = std::find_if(keys_.begin(), keys_.end(),
                                 [&key](const ExprPtr& other) { return equal(*key, *other); });
  set.keys.push_back(static_cast<std::uint32_t>(same - keys_.begin()));
  if (same == keys_.end()) {
    keys_.push_back(key);
  }
  return true;
}

bool SelectBinder::has_aggregate(const Expr& expr) const {
  if (expr.kind == ExprKind::kColumn) {
    return expr.column >= aggregates_.input_columns;
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [this](const ExprPtr& arg) { return has_aggregate(*arg); });
}

// Puts the aggregate below, and tells everything bound so far over its columns.
bool SelectBinder::group() {
  if (!select_.group_by && aggregates_.calls.empty() && having_ == nullptr) {
    return true;
  }
  if (group_window_ && !assign_group_window()) {
    return false;
  }
  if (!find_count_window()) {
    return false;
  }
  drop_lone_start();
  bool ok = true;
  const auto tell = [this, &ok](ExprPtr& expr) {
    if (expr != nullptr) {
      expr = regroup(expr);
      ok = ok && expr != nullptr;
    }
  };
  for (Item& item : items_) {
    tell(item.expr);
  }
  tell(having_);
  for (Order& order : orders_) {
    tell(order.hidden);
  }
  for (Order& key : distinct_on_) {
    tell(key.hidden);
  }
  for (ExprPtr& key : rank_keys_) {
    tell(key);
  }
  for (auto& [value, item] : rank_order_) {
    tell(value);
  }
  for (OverWindow& window : over_windows_) {
    for (ExprPtr& key : window.keys) {
      tell(key);
    }
    for (auto& [value, item] : window.order) {
      tell(value);
    }
  }
  for (OverUse& use : overs_.calls) {
    tell(use.arg);
    tell(use.filter);
  }
  tell(qualify_);
  if (!ok) {
    return false;
  }
  input_ = has_sets() ? make_grouping_sets() : make_group(!window_.empty());
  if (input_ != nullptr && having_ != nullptr) {
    input_ = plan::make_filter(input_, having_);
  }
  return input_ != nullptr;
}

// The number of a window of rows, with the key that it counts, tells its bounds.
bool SelectBinder::find_count_window() {
  const std::optional<CountWindowBelow> below = find_count_window_below(*input_);
  if (!below || sets_.empty()) {
    return true;
  }
  const auto groups = [&](std::uint32_t column) {
    return std::any_of(keys_.begin(), keys_.end(), [&](const ExprPtr& key) {
      return key->kind == ExprKind::kColumn && below->columns[key->column] == column;
    });
  };
  const std::uint32_t number = below->window_number;
  const bool by_bounds =
      !window_.empty() || groups(number - 3) || groups(number - 2) || groups(number - 1);
  if (by_bounds && !groups(number)) {
    context_.error("P0109", "several windows of so many rows may have the same bounds",
                   select_.group_by->span, "", {"group by window_number too, which counts them"});
    return false;
  }
  const std::vector<std::uint32_t>& keys = below->step->keys;
  if (!below->projected && !has_sets() && groups(number) &&
      std::all_of(keys.begin(), keys.end(), groups)) {
    window_ = {number - 3, number - 2, number - 1};
    sets_[0].window = window_;
  }
  return true;
}

void SelectBinder::drop_lone_start() {
  if (!window_.empty() && !names_windows(input_->time, window_)) {
    make_keys_of_window_columns();
  }
}

void SelectBinder::make_keys_of_window_columns() {
  const std::vector<ExprPtr> columns = column_exprs(*input_);
  for (GroupingSet& set : sets_) {
    for (const std::uint32_t column : set.window) {
      const auto same = std::find_if(keys_.begin(), keys_.end(), [&](const ExprPtr& key) {
        return equal(*key, *columns[column]);
      });
      set.keys.push_back(static_cast<std::uint32_t>(same - keys_.begin()));
      if (same == keys_.end()) {
        keys_.push_back(columns[column]);
      }
    }
    set.window.clear();
  }
  window_.clear();
}

std::uint32_t SelectBinder::first_aggregate() const {
  return static_cast<std::uint32_t>((window_.empty() ? 0 : plan::kWindowColumns) + keys_.size() +
                                    (has_sets() ? 1 : 0));
}

bool SelectBinder::groups_by(std::uint32_t column) const {
  return std::find(window_.begin(), window_.end(), column) != window_.end();
}

plan::NodePtr SelectBinder::make_group(bool windowed) {
  plan::Aggregate aggregate;
  aggregate.keys = keys_;
  aggregate.aggregates = aggregates_.calls;
  if (!choose_emit(context_, *rows_to_judge(input_, aggregate), windowed, aggregate)) {
    return nullptr;
  }
  aggregate.ttl_micros = ttl_of_group(context_, aggregate);
  const Span span = select_.group_by ? select_.group_by->span : query_.span;
  std::vector<std::string> names = key_names();
  if (has_sets()) {
    aggregate.sets = key_sets();
    aggregate.keys.push_back(
        literal_expr({.type = type_of(TypeKind::kInt), .data = std::int64_t{0}}));
    names.emplace_back("grouping set");
  }
  const auto* session = std::get_if<plan::AssignSession>(&input_->step);
  if (windowed && group_window_ && session != nullptr) {
    aggregate.session_gap_micros = session->gap_micros;
    return plan::make_aggregate(input_->inputs[0], std::move(aggregate), names,
                                context_.next_id("window"), context_.name);
  }
  if (windowed) {
    return tell_windows(context_, input_->time, window_, span)
               ? group_windows(input_, window_, std::move(aggregate), names,
                               context_.next_id("window"), context_.name)
               : nullptr;
  }
  plan::NodePtr node = plan::make_aggregate(input_, std::move(aggregate), names,
                                            context_.next_id("aggregate"), context_.name);
  warn_of_state(context_, *node, span);
  return node;
}

std::vector<std::string> SelectBinder::key_names() const {
  std::vector<std::string> names;
  for (const ExprPtr& key : keys_) {
    names.push_back(key->kind == ExprKind::kColumn ? key->name : to_string(*key));
  }
  return names;
}

ExprPtr SelectBinder::regroup(const ExprPtr& expr) {
  const std::size_t first = window_.empty() ? 0 : plan::kWindowColumns;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (equal(*expr, *keys_[i])) {
      return column_expr(static_cast<std::uint32_t>(first + i), expr->type, key_names()[i]);
    }
  }
  if (expr->kind == ExprKind::kColumn) {
    return regroup_column(*expr);
  }
  Expr copy = *expr;
  for (ExprPtr& arg : copy.args) {
    arg = regroup(arg);
    if (arg == nullptr) {
      return nullptr;
    }
  }
  return std::make_shared<const Expr>(std::move(copy));
}

ExprPtr SelectBinder::regroup_column(const Expr& column) {
  if (column.column == kRankColumn) {
    return column_expr(kRankColumn, column.type, column.name);
  }
  if (column.column >= kOverColumn && column.column < kGroupingColumn) {
    return column_expr(column.column, column.type, column.name);
  }
  if (column.column >= kGroupingColumn) {
    return grouping_value(column.column - kGroupingColumn);
  }
  if (column.column >= aggregates_.input_columns) {
    return column_expr(first_aggregate() + column.column - aggregates_.input_columns, column.type,
                       column.name);
  }
  const bool is_window = !window_.empty() && is_window_column(input_->time, column);
  if (is_window && (!input_->time.window->varies || input_->time.window->start != column.column ||
                    groups_by(column.column))) {
    return column_expr(window_place(*input_->time.window, column.column), column.type, column.name);
  }
  Span span = binder_.span_of(column);
  if (span.end == 0) {
    span = query_.span;
  }
  const std::string name = quote_name(column.name);
  context_.error("S0211", '"' + column.name + "\" is neither grouped nor aggregated", span, "",
                 {"add it to GROUP BY, or aggregate it, as in max(" + name + ')'});
  return nullptr;
}

plan::NodePtr make_distinct(BindContext& context, const plan::NodePtr& node, Span span) {
  plan::Aggregate aggregate;
  std::vector<std::string> names;
  std::vector<std::optional<std::uint32_t>> key_of(node->schema.size());
  const std::vector<ExprPtr> columns = column_exprs(*node);
  std::vector<std::uint32_t> window_columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (is_window_column(node->time, *columns[i])) {
      window_columns.push_back(static_cast<std::uint32_t>(i));
    }
  }
  const bool windowed = !window_columns.empty() && names_windows(node->time, window_columns);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!windowed || !is_window_column(node->time, *columns[i])) {
      key_of[i] = static_cast<std::uint32_t>(aggregate.keys.size());
      aggregate.keys.push_back(columns[i]);
      names.push_back(node->schema[i].name);
    }
  }
  if (windowed && !tell_windows(context, node->time, window_columns, span)) {
    return nullptr;
  }
  if (!choose_emit(context, *rows_to_judge(node, aggregate), windowed, aggregate)) {
    return nullptr;
  }
  aggregate.ttl_micros = ttl_of_group(context, aggregate);
  plan::NodePtr distinct;
  if (windowed) {
    distinct = group_windows(node, window_columns, std::move(aggregate), names,
                             context.next_id("distinct"), context.name);
  } else {
    distinct = plan::make_aggregate(node, std::move(aggregate), names, context.next_id("distinct"),
                                    context.name);
    warn_of_state(context, *distinct, span);
  }
  std::vector<ExprPtr> exprs;
  for (std::uint32_t i = 0; i < key_of.size(); ++i) {
    const Field& field = node->schema[i];
    const std::uint32_t place = key_of[i] ? *key_of[i] + (windowed ? plan::kWindowColumns : 0)
                                          : window_place(*node->time.window, i);
    exprs.push_back(column_expr(place, field.type, field.name));
  }
  return plan::make_project(distinct, std::move(exprs), column_names(*node));
}

}  // namespace thalweg::sql
