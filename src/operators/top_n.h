#pragma once

#include <memory>

#include "operators/top_n_spec.h"
#include "stream/operator.h"

namespace thalweg {

// Top-N and deduplication: the input's columns, and the rank if it is shown.
// kOnWindowClose: a row for a window that the watermark has closed is rejected
// (RowError::kLateAfterIdle); windows come out in order of time.
// kBehindWatermark: the order begins with event time; rows come out in order of time.
std::unique_ptr<Operator> make_top_n(TopNSpec spec);

}  // namespace thalweg
