#pragma once

#include <vector>

#include "columnar/batch.h"

namespace thalweg {

// The rows in order of event time; those of one time by where they came from, and where that is not
// known by their columns. Requires: the batch has event time, and no selection.
std::vector<RowIndex> order_of_time(const Batch& batch);

}  // namespace thalweg
