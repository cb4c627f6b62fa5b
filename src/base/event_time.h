#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace thalweg {

// Microseconds since the Unix epoch, UTC, in the event's own time.
struct EventTime {
  std::int64_t micros = 0;
  friend auto operator<=>(const EventTime&, const EventTime&) = default;
};

// Before every row: the watermark of an input that has said nothing yet.
inline constexpr EventTime kStartOfTime{std::numeric_limits<std::int64_t>::min()};

// The watermark of an input that has ended.
inline constexpr EventTime kEndOfTime{std::numeric_limits<std::int64_t>::max()};

// The time so much later, the end of time where that is beyond it.
inline EventTime later_by(EventTime time, std::int64_t micros) {
  EventTime sum;
  return __builtin_add_overflow(time.micros, micros, &sum.micros) ? kEndOfTime : sum;
}

}  // namespace thalweg
