#include "operators/calendar_grid.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/calendar.h"

namespace thalweg {
namespace {

// Years that the calendar knows; what lies beyond is all in the first or last window. Windows are
// numbered a little further.
constexpr std::int64_t kDaysMax = 250'000LL * 365;
constexpr std::int64_t kStartDaysMax = 100'000'000;

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

EventTime known(EventTime time) {
  return {std::clamp(time.micros, -kDaysMax * kMicrosPerDay, kDaysMax * kMicrosPerDay)};
}

// About as long as it is.
std::int64_t usual_micros(const Interval& span) {
  constexpr std::int64_t kDaysOf400Years = 146'097;
  return span.months * (kDaysOf400Years * kMicrosPerDay / 4800) + span.days * kMicrosPerDay +
         span.nanos / 1000;
}

std::int64_t month_number(std::int64_t day) {
  const CivilDate date = civil_from_days(day);
  return (date.year - 1970) * 12 + date.month - 1;
}

bool begins_by_one_unit(const Interval& unit) {
  return unit.nanos == 0 && (unit.months > 0) != (unit.days > 0);
}

}  // namespace

std::optional<CalendarGrid> CalendarGrid::make(const CalendarWindows& windows,
                                               std::string_view zone) {
  std::optional<TimeZone> found = TimeZone::find(zone);
  if (!found) {
    return std::nullopt;
  }
  CalendarGrid grid(windows, *std::move(found));
  TW_CHECK(begins_by_one_unit(grid.unit()));
  TW_CHECK(grid.unit().months > 0 ||
           (windows.size.months == 0 && windows.step.months == 0 && windows.offset.months == 0));
  return grid;
}

EventTime CalendarGrid::instant(std::int64_t number, const Interval& span, std::int64_t times) {
  const Interval& offset = windows_.offset;
  std::int64_t days = number * unit().days + offset.days + times * span.days;
  if (unit().months > 0) {
    days += days_from_civil(
        add_months(CivilDate{}, number * unit().months + offset.months + times * span.months));
  }
  days = std::clamp(days, -kStartDaysMax, kStartDaysMax);
  const std::int64_t midnight = zone_.to_utc(days * kMicrosPerDay + offset.nanos / 1000);
  return later_by({midnight}, times * (span.nanos / 1000));
}

CalendarGrid::Around CalendarGrid::around(EventTime time) {
  time = known(time);
  if (last_.bounds.contains(time)) {
    return last_;
  }
  const Interval& offset = windows_.offset;
  const std::int64_t local = zone_.to_local(time.micros) - offset.nanos / 1000;
  const std::int64_t day = floor_divide(local, kMicrosPerDay) - offset.days;
  std::int64_t number = unit().months > 0
                            ? floor_divide(month_number(day) - offset.months, unit().months)
                            : floor_divide(day, unit().days);
  // Clocks that are turned back show the time before a midnight once more after it.
  EventTime start = start_of(number);
  while (start > time) {
    start = start_of(--number);
  }
  EventTime end = start_of(number + 1);
  while (end <= time) {
    start = std::exchange(end, start_of(++number + 1));
  }
  last_ = {number, {start, end}};
  return last_;
}

std::int64_t CalendarGrid::hop_ending_after(EventTime time) {
  time = known(time);
  std::int64_t number = around({time.micros - usual_micros(windows_.size)}).number;
  while (hop_end(number) > time) {
    --number;
  }
  while (hop_end(number) <= time) {
    ++number;
  }
  return number;
}

EventTime CalendarGrid::step_end(const Around& window, std::int64_t steps) {
  return std::min(instant(window.number, windows_.step, steps), window.bounds.end);
}

std::int64_t CalendarGrid::step_ending_after(const Around& window, EventTime time) {
  const std::int64_t passed = time.micros - window.bounds.start.micros;
  std::int64_t steps = std::max<std::int64_t>(1, passed / usual_micros(windows_.step));
  while (steps > 1 && step_end(window, steps - 1) > time) {
    --steps;
  }
  while (step_end(window, steps) <= time) {
    ++steps;
  }
  return steps;
}

std::optional<TimeWindow> CalendarGrid::first_window(EventTime time, EventTime after) {
  const EventTime beyond = std::max(time, after);
  TimeWindow window;
  if (windows_.shape == WindowShape::kHop) {
    const std::int64_t number = hop_ending_after(beyond);
    window = {start_of(number), hop_end(number)};
  } else {
    const Around found = around(time);
    window = found.bounds;
    if (windows_.shape == WindowShape::kCumulate && beyond < window.end) {
      window.end = step_end(found, step_ending_after(found, beyond));
    }
  }
  return window.contains(time) && window.end > after ? std::optional(window) : std::nullopt;
}

std::optional<TimeWindow> CalendarGrid::last_window(EventTime time) {
  const Around found = around(time);
  TimeWindow window = found.bounds;
  if (windows_.shape == WindowShape::kHop) {
    window = ending_at(hop_end(found.number));
  }
  return window.contains(time) ? std::optional(window) : std::nullopt;
}

TimeWindow CalendarGrid::ending_at(EventTime end) {
  if (windows_.shape == WindowShape::kHop) {
    return {start_of(hop_ending_after({end.micros - 1})), end};
  }
  const TimeWindow window = around({end.micros - 1}).bounds;
  return tumbles() ? window : TimeWindow{window.start, end};
}

TimeWindow CalendarGrid::slice_of(EventTime time) {
  const Around found = around(time);
  const TimeWindow& bounds = found.bounds;
  if (windows_.shape == WindowShape::kHop) {
    const std::int64_t next = hop_ending_after(time);
    return {std::max(bounds.start, hop_end(next - 1)), std::min(bounds.end, hop_end(next))};
  }
  if (windows_.shape == WindowShape::kCumulate && time < bounds.end) {
    const std::int64_t steps = step_ending_after(found, time);
    return {steps == 1 ? bounds.start : step_end(found, steps - 1), step_end(found, steps)};
  }
  return bounds;
}

}  // namespace thalweg
