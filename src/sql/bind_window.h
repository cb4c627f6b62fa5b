#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sql/bind_query.h"

// What all kinds of windows are bound of. `window` is what messages call the window: "TUMBLE".
namespace thalweg::sql {

// A constant interval of days and time, in microseconds; nothing, reported, when it is none.
// `what`: "the size of TUMBLE".
std::optional<std::int64_t> bind_interval(BindContext& context, const ast::Expr& expr,
                                          const std::string& what);

// How far a column stands from event time, where that is known: column = event time + distance.
std::optional<std::int64_t> distance_from_time(const plan::TimeInfo& time, std::uint32_t column);

// The distance of the window's time column from event time; nothing, reported, when unknown.
std::optional<std::int64_t> bind_time(BindContext& context, const Scope& scope,
                                      const ast::Expr& expr, Span input, const std::string& window);

// SESSION over a relation that is bound already.
std::optional<Scope> bind_session(BindContext& context, const ast::WindowTable& window,
                                  const Scope& input);

// GROUP BY SESSION(time column, gap).
struct GroupSession {
  std::int64_t gap_micros = 0;
  std::int64_t distance_micros = 0;  // Of the time column from event time.
  std::string arguments;             // As written.
};
bool is_session_call(const ast::Expr& expr);
// Requires: is_session_call(). Nothing, reported, when in error.
std::optional<GroupSession> bind_group_session(BindContext& context, const Scope& scope,
                                               const ast::Expr& expr);

// The scope with a window's columns behind its own.
Scope with_window_columns(const Scope& input, plan::NodePtr node);

}  // namespace thalweg::sql
