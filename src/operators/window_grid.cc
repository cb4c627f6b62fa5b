#include "operators/window_grid.h"

#include <algorithm>

#include "base/check.h"
#include "columnar/calendar.h"

namespace thalweg {
namespace {

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

WindowGrid::WindowGrid(Kind kind, std::int64_t size, std::int64_t step, std::int64_t offset)
    : kind_(kind), size_(size), step_(step) {
  TW_CHECK(size > 0 && step > 0);
  const std::int64_t unit = kind == Kind::kHop ? step : size;
  offset_ = offset % unit;
  offset_ += offset_ < 0 ? unit : 0;
}

std::optional<WindowGrid> WindowGrid::calendar(CalendarSize size, std::string_view zone,
                                               std::int64_t offset_micros) {
  TW_CHECK((size.months > 0) != (size.days > 0));
  WindowGrid grid(1, 0);
  grid.kind_ = Kind::kCalendar;
  grid.calendar_size_ = size;
  grid.offset_ = offset_micros;
  grid.zone_ = TimeZone::find(zone);
  return grid.zone_ ? std::optional(std::move(grid)) : std::nullopt;
}

std::int64_t WindowGrid::calendar_start(std::int64_t number) const {
  std::int64_t days = number * calendar_size_.days;
  if (calendar_size_.months > 0) {
    days = days_from_civil(add_months(CivilDate{}, number * calendar_size_.months));
  }
  return plus(zone_->to_utc(days * kMicrosPerDay), offset_);
}

TimeWindow WindowGrid::calendar_window_of(EventTime time) const {
  // Years that the calendar knows; what lies beyond is all in the first or last window.
  constexpr std::int64_t kLimit = 250'000LL * 365 * kMicrosPerDay;
  const std::int64_t micros = std::clamp(plus(time.micros, -offset_), -kLimit, kLimit);
  const std::int64_t day = floor_divide(zone_->to_local(micros), kMicrosPerDay);
  std::int64_t number;
  if (calendar_size_.months > 0) {
    const CivilDate date = civil_from_days(day);
    number = floor_divide((date.year - 1970) * 12 + date.month - 1, calendar_size_.months);
  } else {
    number = floor_divide(day, calendar_size_.days);
  }
  return {{calendar_start(number)}, {calendar_start(number + 1)}};
}

std::optional<TimeWindow> WindowGrid::first_window(EventTime time, EventTime after) const {
  const std::int64_t beyond = std::max(time, after).micros;
  TimeWindow window;
  switch (kind_) {
    case Kind::kTumble:
    case Kind::kCalendar:
      window = window_of(time);
      break;
    case Kind::kHop:
      window.end.micros = plus(floor_to(beyond, step_, (offset_ + size_ % step_) % step_), step_);
      window.start.micros = plus(window.end.micros, -size_);
      break;
    case Kind::kCumulate: {
      const std::int64_t start = floor_to(time.micros, size_, offset_);
      const std::int64_t end = plus(start, size_);
      const std::int64_t steps = (std::min(beyond, end) - start) / step_ + 1;
      window = {{start}, {std::min(plus(start, steps * step_), end)}};
      break;
    }
  }
  if (!window.contains(time) || window.end <= after) {
    return std::nullopt;
  }
  return window;
}

std::optional<TimeWindow> WindowGrid::last_window(EventTime time) const {
  TimeWindow window;
  if (kind_ == Kind::kHop) {
    window.start.micros = floor_to(time.micros, step_, offset_);
    window.end.micros = plus(window.start.micros, size_);
  } else if (kind_ == Kind::kCumulate) {
    window.start.micros = floor_to(time.micros, size_, offset_);
    window.end.micros = plus(window.start.micros, size_);
  } else {
    window = window_of(time);
  }
  return window.contains(time) ? std::optional(window) : std::nullopt;
}

TimeWindow WindowGrid::ending_at(EventTime end) const {
  switch (kind_) {
    case Kind::kTumble:
    case Kind::kCalendar:
      return window_of({end.micros - 1});
    case Kind::kHop:
      return {{plus(end.micros, -size_)}, end};
    case Kind::kCumulate:
      return {{floor_to(end.micros - 1, size_, offset_)}, end};
  }
  return {};
}

TimeWindow WindowGrid::slice_of(EventTime time) const {
  if (tumbles()) {
    return window_of(time);
  }
  if (kind_ == Kind::kCumulate) {
    const std::int64_t start = floor_to(time.micros, size_, offset_);
    const std::int64_t first = plus(start, (time.micros - start) / step_ * step_);
    return {{first}, {std::min(plus(first, step_), plus(start, size_))}};
  }
  // Between two starts of windows there is one end, unless ends fall together with starts.
  const std::int64_t start = floor_to(time.micros, step_, offset_);
  const std::int64_t end = plus(start, size_ % step_);
  if (size_ % step_ != 0 && time.micros < end) {
    return {{start}, {end}};
  }
  return {{size_ % step_ == 0 ? start : end}, {plus(start, step_)}};
}

}  // namespace thalweg
