#pragma once

#include <cstdint>

#include "operators/window_grid.h"

namespace thalweg {

// How the rows that come into a windowed aggregate find their windows.
enum class WindowsBy : std::uint8_t {
  kTime,        // The windows that hold their event time.
  kResultTime,  // Rows are results of such windows: the one whose last microsecond is their time.
  kColumn,      // The one that ends at the value of a column plus a distance.
};

struct WindowInput {
  WindowGrid grid;
  WindowsBy by = WindowsBy::kTime;
  std::uint32_t column = 0;          // kColumn: TIMESTAMP.
  std::int64_t micros_to_end = 0;    // kColumn.
  std::int64_t lateness_micros = 0;  // How long after its end a window takes late rows.
  bool needs_whole_windows = false;  // Its results are asked for before it closes, or after.
};

// Up to where windows are over for good when they take late rows for so long after their end.
inline EventTime passed_at(EventTime watermark, std::int64_t lateness_micros) {
  if (watermark == kStartOfTime || watermark == kEndOfTime) {
    return watermark;
  }
  EventTime passed;
  return __builtin_sub_overflow(watermark.micros, lateness_micros, &passed.micros) ? kStartOfTime
                                                                                   : passed;
}

}  // namespace thalweg
