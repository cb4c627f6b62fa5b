#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "thalweg/aggregates.h"

namespace thalweg {

// The rows that are seen from a row of a stream, in order of event time: what Stream::over() takes.
// Made by one of the functions below. A bound of 0 is the row itself.
struct Frame {
  enum class Unit : std::uint8_t { kRows, kMicros };

  Unit unit = Unit::kMicros;
  std::optional<std::int64_t> preceding = 0;  // Nothing: all of them.
  std::optional<std::int64_t> following = 0;
};

inline constexpr std::nullopt_t kUnbounded = std::nullopt;

struct RowBounds {
  std::optional<std::int64_t> preceding = 0;
  std::optional<std::int64_t> following = 0;
};

// rows_frame({.preceding = 9}): the row and the nine before it. ROWS of SQL.
inline Frame rows_frame(const RowBounds& bounds) {
  return {Frame::Unit::kRows, bounds.preceding, bounds.following};
}

struct TimeBounds {
  std::optional<std::chrono::microseconds> preceding = std::chrono::microseconds(0);
  std::optional<std::chrono::microseconds> following = std::chrono::microseconds(0);
};

// range_frame({.preceding = 1h}): the row, those of its time, and those of the hour before it.
// RANGE of SQL.
inline Frame range_frame(const TimeBounds& bounds) {
  const auto micros = [](const std::optional<std::chrono::microseconds>& span) {
    return span ? std::optional(std::int64_t{span->count()}) : std::nullopt;
  };
  return {Frame::Unit::kMicros, micros(bounds.preceding), micros(bounds.following)};
}

// A column that over() adds: an aggregate of the frame (first() and last() are those by order in
// it), or one of the functions below.
struct FrameColumn {
  // NOLINTNEXTLINE: aggregates are taken as they are.
  FrameColumn(AggregateOf aggregate)
      : FrameColumn(std::move(aggregate.function), std::move(aggregate.field), std::nullopt,
                    std::move(aggregate.name)) {}
  FrameColumn(std::string of, std::string over, std::optional<std::int64_t> argument,
              std::string column)
      : function(std::move(of)),
        field(std::move(over)),
        number(argument),
        name(std::move(column)) {}

  FrameColumn as(std::string column) && {
    name = std::move(column);
    return std::move(*this);
  }

  std::string function;
  std::string field;  // Empty: of rows.
  std::optional<std::int64_t> number;
  std::string name;
};

// The row's place among those of its key, from 1, whatever the frame: BIGINT. Rows of one time
// share a rank(), and the next one counts them all; with dense_rank() it is one more.
inline FrameColumn row_number() { return {"row_number", "", std::nullopt, "row_number"}; }
inline FrameColumn rank() { return {"rank", "", std::nullopt, "rank"}; }
inline FrameColumn dense_rank() { return {"dense_rank", "", std::nullopt, "dense_rank"}; }

// The field of the row so many before it (lag) or behind it (lead), whatever the frame; of the
// frame's `number`-th row, from 1 (nth). NULL where there is no such row.
inline FrameColumn lag(const std::string& field, std::int64_t rows = 1) {
  return {"lag", field, rows, "lag_" + field};
}
inline FrameColumn lead(const std::string& field, std::int64_t rows = 1) {
  return {"lead", field, rows, "lead_" + field};
}
inline FrameColumn nth(const std::string& field, std::int64_t number) {
  return {"nth_value", field, number, "nth_value_" + field};
}
template <auto Member>
FrameColumn lag(std::int64_t rows = 1) {
  return lag(std::string(detail::name_of_value<Member>()), rows);
}
template <auto Member>
FrameColumn lead(std::int64_t rows = 1) {
  return lead(std::string(detail::name_of_value<Member>()), rows);
}
template <auto Member>
FrameColumn nth(std::int64_t number) {
  return nth(std::string(detail::name_of_value<Member>()), number);
}

}  // namespace thalweg
