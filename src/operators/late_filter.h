#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "operators/window_grid.h"
#include "stream/operator.h"

namespace thalweg {

struct LateFilterSpec {
  // The windows the rows are for: late when window_end + lateness <= stamp. Absent, for operators
  // that order rows: late when time + lateness < stamp.
  std::optional<WindowGrid> grid;
  std::int64_t lateness_micros = 0;
};

// Judges each row by its stamp, the watermark of its own partition just before it, and rejects late
// ones (RowError::kLate). Stands before the exchange. Batches without stamps pass untouched; no
// batch that leaves has stamps.
std::unique_ptr<Operator> make_late_filter(LateFilterSpec spec);

}  // namespace thalweg
