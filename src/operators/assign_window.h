#pragma once

#include <memory>

#include "operators/window_grid.h"
#include "stream/operator.h"

namespace thalweg {

// Appends window_start, window_end and window_time (TIMESTAMP; end - 1 us) to the input's columns,
// from each row's event time. A row comes out once for each of its windows, first the one that ends
// first; not at all where it is in none.
std::unique_ptr<Operator> make_assign_window(WindowGrid grid);

}  // namespace thalweg
