#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "operators/window_input.h"
#include "stream/operator.h"

namespace thalweg {

struct LateFilterSpec {
  // The windows the rows are for: late for those with window_end + lateness <= stamp. Absent, for
  // operators that order rows: late when time + lateness < stamp.
  std::optional<WindowInput> windows;
  std::int64_t lateness_micros = 0;  // Without windows.
  bool fails = false;  // The first row that is late for any of its windows is an error of the job.
  bool shows_changes = false;  // Late rows say in a last column whether they come, 1, or go, -1.
};

// Judges each row by its stamp, the watermark of its own partition just before it, and rejects
// those that are late for all their windows (RowError::kLate). Stands before the exchange. Batches
// without stamps pass untouched; batches that leave have stamps only where a row is late for some
// of its windows.
std::unique_ptr<Operator> make_late_filter(LateFilterSpec spec);

// The other side of it: passes on the late rows only, once for each window they are late for, with
// window_start and window_end (TIMESTAMP; NULL without windows) and how far the stamp was beyond
// window_end + lateness (INTERVAL) after their columns, and what `shows_changes` says (SMALLINT),
// without event time. They are only ever added.
std::unique_ptr<Operator> make_late_rows(LateFilterSpec spec);

}  // namespace thalweg
