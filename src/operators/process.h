#pragma once

#include <memory>

#include "columnar/row_function.h"
#include "stream/operator.h"

namespace thalweg {

struct ProcessSpec {
  std::unique_ptr<RowFunction> function;
  Yields yields = Yields::kRows;
};

// Passes rows through a function of the program. What the engine knows of a row beside its columns
// passes on to every row made of it; a row that the function refuses is rejected.
std::unique_ptr<Operator> make_process(ProcessSpec spec);

}  // namespace thalweg
