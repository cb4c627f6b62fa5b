#pragma once

#include <cstdint>

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

enum class WindowShape : std::uint8_t {
  kTumble,    // One after the other.
  kHop,       // Of one size, one begins at every slide: slides beyond the size leave gaps.
  kCumulate,  // Those of kTumble so far, after each step; the last is whole.
};

}  // namespace thalweg
