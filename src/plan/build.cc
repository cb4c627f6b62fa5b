#include "plan/build.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "columnar/dead_letter.h"

namespace thalweg::plan {
namespace {

std::optional<std::uint32_t> place_of(const std::vector<ExprPtr>& exprs,
                                      std::optional<std::uint32_t> column) {
  for (std::uint32_t i = 0; column && i < exprs.size(); ++i) {
    if (exprs[i]->kind == ExprKind::kColumn && exprs[i]->column == *column) {
      return i;
    }
  }
  return std::nullopt;
}

// Where the columns that hold time stand after a projection.
TimeInfo projected_time(const TimeInfo& input, const std::vector<ExprPtr>& exprs) {
  TimeInfo time = input;
  time.column = place_of(exprs, input.column);
  time.wall_clock = place_of(exprs, input.wall_clock);
  for (std::uint32_t i = 0; i < exprs.size() && !time.wall_clock; ++i) {
    if (shows_wall_clock(*exprs[i])) {
      time.wall_clock = i;
    }
  }
  if (time.window) {
    WindowColumns& window = *time.window;
    window.start = place_of(exprs, window.start);
    window.end = place_of(exprs, window.end);
    window.time = place_of(exprs, window.time);
    if (!window.start && !window.end && !window.time) {
      time.window.reset();
    }
  }
  return time;
}

// What is true of the time of every input.
TimeInfo common_time(const std::vector<NodePtr>& inputs) {
  TimeInfo time = inputs[0]->time;
  for (const NodePtr& input : inputs) {
    const TimeInfo& other = input->time;
    time.lost = time.lost || other.lost;
    time.judged = time.judged && other.judged;
    if (time.column != other.column) {
      time.column.reset();
    }
    if (time.wall_clock != other.wall_clock) {
      time.wall_clock.reset();
    }
    const bool same_window =
        time.window && other.window && time.window->window == other.window->window &&
        time.window->shift_micros == other.window->shift_micros &&
        time.window->start == other.window->start && time.window->end == other.window->end &&
        time.window->time == other.window->time &&
        time.window->is_result == other.window->is_result &&
        time.window->varies == other.window->varies;
    if (!same_window) {
      time.window.reset();
    }
  }
  return time;
}

void append_window_fields(Schema& schema) {
  for (const char* name : {"window_start", "window_end", "window_time"}) {
    schema.push_back({name, type_of(TypeKind::kTimestamp)});
  }
}

WindowColumns window_columns_at(const Window& window, std::uint32_t first, bool is_result) {
  return {.window = window,
          .shift_micros = 0,
          .start = first,
          .end = first + 1,
          .time = first + 2,
          .is_result = is_result};
}

// Columns whose bounds follow from the rows, which have window_time as event time.
TimeInfo time_of_varying_window(std::uint32_t first) {
  WindowColumns window = window_columns_at({.size_micros = 1, .offset_micros = 0}, first, true);
  window.varies = true;
  return {.column = window.time, .lost = false, .window = window, .judged = true};
}

// The same where the column may also be checked for NULL, or be cast from one kind of integer to
// another: neither makes values equal that were not.
std::optional<std::uint32_t> place_of_value(const std::vector<ExprPtr>& exprs,
                                            std::uint32_t column) {
  for (std::uint32_t i = 0; i < exprs.size(); ++i) {
    const Expr* expr = exprs[i].get();
    while ((expr->kind == ExprKind::kCall && expr->function->function == "not_null") ||
           (expr->kind == ExprKind::kCast && is_integer(expr->type.kind) &&
            is_integer(expr->args[0]->type.kind))) {
      expr = expr->args[0].get();
    }
    if (expr->kind == ExprKind::kColumn && expr->column == column) {
      return i;
    }
  }
  return std::nullopt;
}

// The window column of the input that stands for `column` among projected ones: windows that begin
// together end together, but for those of CUMULATE.
std::optional<std::uint32_t> place_of_window(const std::optional<WindowColumns>& window,
                                             const std::vector<ExprPtr>& exprs,
                                             std::uint32_t column) {
  if (!window || (column != window->start && column != window->end && column != window->time)) {
    return std::nullopt;
  }
  const bool start_tells = window->window.kind != WindowKind::kCumulate || window->varies;
  for (const auto& same : {window->end, window->time, start_tells ? window->start : std::nullopt}) {
    if (const auto place = same ? place_of_value(exprs, *same) : std::nullopt) {
      return place;
    }
  }
  return std::nullopt;
}

// The key where all of its columns are still there.
RowKey projected_key(const Node& input, const std::vector<ExprPtr>& exprs) {
  if (!input.key) {
    return std::nullopt;
  }
  std::vector<std::uint32_t> key;
  for (const std::uint32_t column : *input.key) {
    std::optional<std::uint32_t> place = place_of_value(exprs, column);
    if (!place) {
      place = place_of_window(input.time.window, exprs, column);
    }
    if (!place) {
      return std::nullopt;
    }
    key.push_back(*place);
  }
  std::sort(key.begin(), key.end());
  key.erase(std::unique(key.begin(), key.end()), key.end());
  return key;
}

// The columns of the table's primary key among those scanned. Only rows that say what they replace
// are known to keep to it.
RowKey scanned_key(const Table& table, const std::vector<std::uint32_t>& columns) {
  if (table.mode == ChangeMode::kAppend || table.primary_key.empty()) {
    return std::nullopt;
  }
  std::vector<std::uint32_t> key;
  for (const std::uint32_t column : table.primary_key) {
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found == columns.end()) {
      return std::nullopt;
    }
    key.push_back(static_cast<std::uint32_t>(found - columns.begin()));
  }
  std::sort(key.begin(), key.end());
  return key;
}

// The window's end, where there is a window, and the grouping columns.
std::vector<std::uint32_t> group_key(const Aggregate& aggregate) {
  std::vector<std::uint32_t> key;
  const std::uint32_t first = aggregate.windowed() ? kWindowColumns : 0;
  if (aggregate.windowed()) {
    key.push_back(1);
  }
  for (std::uint32_t i = 0; i < aggregate.keys.size(); ++i) {
    key.push_back(first + i);
  }
  return key;
}

// Requires: the rank, where it is shown, is the last column.
RowKey ranked_key(const TopN& top, const Node& node) {
  const bool numbers = top.ranking == Ranking::kRowNumber && (top.limit == 1 || top.shows_rank);
  if (!numbers) {
    return node.key;  // The input's.
  }
  std::vector<std::uint32_t> key = top.keys;
  if (top.limit != 1) {
    key.push_back(static_cast<std::uint32_t>(node.schema.size() - 1));
  }
  std::sort(key.begin(), key.end());
  return key;
}

// A node that takes over what its only input says of its rows.
Node following(NodePtr input) {
  Node node;
  node.schema = input->schema;
  node.time = input->time;
  node.bounded = input->bounded;
  node.updating = input->updating;
  node.key = input->key;
  node.inputs.push_back(std::move(input));
  return node;
}

// The same of a relation whose columns stand behind so many others.
TimeInfo moved_behind(TimeInfo time, std::uint32_t columns) {
  const auto move = [columns](std::optional<std::uint32_t>& column) {
    if (column) {
      *column += columns;
    }
  };
  move(time.column);
  if (time.window) {
    move(time.window->start);
    move(time.window->end);
    move(time.window->time);
  }
  return time;
}

// A pair has the later of its rows' times, in an as-of join the left row's. A column holds it, and
// is of its window, where that is always the same side's, and every row that comes out has that
// side.
TimeInfo joined_time(const Node& left, const Node& right, const Join& join) {
  const TimeInfo left_time = join.in_windows[0] ? time_in_windows(left.time) : left.time;
  TimeInfo right_time = moved_behind(right.time, static_cast<std::uint32_t>(left.schema.size()));
  if (join.in_windows[1]) {
    right_time = time_in_windows(std::move(right_time));
  }
  const bool left_is_later = join.upper_micros && *join.upper_micros <= 0;
  const bool right_is_later = join.lower_micros && *join.lower_micros >= 0;
  TimeInfo time{.column = std::nullopt, .lost = false};
  if (join.as_of() || !yields_pairs(join.kind) || (left_is_later && !keeps_right(join.kind))) {
    time = left_time;
  } else if (right_is_later && !keeps_left(join.kind)) {
    time = right_time;
  }
  if (yields_pairs(join.kind)) {
    time.wall_clock.reset();
    if (time.window && !time.window->is_result) {
      time.window.reset();
    }
  }
  time.judged = true;
  return time;
}

RowKey joined_key(const Node& left, const Node& right, std::uint32_t first_of_right) {
  if (!left.key || !right.key) {
    return std::nullopt;
  }
  std::vector<std::uint32_t> key = *left.key;
  for (const std::uint32_t column : *right.key) {
    key.push_back(first_of_right + column);
  }
  return key;
}

// Whether a key tells the window that a row stands for, whose rows are all there when it closes.
bool holds_window(const Node& input, const std::vector<std::uint32_t>& keys) {
  const std::optional<WindowColumns>& window = input.time.window;
  // Rows of a session come when it has ended; its results stand for it.
  const bool closes = window && window->end && (window->is_result || !window->varies);
  return closes && !input.time.lost &&
         std::any_of(keys.begin(), keys.end(), [&](std::uint32_t key) {
           // Several windows of CUMULATE begin together.
           const bool start_tells = window->window.kind != WindowKind::kCumulate;
           return (window->start == key && start_tells) || window->end == key ||
                  window->time == key;
         });
}

NodePtr share(Node node) { return std::make_shared<const Node>(std::move(node)); }

}  // namespace

