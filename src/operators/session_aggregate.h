#pragma once

#include <cstdint>
#include <memory>

#include "operators/aggregation_spec.h"
#include "stream/operator.h"

namespace thalweg {

struct SessionAggregateSpec {
  AggregationSpec aggregation;  // Rows as they are: no partials, no changes.
  std::int64_t gap_micros = 0;  // More than zero.
};

// GROUP BY within sessions of each key: [first row, last row + gap), rows at most a gap apart
// belonging together. Emits each session once, when the watermark is beyond its end: window_start,
// window_end, window_time, keys, aggregates, with window_time as event time. A row older than the
// operator's own watermark is rejected (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_session_aggregate(SessionAggregateSpec spec);

// The lowest event time of a session that may still end once the watermark stands there.
EventTime session_output_watermark(EventTime watermark);

}  // namespace thalweg
