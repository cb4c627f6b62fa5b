#pragma once

#include <compare>
#include <cstdint>

#include "base/event_time.h"

namespace thalweg {

// A stretch of event time whose rows share one table.
struct Pane {
  EventTime end;
  // Windows that end before this must not count the pane's rows, which are late for them. Only
  // slices have it; otherwise kStartOfTime.
  EventTime counts_from = kStartOfTime;

  friend auto operator<=>(const Pane&, const Pane&) = default;
};

// What of panes stands in a table of state, behind the keys.
enum class PaneColumns : std::uint8_t {
  kNone,              // There is one pane.
  kEnd,               // TIMESTAMP.
  kEndAndCountsFrom,  // TIMESTAMP each.
};

}  // namespace thalweg