NodePtr make_scan(TablePtr table) {
  std::vector<std::uint32_t> columns(table->columns.size());
  std::iota(columns.begin(), columns.end(), 0U);
  return make_scan(std::move(table), std::move(columns), nullptr);
}

NodePtr make_scan(TablePtr table, std::vector<std::uint32_t> columns, ExprPtr predicate) {
  Node node;
  node.bounded = table->bounded;
  node.updating = table->mode != ChangeMode::kAppend;
  node.key = scanned_key(*table, columns);
  node.name = table->name;
  node.time.lost = !table->watermark.has_value();
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    node.schema.push_back(table->columns[columns[i]].field);
    if (table->watermark && table->watermark->column == columns[i]) {
      node.time.column = i;
    }
    const ExprPtr& computed = table->columns[columns[i]].computed;
    if (computed != nullptr && shows_wall_clock(*computed)) {
      node.time.wall_clock = i;
    }
  }
  node.step = Scan{std::move(table), std::move(columns), std::move(predicate)};
  return share(std::move(node));
}

NodePtr make_values(Schema schema, std::vector<std::vector<Value>> rows) {
  Node node;
  node.schema = std::move(schema);
  node.step = Values{std::move(rows)};
  return share(std::move(node));
}

NodePtr make_filter(NodePtr input, ExprPtr predicate) {
  Node node = following(std::move(input));
  node.step = Filter{std::move(predicate)};
  return share(std::move(node));
}

