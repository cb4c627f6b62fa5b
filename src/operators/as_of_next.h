#pragma once

#include <memory>

#include "operators/as_of_join.h"

namespace thalweg {

// make_as_of_join() for AsOf::kNext.
std::unique_ptr<Operator> make_next_row_join(AsOfJoinSpec spec);

}  // namespace thalweg
