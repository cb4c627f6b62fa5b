#pragma once

#include <cstdint>
#include <limits>

#include "base/check.h"
#include "base/event_time.h"

namespace thalweg {

// A half-open stretch of event time: [start, end).
struct TimeWindow {
  EventTime start;
  EventTime end;

  bool contains(EventTime time) const { return time >= start && time < end; }
  // The event time of what is computed over it.
  EventTime last() const { return {end.micros - 1}; }
};

// The tumbling windows [offset + k * size, offset + (k + 1) * size). Bounds beyond what an
// EventTime can hold stop at its limits.
class WindowGrid {
 public:
  // Requires: size_micros > 0.
  WindowGrid(std::int64_t size_micros, std::int64_t offset_micros)
      : size_(size_micros), offset_(offset_micros % size_micros) {
    TW_CHECK(size_micros > 0);
    if (offset_ < 0) {
      offset_ += size_;
    }
  }

  TimeWindow window_of(EventTime time) const {
    // Below `size_` after both steps, without a sum that could overflow.
    std::int64_t into = time.micros % size_;
    into += into < 0 ? size_ : 0;
    into -= offset_;
    into += into < 0 ? size_ : 0;
    std::int64_t start;
    if (__builtin_sub_overflow(time.micros, into, &start)) {
      start = std::numeric_limits<std::int64_t>::min();
    }
    return from_start(start);
  }

  // Requires: `start` is the start of one of the windows.
  TimeWindow from_start(std::int64_t start) const {
    std::int64_t end;
    if (__builtin_add_overflow(start, size_, &end)) {
      end = std::numeric_limits<std::int64_t>::max();
    }
    return {{start}, {end}};
  }

 private:
  std::int64_t size_;
  std::int64_t offset_;  // In [0, size_).
};

}  // namespace thalweg
