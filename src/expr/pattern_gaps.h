#pragma once

#include "expr/row_pattern.h"

namespace thalweg {

// A program in which places of gaps stand as if they took any row, with the places that take only
// rows which can be nothing that may come next. Behind each place, or gap, there is one for all
// gaps that begin there: the same rows go into each of them.
PatternProgram resolve_gaps(PatternProgram program);

}  // namespace thalweg
