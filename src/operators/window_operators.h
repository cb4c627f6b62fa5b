#pragma once

#include <memory>

#include "operators/window_aggregate.h"

namespace thalweg {

// The forms that make_window_aggregate() chooses from.

// Over slices.
std::unique_ptr<Operator> make_sliding_window(WindowAggregateSpec spec);

// The first columns of `count` results of a window, with their event time.
Batch window_batch(const TimeWindow& window, std::uint32_t count);

}  // namespace thalweg
