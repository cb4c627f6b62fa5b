#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "columnar/batch.h"
#include "columnar/row_error.h"

namespace thalweg {

// What a function of the program makes of rows.
enum class Yields : std::uint8_t {
  kRows,
  kItsRows,  // Rows of its input as they are.
  kColumns,  // The same with columns behind their own.
};

// What a function of the program made of the rows of a batch.
struct RowsMade {
  std::vector<Column> columns;    // Absent where it yields its input's rows.
  std::vector<RowIndex> origins;  // The input's column row that each comes from; ascending.
  std::vector<RowIndex> refused;  // The input's column rows that it failed on; ascending.
  RowError refused_as = RowError::kFunctionFailed;
};

// A function of the program over rows, which the engine knows nothing of: none, one or many rows
// for each. Owned by one worker.
class RowFunction {
 public:
  virtual ~RowFunction() = default;
  virtual RowsMade apply(const Batch& input) = 0;
};

// Called by any worker, perhaps several at a time.
using MakeRowFunction = std::function<std::unique_ptr<RowFunction>()>;

}  // namespace thalweg
