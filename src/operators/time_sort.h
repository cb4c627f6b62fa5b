#pragma once

#include <memory>
#include <vector>

#include "columnar/kernels.h"
#include "state/whole_rows.h"
#include "stream/operator.h"

namespace thalweg {

struct TimeSortSpec {
  // Over the input's columns. The first is the event time, or stands at a fixed distance from it.
  // None: by event time, rows of one time by where they came from.
  std::vector<SortKey> keys;
  RowLayout rows;  // Of the input.
};

// Sorts a stream by event time behind the watermark: a row comes out when no older one can come any
// more, rows of one time together. A row older than the operator's own watermark is rejected
// (RowError::kLateAfterIdle). Has to see the whole input: one instance only.
std::unique_ptr<Operator> make_time_sort(TimeSortSpec spec);

}  // namespace thalweg
