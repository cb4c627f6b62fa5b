#pragma once

#include <cstdint>
#include <string_view>

namespace thalweg {

// Why one row could not be processed. kNone must stay 0.
enum class RowError : std::uint8_t {
  kNone,
  kDivisionByZero,
  kOverflow,
  kBadCast,
  kBadArgument,  // A function refused its argument: sqrt(-1), an unknown time zone.
  kNullTime,     // The event time is NULL.
  kNullNotAllowed,
  kMalformed,  // JSON or CSV that does not parse.
  kWrongType,  // A field's value does not fit its column.
  kInvalidUtf8,
  kTooLong,    // One row is longer than the limit.
  kTruncated,  // The input ends within the row.
  kLate,
  kLateAfterIdle,
  kTooFarAhead,     // Beyond max_future_skew.
  kFunctionFailed,  // A function of a C++ program threw an exception.
  kNotThere,        // It takes back a row that is not there.
  kMatchTooLarge,   // The match that begins with it has too many rows, or ways to go on.
  kSkipToNothing,   // AFTER MATCH SKIP TO a row that the match has not, or begins with.
};
inline constexpr int kRowErrorCount = 19;

// The word users see in summaries, metrics and dead letters: "division_by_zero".
std::string_view to_string(RowError error);

// One sentence for people.
std::string_view explain(RowError error);

}  // namespace thalweg
