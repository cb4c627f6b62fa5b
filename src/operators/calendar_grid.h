#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "columnar/column.h"
#include "expr/time_zone.h"
#include "operators/time_window.h"

namespace thalweg {

// Windows by the calendar. They begin at midnight there, by so many months or so many days counted
// from 1970-01-01: the size of kTumble and kCumulate, the slide of kHop.
struct CalendarWindows {
  WindowShape shape = WindowShape::kTumble;
  Interval size;
  Interval step;    // kHop's slide, kCumulate's step.
  Interval offset;  // Moves them all, as the clocks there go.
};

// The windows of the calendar of a time zone, as WindowGrid has them by arithmetic. Midnights may
// be 23 or 25 hours apart, and where a day was left out two fall together: of the windows that end
// there, the one that begins first stands for all, so that no two end at the same time.
//
// Used by one thread: it remembers where it looked last.
class CalendarGrid {
 public:
  // Nothing when there is no such zone. Requires: windows begin by months or by days; months in any
  // of the intervals only where they begin by months; nothing longer than 10,000 years.
  static std::optional<CalendarGrid> make(const CalendarWindows& windows, std::string_view zone);

  bool tumbles() const { return windows_.shape == WindowShape::kTumble; }

  // As those of WindowGrid.
  std::optional<TimeWindow> first_window(EventTime time, EventTime after);
  std::optional<TimeWindow> last_window(EventTime time);
  TimeWindow ending_at(EventTime end);
  TimeWindow slice_of(EventTime time);
  TimeWindow window_of(EventTime time) { return around(time).bounds; }

 private:
  // From the start of window number `number` to the next one's.
  struct Around {
    std::int64_t number = 0;
    TimeWindow bounds;
  };

  CalendarGrid(const CalendarWindows& windows, TimeZone zone) : windows_(windows), zone_(zone) {}

  // By what windows begin.
  const Interval& unit() const {
    return windows_.shape == WindowShape::kHop ? windows_.step : windows_.size;
  }
  // The instant that lies so many times `span` behind the start of window `number`.
  EventTime instant(std::int64_t number, const Interval& span, std::int64_t times);
  EventTime start_of(std::int64_t number) { return instant(number, {}, 0); }
  Around around(EventTime time);
  // kHop: the first window that ends after `time`.
  std::int64_t hop_ending_after(EventTime time);
  EventTime hop_end(std::int64_t number) { return instant(number, windows_.size, 1); }
  // kCumulate: the first step of a window that ends after `time`, which lies before its end.
  std::int64_t step_ending_after(const Around& window, EventTime time);
  EventTime step_end(const Around& window, std::int64_t steps);

  CalendarWindows windows_;
  TimeZone zone_;
  Around last_;  // Found last.
};

}  // namespace thalweg
