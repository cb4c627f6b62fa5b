#pragma once

#include <memory>

#include "operators/aggregation_spec.h"
#include "operators/window_input.h"
#include "stream/operator.h"

namespace thalweg {

struct WindowAggregateSpec {
  AggregationSpec aggregation;
  WindowInput windows;
};

// GROUP BY within tumbling windows of event time. Emits each window once, in order of time, when
// the watermark reaches its end: window_start, window_end, window_time, keys, aggregates, with
// window_time as event time. A window without rows emits nothing, also where there are no keys.
// A row for a window that the operator's own watermark has closed is rejected
// (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_window_aggregate(WindowAggregateSpec spec);

}  // namespace thalweg
