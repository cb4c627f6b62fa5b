#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "columnar/calendar.h"
#include "sql/bind_query.h"

// What all kinds of windows are bound of. `window` is what messages call the window: "TUMBLE".
namespace thalweg::sql {

// In microseconds, a day being 24 hours. Requires: no months.
inline std::int64_t micros_of(const Interval& interval) {
  return interval.days * kMicrosPerDay + interval.nanos / 1000;
}

// A constant interval of days and time, in microseconds; nothing, reported, when it is none.
// `what`: "the size of TUMBLE".
std::optional<std::int64_t> bind_interval(BindContext& context, const ast::Expr& expr,
                                          const std::string& what);

// Requires: TUMBLE, HOP or CUMULATE.
plan::WindowKind window_kind(ast::WindowKind kind);

// Whether so few windows of one size hold one row that each can be kept and shown; else reported.
struct WindowLengths {
  std::int64_t size_micros = 0;
  std::int64_t step_micros = 0;
};
bool check_windows_per_row(BindContext& context, const std::string& function,
                           const WindowLengths& lengths, Span span);

// How far a column stands from event time, where that is known: column = event time + distance.
std::optional<std::int64_t> distance_from_time(const plan::TimeInfo& time, std::uint32_t column);

// Whether rows are never taken back, as windows need whose bounds follow from them; else reported.
bool check_final(BindContext& context, const plan::Node& input, const std::string& window,
                 Span span);

// The distance of the window's time column from event time; nothing, reported, when unknown.
std::optional<std::int64_t> bind_time(BindContext& context, const Scope& scope,
                                      const ast::Expr& expr, Span input, const std::string& window);

// The rows that a window function reads, with the time that it names as theirs.
struct TimedRows {
  plan::NodePtr node;
  std::int64_t distance_micros = 0;  // Of the time column from event time.
  // Processing time: PROCTIME() itself, or the column that shows it.
  bool by_wall_clock = false;
  std::optional<std::uint32_t> wall_clock;
};
// Nothing, reported, where it names no time.
std::optional<TimedRows> bind_timed_rows(BindContext& context, const Scope& input,
                                         const WindowCall& call);
// The rows, where need be with the wall clock as their time, which goes on by ticks.
plan::NodePtr rows_in_time(const TimedRows& rows, std::int64_t tick_micros,
                           std::int64_t tick_offset_micros);

// SESSION over a relation that is bound already.
std::optional<Scope> bind_session(BindContext& context, const ast::WindowTable& window,
                                  const Scope& input);

// TUMBLE_ROWS and HOP_ROWS over a relation that is bound already.
std::optional<Scope> bind_count_window(BindContext& context, const ast::WindowTable& window,
                                       const Scope& input);

// The sessions of a relation, told by `keys`; null, reported, in error.
plan::NodePtr assign_sessions(BindContext& context, const Scope& input, const WindowCall& call,
                              std::vector<ExprPtr> keys);

// A window among the keys of GROUP BY, as TUMBLE(ts, INTERVAL '1 hour') is.
bool is_group_window(const ast::Expr& expr);
// Requires: is_group_window(). Nothing, reported, when in error.
std::optional<WindowCall> read_group_window(BindContext& context, const ast::Expr& expr);
// The rows of a relation with its windows behind their columns, told by `keys` where it is SESSION;
// null, reported, in error.
plan::NodePtr assign_group_windows(BindContext& context, const Scope& input,
                                   const WindowCall& window, std::vector<ExprPtr> keys);
// The window function's arguments, bound; empty, reported, where one is in error.
std::vector<ExprPtr> bind_window_arguments(BindContext& context, const Scope& scope,
                                           const ast::Call& call);

// The scope with a window's columns behind its own.
Scope with_window_columns(const Scope& input, plan::NodePtr node);

}  // namespace thalweg::sql
