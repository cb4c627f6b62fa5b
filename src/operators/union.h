#pragma once

#include <memory>

#include "stream/operator.h"

namespace thalweg {

// UNION ALL: every row of every input, as it comes. The inputs have equal column types.
std::unique_ptr<Operator> make_union();

}  // namespace thalweg
