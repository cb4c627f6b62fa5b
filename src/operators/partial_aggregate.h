#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "operators/aggregation_spec.h"
#include "operators/window_input.h"
#include "stream/operator.h"

namespace thalweg {

struct PartialAggregateSpec {
  AggregationSpec aggregation;         // Of rows.
  std::optional<WindowInput> windows;  // Of the windowed aggregate it stands before.
  std::uint32_t groups_max = 32'768;
};

// The first stage of an aggregate, before an exchange: combines rows of equal keys (and windows)
// and passes on their partial results, in the columns of partial_types(), when it holds
// `groups_max` groups, when the watermark closes a window, and at the end. Rows for windows that
// its watermark has closed are rejected (RowError::kLateAfterIdle). Requires: is_mergeable(), no
// updating input.
std::unique_ptr<Operator> make_partial_aggregate(PartialAggregateSpec spec);

}  // namespace thalweg
