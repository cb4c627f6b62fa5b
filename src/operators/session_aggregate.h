#pragma once

#include <cstdint>
#include <memory>

#include "operators/aggregation_spec.h"
#include "operators/window_aggregate.h"
#include "stream/operator.h"

namespace thalweg {

struct SessionAggregateSpec {
  AggregationSpec aggregation;       // Rows as they are: no partials, no changes.
  std::int64_t gap_micros = 0;       // More than zero.
  std::int64_t lateness_micros = 0;  // How long after its end a session takes late rows.
  WindowEmit emit = WindowEmit::kOnClose;
  std::int64_t every_micros = 0;  // kEvery: more than zero.
};

// GROUP BY within sessions of each key: [first row, last row + gap), rows at most a gap apart
// belonging together: window_start, window_end, window_time, keys, aggregates, with window_time as
// event time. kOnClose without lateness emits each session once, when the watermark is beyond its
// end; all else emits changes, -old and +new: what was told of a session that becomes longer, or
// part of another, is taken back. A row older than the operator's own watermark by more than the
// lateness is rejected (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_session_aggregate(SessionAggregateSpec spec);

// The lowest event time of a session that may still end once the watermark stands there.
EventTime session_output_watermark(EventTime watermark);

}  // namespace thalweg
