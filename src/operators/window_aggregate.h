#pragma once

#include <cstdint>
#include <memory>

#include "operators/aggregation_spec.h"
#include "operators/window_input.h"
#include "stream/operator.h"

namespace thalweg {

// When a windowed aggregate says what its results are.
enum class WindowEmit : std::uint8_t {
  kOnClose,  // When the watermark reaches a window's end; with lateness, each change after it too.
  kChanges,  // After each batch.
  kEvery,    // What has changed, by the wall clock, until the window closes.
};

struct WindowAggregateSpec {
  AggregationSpec aggregation;
  WindowInput windows;
  WindowEmit emit = WindowEmit::kOnClose;
  std::int64_t every_micros = 0;  // kEvery: more than zero.
};

// GROUP BY within windows of event time: window_start, window_end, window_time, keys, aggregates,
// with window_time as event time. kOnClose without lateness emits each window once, in order of
// time; all else emits changes, -old and +new adjacent, and never says again what it has said. A
// window without rows emits nothing, also where there are no keys. A row for a window that the
// operator's own watermark has passed by its lateness is rejected (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_window_aggregate(WindowAggregateSpec spec);

}  // namespace thalweg
