#include "sql/bind_window.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "columnar/calendar.h"
#include "plan/build.h"
#include "plan/duration_text.h"
#include "plan/walk.h"
#include "sql/bind_expr.h"
#include "sql/bind_query.h"
#include "sql/calendar_windows.h"
#include "sql/sql_text.h"

// Window table functions: TUMBLE, HOP, CUMULATE.
namespace thalweg::sql {
namespace {

// A constant interval, with months or without; nothing, reported, when it is none.
std::optional<Interval> bind_any_interval(BindContext& context, const ast::Expr& expr,
                                          const std::string& what) {
  const Scope no_columns;
  const Bound bound = ExprBinder(context, no_columns, what).bind(expr);
  if (!bound) {
    return std::nullopt;
  }
  const ExprPtr folded = fold_constants(bound.expr);
  const auto* interval = std::get_if<Interval>(&folded->literal.data);
  if (folded->kind != ExprKind::kLiteral || interval == nullptr) {
    context.error("P0103", what + " must be a constant interval", expr.span, "",
                  {"as in INTERVAL '1 hour'"});
    return std::nullopt;
  }
  if (interval->nanos % 1000 != 0) {
    context.error("P0103", what + " cannot be finer than a microsecond", expr.span);
    return std::nullopt;
  }
  return *interval;
}

// The same, refusing months.
std::optional<Interval> bind_fixed_interval(BindContext& context, const ast::Expr& expr,
                                            const std::string& what) {
  const std::optional<Interval> interval = bind_any_interval(context, expr, what);
  if (interval && interval->months != 0) {
    context.error("P0103", what + " cannot have months, which are not equally long", expr.span, "",
                  {"give it in days, hours, minutes or seconds"});
    return std::nullopt;
  }
  return interval;
}

bool is_time(const Field& column) {
  return column.type.kind == TypeKind::kTimestamp || column.type.kind == TypeKind::kTimestamptz;
}

std::string watermark_for(const std::string& column) {
  const std::string name = quote_name(column);
  return "WATERMARK FOR " + name + " AS " + name + " - INTERVAL '5 seconds'";
}

// How a table that nobody declared is declared with an event time.
std::string declaration(const std::string& name, const Table& table, const Field& time) {
  std::string text = "CREATE TABLE " + quote_name(name) + " (";
  for (const TableColumn& column : table.columns) {
    const bool other = column.field.name == time.name && !is_time(column.field);
    text += quote_name(column.field.name) + ' ';
    text += (other ? "TIMESTAMP" : to_string(column.field.type)) + ", ";
  }
  text += watermark_for(time.name) + ") WITH (connector = " + quote_text(table.connector);
  if (table.options.has("path")) {
    text += ", path = " + quote_text(table.options.text("path"));
  }
  return text + ", format = " + quote_text(table.format) + ");";
}

void report_no_event_time(BindContext& context, const Scope& scope, const Field& column, Span span,
                          const std::string& window) {
  std::vector<std::string> notes;
  if (scope.table != nullptr) {
    const bool other = !is_time(column);
    notes.push_back((other ? "declare " + quote_name(column.name) + " TIMESTAMP, and add" : "add") +
                    std::string(" to CREATE TABLE ") + quote_name(scope.table->name) + ": " +
                    watermark_for(column.name));
  } else if (const auto* scan = plan::step_of<plan::Scan>(*scope.node);
             scan != nullptr && !context.names().tables.contains(fold_name(scan->table->name)) &&
             !scope.relations[0].shown.empty()) {
    const std::string& name = scope.relations[0].shown;
    notes.push_back("declare it before: " + declaration(name, *scan->table, column));
    notes.push_back("then say " + (window == "MATCH_RECOGNIZE"
                                       ? "FROM " + quote_name(name) + " MATCH_RECOGNIZE (...)"
                                       : window + '(' + quote_name(name) + ", ...)"));
  } else {
    notes.push_back(
        "an aggregate without a window and a join without bounds of time have no event time: say "
        "them below it, or declare "
        "a WATERMARK where the rows come from");
  }
  const std::string& shown = scope.relations[0].shown;
  const std::string what = shown.empty() ? "what it reads" : '"' + shown + '"';
  context.error("P0101", window + " needs event time, and " + what + " has no watermark", span, "",
                std::move(notes));
}

const char* name_of(ast::WindowKind kind) {
  switch (kind) {
    case ast::WindowKind::kTumble:
      return "TUMBLE";
    case ast::WindowKind::kHop:
      return "HOP";
    case ast::WindowKind::kCumulate:
      return "CUMULATE";
    case ast::WindowKind::kSession:
      return "SESSION";
    case ast::WindowKind::kTumbleRows:
      return "TUMBLE_ROWS";
    case ast::WindowKind::kHopRows:
      return "HOP_ROWS";
  }
  return "";
}

void report_not_positive(BindContext& context, const char* what, std::int64_t micros,
                         const ast::Expr& expr) {
  context.error("P0103",
                "a window's " + std::string(what) + " must be more than zero, not " +
                    plan::duration_text(micros),
                expr.span, "", {"as in INTERVAL '1 minute'"});
}

// Windows close only where the clock passes a multiple of this, counted from their offset.
std::int64_t tick_of(const plan::Window& window) {
  if (!window.calendar) {
    return std::gcd(window.size_micros, window.step_micros);
  }
  const plan::CalendarWindow& calendar = *window.calendar;
  std::int64_t tick = kMicrosPerSecond;
  for (const Interval* part : {&calendar.size, &calendar.step, &calendar.offset}) {
    tick = std::gcd(tick, part->nanos / 1000);
  }
  return tick;
}

std::int64_t floor_mod(std::int64_t value, std::int64_t size) {
  return ((value % size) + size) % size;
}

}  // namespace

plan::WindowKind window_kind(ast::WindowKind kind) {
  return kind == ast::WindowKind::kHop        ? plan::WindowKind::kHop
         : kind == ast::WindowKind::kCumulate ? plan::WindowKind::kCumulate
                                              : plan::WindowKind::kTumble;
}

bool check_windows_per_row(BindContext& context, const std::string& function,
                           const WindowLengths& lengths, Span span) {
  constexpr std::int64_t kWindowsMax = 100'000;
  const std::int64_t windows = (lengths.size_micros - 1) / lengths.step_micros + 1;
  if (windows <= kWindowsMax) {
    return true;
  }
  const std::int64_t step = (lengths.size_micros - 1) / kWindowsMax + 1;
  context.error("P0103",
                function + " puts each row into " + std::to_string(windows) +
                    " windows, more than " + std::to_string(kWindowsMax),
                span, "",
                {std::string("a ") + (function == "HOP" ? "slide" : "step") + " of at least " +
                 plan::duration_text(step) + " is possible for a size of " +
                 plan::duration_text(lengths.size_micros)});
  return false;
}

std::optional<std::int64_t> distance_from_time(const plan::TimeInfo& time, std::uint32_t column) {
  if (time.column == column) {
    return 0;
  }
  if (!time.window || !time.window->is_result) {
    return std::nullopt;
  }
  const plan::WindowColumns& window = *time.window;
  if (window.time == column) {
    return window.shift_micros;
  }
  const bool equally_long = !window.varies && window.window.are_equally_long();
  if (window.start == column && equally_long) {
    return window.shift_micros - (window.window.size_micros - 1);
  }
  if (window.end == column) {
    return window.shift_micros + 1;
  }
  return std::nullopt;
}

namespace {

// Whether a table below takes rows back itself.
bool reads_changes(const plan::Node& node) {
  return node.updating &&
         (std::holds_alternative<plan::Scan>(node.step) ||
          std::any_of(node.inputs.begin(), node.inputs.end(),
                      [](const plan::NodePtr& input) { return reads_changes(*input); }));
}

}  // namespace

std::optional<std::int64_t> bind_interval(BindContext& context, const ast::Expr& expr,
                                          const std::string& what) {
  const std::optional<Interval> interval = bind_fixed_interval(context, expr, what);
  return interval ? std::optional(micros_of(*interval)) : std::nullopt;
}

bool check_final(BindContext& context, const plan::Node& input, const std::string& window,
                 Span span) {
  if (input.updating) {
    context.error("P0104", window + " needs final rows, and these change as they come", span, "",
                  {reads_changes(input)
                       ? "a table of changes takes rows back itself; read rows that are only added"
                       : "leave EMIT out below it, so that each result is final"});
  }
  return !input.updating;
}

std::optional<std::int64_t> bind_time(BindContext& context, const Scope& scope,
                                      const ast::Expr& expr, Span input,
                                      const std::string& window) {
  const auto* reference = expr.as<ast::ColumnRef>();
  if (reference == nullptr) {
    context.error("P0102", "the time of " + window + " must be a column", expr.span);
    return std::nullopt;
  }
  const std::optional<FoundColumn> found = find_column(context, scope, reference->parts, expr.span);
  if (!found) {
    return std::nullopt;
  }
  const Field& column = scope.columns()[found->column];
  const plan::TimeInfo& time = scope.node->time;
  if (time.lost) {
    report_no_event_time(context, scope, column, input, window);
    return std::nullopt;
  }
  const std::optional<std::int64_t> distance = found->parts < reference->parts.size()
                                                   ? std::nullopt
                                                   : distance_from_time(time, found->column);
  if (!distance) {
    std::vector<std::string> notes;
    if (!time.column) {
      notes.push_back("its column has been left out by a SELECT below");
    }
    context.error("P0102", "\"" + column.name + "\" is not the event time here", expr.span,
                  time.column ? "use " + quote_name(scope.columns()[*time.column].name) : "",
                  std::move(notes));
  }
  return distance;
}

Scope with_window_columns(const Scope& input, plan::NodePtr node) {
  Scope scope = input;
  if (scope.relations.size() == 1) {
    scope.relations[0].count += plan::kWindowColumns;
  }
  scope.window_columns = static_cast<std::uint32_t>(input.columns().size());
  scope.node = std::move(node);
  scope.table = nullptr;
  return scope;
}

plan::NodePtr shift_window_columns(const plan::NodePtr& node, std::uint32_t first,
                                   std::int64_t shift_micros) {
  const Interval interval{.months = 0, .days = 0, .nanos = shift_micros * 1000};
  const ExprPtr shift = literal_expr({.type = type_of(TypeKind::kInterval), .data = interval});
  const std::vector<ArgumentType> types = {{type_of(TypeKind::kTimestamp), false},
                                           {type_of(TypeKind::kInterval), false}};
  const std::optional<ResolvedFunction> plus = resolve_function("+", types);
  std::vector<ExprPtr> exprs = column_exprs(*node);
  for (std::uint32_t i = first; i < first + plan::kWindowColumns; ++i) {
    exprs[i] = call_expr(*plus->overload, plus->result_type, {exprs[i], shift});
  }
  plan::Node shifted = *plan::make_project(node, std::move(exprs), column_names(*node));
  shifted.time = node->time;
  shifted.time.window->shift_micros = shift_micros;
  if (shifted.time.column && *shifted.time.column >= first &&
      *shifted.time.column < first + plan::kWindowColumns) {
    shifted.time.column.reset();
  }
  return std::make_shared<const plan::Node>(std::move(shifted));
}

namespace {

std::optional<WindowIntervals> bind_window_intervals(BindContext& context, const WindowCall& call) {
  bool bound = true;
  const auto bind = [&](const ast::Expr* expr, const char* part) {
    const auto interval =
        expr == nullptr
            ? Interval{}
            : bind_any_interval(context, *expr,
                                std::string("the ") + part + " of " + name_of(call.kind));
    bound = bound && interval;
    return interval.value_or(Interval{});
  };
  const bool hop = call.kind == ast::WindowKind::kHop;
  const WindowIntervals intervals{.size = bind(call.size, "size"),
                                  .step = bind(call.step, hop ? "slide" : "step"),
                                  .offset = bind(call.offset, "offset")};
  return bound ? std::optional(intervals) : std::nullopt;
}

// Windows that are equally long.
std::optional<plan::Window> bind_fixed_windows(BindContext& context, const WindowCall& call,
                                               const WindowIntervals& intervals,
                                               std::int64_t distance) {
  plan::Window window;
  window.kind = window_kind(call.kind);
  window.size_micros = micros_of(intervals.size);
  window.step_micros = micros_of(intervals.step);
  const bool hop = window.kind == plan::WindowKind::kHop;
  if (call.step != nullptr && window.step_micros <= 0) {
    report_not_positive(context, hop ? "slide" : "step", window.step_micros, *call.step);
    return std::nullopt;
  }
  if (window.size_micros <= 0) {
    report_not_positive(context, "size", window.size_micros, *call.size);
    return std::nullopt;
  }
  if (!hop && window.step_micros > window.size_micros) {
    context.error("P0103",
                  "the step of CUMULATE, " + plan::duration_text(window.step_micros) +
                      ", is longer than its size, " + plan::duration_text(window.size_micros),
                  call.step->span, "", {"the step comes first: CUMULATE(t, ts, step, size)"});
    return std::nullopt;
  }
  if (call.step != nullptr &&
      !check_windows_per_row(context, name_of(call.kind),
                             {.size_micros = window.size_micros, .step_micros = window.step_micros},
                             call.step->span)) {
    return std::nullopt;
  }
  window.offset_micros = floor_mod(micros_of(intervals.offset) - distance,
                                   hop ? window.step_micros : window.size_micros);
  return window;
}

std::optional<plan::Window> bind_windows(BindContext& context, const WindowCall& call,
                                         std::int64_t distance) {
  const std::optional<WindowIntervals> intervals = bind_window_intervals(context, call);
  if (!intervals) {
    return std::nullopt;
  }
  if (!goes_by_calendar(context, intervals->size) && !goes_by_calendar(context, intervals->step) &&
      intervals->offset.months == 0) {
    return bind_fixed_windows(context, call, *intervals, distance);
  }
  if (distance != 0) {
    context.error("P0103", "windows by the calendar need the event time itself", call.size->span,
                  "", {"name the column that WATERMARK FOR names, or window_time"});
    return std::nullopt;
  }
  return bind_calendar_windows(context, call, *intervals);
}

}  // namespace

std::optional<Scope> bind_window(BindContext& context, const ast::WindowTable& table, Span span) {
  const auto hinted_ttl = std::exchange(context.hinted_ttl, std::nullopt);
  const std::optional<Scope> input = bind_from(context, *table.input);
  if (!input) {
    return std::nullopt;
  }
  context.hinted_ttl = hinted_ttl;
  if (table.kind == ast::WindowKind::kSession) {
    return bind_session(context, table, *input);
  }
  if (table.kind == ast::WindowKind::kTumbleRows || table.kind == ast::WindowKind::kHopRows) {
    return bind_count_window(context, table, *input);
  }
  const WindowCall call{.kind = table.kind,
                        .time = table.time.get(),
                        .size = table.size.get(),
                        .step = table.step.get(),
                        .offset = table.offset.get(),
                        .span = span,
                        .input_span = table.input->span};
  plan::NodePtr node = assign_windows(context, *input, call);
  if (node == nullptr) {
    return std::nullopt;
  }
  return with_window_columns(*input, std::move(node));
}

std::optional<TimedRows> bind_timed_rows(BindContext& context, const Scope& input,
                                         const WindowCall& call) {
  TimedRows rows{.node = input.node};
  const Bound time = ExprBinder(context, input, name_of(call.kind)).bind(*call.time);
  if (!time) {
    return std::nullopt;
  }
  const bool is_column = time.expr->kind == ExprKind::kColumn;
  if (is_column && input.node->time.wall_clock == time.expr->column) {
    rows.wall_clock = time.expr->column;
  }
  rows.by_wall_clock = rows.wall_clock || plan::shows_wall_clock(*time.expr);
  if (!rows.by_wall_clock) {
    const std::optional<std::int64_t> distance =
        bind_time(context, input, *call.time, call.input_span, name_of(call.kind));
    rows.distance_micros = distance.value_or(0);
    return distance ? std::optional(std::move(rows)) : std::nullopt;
  }
  if (input.node->updating) {
    context.error("P0101",
                  std::string(name_of(call.kind)) +
                      " over processing time cannot take rows back, and these rows change",
                  call.input_span, "", {"a row that is taken back comes later, in another window"});
    return std::nullopt;
  }
  return rows;
}

plan::NodePtr rows_in_time(const TimedRows& rows, std::int64_t tick_micros,
                           std::int64_t tick_offset_micros) {
  return rows.by_wall_clock
             ? plan::make_processing_time(rows.node, {.column = rows.wall_clock,
                                                      .tick_micros = tick_micros,
                                                      .tick_offset_micros = tick_offset_micros})
             : rows.node;
}

plan::NodePtr assign_windows(BindContext& context, const Scope& input, const WindowCall& call) {
  const std::optional<TimedRows> rows = bind_timed_rows(context, input, call);
  const std::int64_t distance = rows ? rows->distance_micros : 0;
  const std::optional<plan::Window> window = bind_windows(context, call, distance);
  if (!rows || !window) {
    return nullptr;
  }
  const auto first = static_cast<std::uint32_t>(input.columns().size());
  const plan::NodePtr node = plan::make_assign_window(
      rows_in_time(*rows, tick_of(*window), window->offset_micros), *window);
  return distance == 0 ? node : shift_window_columns(node, first, distance);
}

}  // namespace thalweg::sql