NodePtr make_project(NodePtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names,
                     ExprPtr predicate) {
  TW_CHECK(exprs.size() == names.size());
  Node node = following(std::move(input));
  node.key = projected_key(*node.inputs[0], exprs);
  node.time = projected_time(node.time, exprs);
  node.schema.clear();
  for (std::size_t i = 0; i < exprs.size(); ++i) {
    node.schema.push_back({std::move(names[i]), exprs[i]->type});
  }
  node.step = Project{std::move(exprs), std::move(predicate)};
  return share(std::move(node));
}

bool shows_wall_clock(const Expr& expr) {
  return expr.kind == ExprKind::kCall && expr.args.empty() && expr.function->function == "now";
}

NodePtr make_processing_time(NodePtr input, ProcessingTime time) {
  Node node = following(std::move(input));
  // No row comes too late for the moment at which it comes.
  node.time = {.column = time.column, .lost = false, .wall_clock = time.column, .judged = true};
  node.step = time;
  return share(std::move(node));
}

NodePtr make_assign_window(NodePtr input, Window window, bool once) {
  TW_CHECK(!input->time.lost);
  Node node = following(std::move(input));
  node.time.window =
      window_columns_at(window, static_cast<std::uint32_t>(node.schema.size()), false);
  append_window_fields(node.schema);
  node.key.reset();  // A row may stand in several windows.
  node.step = AssignWindow{std::move(window), once};
  return share(std::move(node));
}

