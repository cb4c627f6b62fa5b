#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/event_time.h"
#include "operators/calendar_grid.h"
#include "operators/time_window.h"

namespace thalweg {

// The windows of one window function, found by arithmetic from a time. No two end at the same
// time, so that its end names a window. Bounds beyond what an EventTime can hold stop at its
// limits.
//
// Used by one thread: a grid of the calendar remembers where it looked last.
class WindowGrid {
 public:
  // TUMBLE: [offset + k * size, offset + (k + 1) * size). All sizes must be more than zero.
  WindowGrid(std::int64_t size_micros, std::int64_t offset_micros)
      : WindowGrid(WindowShape::kTumble, size_micros, size_micros, offset_micros) {}
  // HOP: [offset + k * slide, offset + k * slide + size). Slides beyond the size leave gaps.
  static WindowGrid hop(std::int64_t slide_micros, std::int64_t size_micros,
                        std::int64_t offset_micros) {
    return {WindowShape::kHop, size_micros, slide_micros, offset_micros};
  }
  // CUMULATE: windows that begin with a tumbling one of `size` and end after each step, the last
  // with it, also where the steps do not divide the size.
  static WindowGrid cumulate(std::int64_t step_micros, std::int64_t size_micros,
                             std::int64_t offset_micros) {
    return {WindowShape::kCumulate, size_micros, step_micros, offset_micros};
  }
  // The same by the calendar of a time zone.
  explicit WindowGrid(CalendarGrid calendar) : WindowGrid(1, 0) {
    calendar_.emplace(std::move(calendar));
  }

  // Whether every time is in exactly one window.
  bool tumbles() const { return calendar_ ? calendar_->tumbles() : shape_ == WindowShape::kTumble; }

  // The window around a time. Requires: tumbles().
  TimeWindow window_of(EventTime time) const {
    if (calendar_) {
      return calendar_->window_of(time);
    }
    const std::int64_t start = floor_to(time.micros, size_, offset_);
    return {{start}, {plus(start, size_)}};
  }

  // Of the windows that hold `time` and end after `after`, the one that ends first.
  std::optional<TimeWindow> first_window(EventTime time, EventTime after = kStartOfTime) const;
  // The one that ends last.
  std::optional<TimeWindow> last_window(EventTime time) const;

  // Requires: a window ends there.
  TimeWindow ending_at(EventTime end) const;

  // The stretch around a time that no window begins or ends within: every window consists of whole
  // slices. It may be in no window.
  TimeWindow slice_of(EventTime time) const;

 private:
  WindowGrid(WindowShape shape, std::int64_t size, std::int64_t step, std::int64_t offset);

  // The last origin + k * unit that is not after `micros`. Requires: 0 <= origin < unit.
  static std::int64_t floor_to(std::int64_t micros, std::int64_t unit, std::int64_t origin) {
    // Below `unit` after both steps, without a sum that could overflow.
    std::int64_t into = micros % unit;
    into += into < 0 ? unit : 0;
    into -= origin;
    into += into < 0 ? unit : 0;
    return plus(micros, -into);
  }
  static std::int64_t plus(std::int64_t micros, std::int64_t change) {
    std::int64_t sum;
    if (__builtin_add_overflow(micros, change, &sum)) {
      sum = change < 0 ? kStartOfTime.micros : kEndOfTime.micros;
    }
    return sum;
  }

  WindowShape shape_;
  std::int64_t size_;
  std::int64_t step_;
  std::int64_t offset_;                           // In [0, step_) of HOP, in [0, size_) of others.
  mutable std::optional<CalendarGrid> calendar_;  // If it is there, all by it.
};

}  // namespace thalweg
