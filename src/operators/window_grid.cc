#include "operators/window_grid.h"

#include <algorithm>

#include "base/check.h"

namespace thalweg {
WindowGrid::WindowGrid(WindowShape shape, std::int64_t size, std::int64_t step, std::int64_t offset)
    : shape_(shape), size_(size), step_(step) {
  TW_CHECK(size > 0 && step > 0);
  const std::int64_t unit = shape == WindowShape::kHop ? step : size;
  offset_ = offset % unit;
  offset_ += offset_ < 0 ? unit : 0;
}

std::optional<TimeWindow> WindowGrid::first_window(EventTime time, EventTime after) const {
  if (calendar_) {
    return calendar_->first_window(time, after);
  }
  const std::int64_t beyond = std::max(time, after).micros;
  TimeWindow window;
  switch (shape_) {
    case WindowShape::kTumble:
      window = window_of(time);
      break;
    case WindowShape::kHop:
      window.end.micros = plus(floor_to(beyond, step_, (offset_ + size_ % step_) % step_), step_);
      window.start.micros = plus(window.end.micros, -size_);
      break;
    case WindowShape::kCumulate: {
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
  if (calendar_) {
    return calendar_->last_window(time);
  }
  TimeWindow window;
  if (shape_ == WindowShape::kHop) {
    window.start.micros = floor_to(time.micros, step_, offset_);
    window.end.micros = plus(window.start.micros, size_);
  } else if (shape_ == WindowShape::kCumulate) {
    window.start.micros = floor_to(time.micros, size_, offset_);
    window.end.micros = plus(window.start.micros, size_);
  } else {
    window = window_of(time);
  }
  return window.contains(time) ? std::optional(window) : std::nullopt;
}

TimeWindow WindowGrid::ending_at(EventTime end) const {
  if (calendar_) {
    return calendar_->ending_at(end);
  }
  switch (shape_) {
    case WindowShape::kTumble:
      return window_of({end.micros - 1});
    case WindowShape::kHop:
      return {{plus(end.micros, -size_)}, end};
    case WindowShape::kCumulate:
      return {{floor_to(end.micros - 1, size_, offset_)}, end};
  }
  return {};
}

TimeWindow WindowGrid::slice_of(EventTime time) const {
  if (calendar_) {
    return calendar_->slice_of(time);
  }
  if (tumbles()) {
    return window_of(time);
  }
  if (shape_ == WindowShape::kCumulate) {
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