NodePtr make_assign_session(NodePtr input, AssignSession session, std::string id,
                            std::string name) {
  TW_CHECK(!input->time.lost && session.gap_micros > 0);
  Node node = following(std::move(input));
  node.time = time_of_varying_window(static_cast<std::uint32_t>(node.schema.size()));
  append_window_fields(node.schema);
  node.step = std::move(session);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_assign_count_window(NodePtr input, AssignCountWindow windows, std::string id,
                                 std::string name) {
  TW_CHECK(!input->time.lost && windows.rows > 0 && windows.step > 0);
  Node node = following(std::move(input));
  node.time = time_of_varying_window(static_cast<std::uint32_t>(node.schema.size()));
  node.time.column.reset();
  node.time.lost = true;
  node.key.reset();  // A row may stand in several windows.
  append_window_fields(node.schema);
  node.schema.push_back({"window_number", type_of(TypeKind::kBigint)});
  node.step = std::move(windows);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_aggregate(NodePtr input, Aggregate aggregate,
                       const std::vector<std::string>& key_names, std::string id,
                       std::string name) {
  TW_CHECK(key_names.size() == aggregate.keys.size());
  TW_CHECK(aggregate.windowed()
               ? aggregate.emit != Emit::kAtEnd
               : aggregate.emit != Emit::kOnWindowClose && aggregate.emit != Emit::kEvery);
  Node node;
  node.bounded = input->bounded;
  // Without aggregates a group is only ever added, as long as no row is taken back; but a session
  // that a row makes longer takes back the shorter one.
  const bool result_changes = !aggregate.aggregates.empty() || aggregate.session_gap_micros;
  node.updating = aggregate.makes_changes() && (input->updating || result_changes);
  if (aggregate.session_gap_micros) {
    append_window_fields(node.schema);
    node.time = time_of_varying_window(0);
  } else if (aggregate.window) {
    append_window_fields(node.schema);
    node.time = {.column = 2,
                 .lost = false,
                 .window = window_columns_at(*aggregate.window, 0, true),
                 .judged = true};
  }
  for (std::size_t i = 0; i < aggregate.keys.size(); ++i) {
    node.schema.push_back({key_names[i], aggregate.keys[i]->type});
  }
  for (const AggregateCall& call : aggregate.aggregates) {
    node.schema.push_back({call.name, call.type});
  }
  node.key = group_key(aggregate);
  node.inputs.push_back(std::move(input));
  node.step = std::move(aggregate);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_union(std::vector<NodePtr> inputs) {
  TW_CHECK(!inputs.empty());
  Node node;
  node.schema = inputs[0]->schema;
  node.time = common_time(inputs);
  for (const NodePtr& input : inputs) {
    node.bounded = node.bounded && input->bounded;
    node.updating = node.updating || input->updating;
  }
  node.inputs = std::move(inputs);
  node.step = Union{};
  return share(std::move(node));
}

TimeInfo time_in_windows(TimeInfo time) {
  WindowColumns& window = *time.window;
  if (!window.is_result) {
    window.is_result = true;
    time.column = window.shift_micros == 0 ? window.time : std::nullopt;
  }
  return time;
}

bool join_makes_changes(const Node& left, const Node& right, JoinKind kind) {
  return left.updating || right.updating || keeps_left(kind) || keeps_right(kind);
}

NodePtr make_join(NodePtr left, NodePtr right, Join join, std::string id, std::string name) {
  TW_CHECK(join.left_keys.size() == join.right_keys.size());
  Node node = following(left);
  node.bounded = left->bounded && right->bounded;
  node.updating = join.by == JoinBy::kKeys && join_makes_changes(*left, *right, join.kind);
  const auto first = static_cast<std::uint32_t>(left->schema.size());
  if (yields_pairs(join.kind)) {
    node.schema.insert(node.schema.end(), right->schema.begin(), right->schema.end());
    node.key = join.as_of() ? left->key : joined_key(*left, *right, first);
  }
  if (join.follows_time()) {
    TW_CHECK(!left->time.lost && !right->time.lost && !left->updating && !right->updating);
    node.time = joined_time(*left, *right, join);
  } else {
    TW_CHECK(join.by == JoinBy::kKeys || node.bounded);
    node.time = {};
  }
  node.inputs.push_back(std::move(right));
  node.step = std::move(join);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_sort(NodePtr input, Sort sort, std::string id, std::string name) {
  Node node = following(std::move(input));
  node.time.judged = node.time.judged || sort.behind_watermark;
  node.step = std::move(sort);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_top_n(NodePtr input, TopN top, std::string rank_name, std::string id,
                   std::string name) {
  Node node = following(std::move(input));
  if (top.shows_rank) {
    node.schema.push_back({std::move(rank_name), type_of(TypeKind::kBigint)});
  }
  node.updating = top.emit == TopNEmit::kChanges;
  node.key = ranked_key(top, node);
  if (top.emit == TopNEmit::kOnWindowClose) {
    TW_CHECK(node.time.window && node.time.window->end);
    node.time.window->is_result = true;
    node.time.lost = false;
    node.time.column = node.time.window->time;
  } else if (top.emit != TopNEmit::kBehindWatermark) {
    node.time = TimeInfo();  // Rows come when others go, however old they are.
  }
  node.time.judged = true;
  node.step = std::move(top);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

TopNEmit choose_top_n_emit(const Node& input, const TopN& top, bool changes) {
  if (!changes && !input.updating) {
    if (holds_window(input, top.keys)) {
      return TopNEmit::kOnWindowClose;
    }
    const bool by_time = !input.time.lost && !top.order.empty() && !top.order[0].descending &&
                         input.time.column == top.order[0].column;
    if (by_time && top.ranking == Ranking::kRowNumber) {
      return TopNEmit::kBehindWatermark;
    }
  }
  return changes || !input.bounded ? TopNEmit::kChanges : TopNEmit::kAtEnd;
}

NodePtr make_late_rows(NodePtr input, LateRows late) {
  TW_CHECK(!input->time.lost && !input->time.judged);
  Node node = following(std::move(input));
  node.schema.push_back({"window_start", type_of(TypeKind::kTimestamp)});
  node.schema.push_back({"window_end", type_of(TypeKind::kTimestamp)});
  node.schema.push_back({"late_by", type_of(TypeKind::kInterval)});
  if (node.updating) {
    node.schema.push_back({"late_change", type_of(TypeKind::kSmallint)});
    node.updating = false;
    node.key = std::nullopt;
  }
  node.time = TimeInfo();  // What has come too late for its own time has no place in time.
  node.step = std::move(late);
  return share(std::move(node));
}

NodePtr make_dead_letters(NodePtr scan) {
  Node node;
  node.schema = dead_letter_schema();
  node.bounded = scan->bounded;
  node.name = scan->name;
  node.inputs.push_back(std::move(scan));
  node.step = DeadLetters{};
  return share(std::move(node));
}

NodePtr make_over(NodePtr input, Over over, std::string id, std::string name) {
  TW_CHECK(over.emit == OverEmit::kAtEnd ? input->bounded
                                         : input->updating == (over.emit == OverEmit::kChanges));
  const bool input_updating = input->updating;
  Node node = following(std::move(input));
  for (const OverCall& call : over.calls) {
    node.schema.push_back({call.name, call.type});
  }
  if (over.emit == OverEmit::kBehindWatermark) {
    node.time.judged = true;
  } else {
    node.time = TimeInfo();
  }
  // An old row and the new one of its key may be of different partitions, on different workers.
  if (input_updating && node.key) {
    node.key->insert(node.key->end(), over.keys.begin(), over.keys.end());
    std::sort(node.key->begin(), node.key->end());
    node.key->erase(std::unique(node.key->begin(), node.key->end()), node.key->end());
  }
  node.updating = over.emit == OverEmit::kChanges;
  node.step = std::move(over);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_match_pattern(NodePtr input, MatchPattern match, std::string id, std::string name) {
  TW_CHECK(!input->updating && !input->time.lost);
  const bool one = match.rows == RowsPerMatch::kOne;
  const std::optional<std::uint32_t> time = one ? std::nullopt : input->time.column;
  Node node = following(std::move(input));
  node.time = {.column = time, .lost = false, .judged = true};
  node.key.reset();  // A row may be of several matches.
  if (one) {
    Schema keys;
    for (const std::uint32_t key : match.keys) {
      keys.push_back(node.schema[key]);
    }
    node.schema = std::move(keys);
  }
  if (match.call) {
    node.schema = match.call->schema;
  }
  for (const MatchValue& value : match.values) {
    if (one && value.kind == MatchValue::Kind::kTime) {
      node.time.column = static_cast<std::uint32_t>(node.schema.size());
    }
    node.schema.push_back({value.name, value.type});
  }
  node.step = std::move(match);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_process(NodePtr input, Process process, Schema schema) {
  Node node = following(std::move(input));
  if (process.yields == Yields::kColumns) {
    node.schema.insert(node.schema.end(), schema.begin(), schema.end());
  } else if (process.yields == Yields::kRows) {
    node.schema = std::move(schema);
    // Its rows keep their event time, but no column is known to hold it.
    node.time.column.reset();
    node.time.window.reset();
    node.key.reset();
  }
  node.step = std::move(process);
  return share(std::move(node));
}

NodePtr make_keyed_process(std::vector<NodePtr> inputs, KeyedProcess process, Schema schema,
                           std::string id, std::string name) {
  TW_CHECK(!process.keys.empty() && (inputs.size() == 1 || inputs.size() == 2));
  for (const NodePtr& input : inputs) {
    TW_CHECK(!input->updating && input->time.lost == inputs[0]->time.lost);
  }
  Node node = following(inputs[0]);
  node.bounded = node.bounded && inputs.back()->bounded;
  node.inputs = std::move(inputs);
  node.schema = std::move(schema);
  node.time = {.column = std::nullopt, .lost = node.time.lost, .judged = true};
  node.step = std::move(process);
  node.id = std::move(id);
  node.name = std::move(name);
  return share(std::move(node));
}

NodePtr make_sink(NodePtr input, TablePtr table, std::vector<std::string> names, RowKey key) {
  Node node = following(std::move(input));
  TW_CHECK(names.empty() || names.size() == node.schema.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    node.schema[i].name = std::move(names[i]);
  }
  node.name = table == nullptr ? "" : table->name;
  node.step = Sink{std::move(table), key ? std::move(key) : node.key};
  return share(std::move(node));
}

NodePtr with_inputs(const NodePtr& node, std::vector<NodePtr> inputs) {
  TW_CHECK(inputs.size() == node->inputs.size());
  if (inputs == node->inputs) {
    return node;
  }
  Node copy = *node;
  copy.inputs = std::move(inputs);
  return share(std::move(copy));
}

}  // namespace thalweg::plan
