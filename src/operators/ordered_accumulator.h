#pragma once

#include <memory>

#include "operators/accumulator.h"

namespace thalweg {

// first_value, last_value, array_agg, and min and max of types without a fixed size: keeps rows, in
// the order of the call's ORDER BY, else of (event time, partition, position).
std::unique_ptr<Accumulator> make_ordered_accumulator(const AggregateCall& call);

}  // namespace thalweg
