#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "columnar/batch.h"
#include "columnar/row_function.h"

namespace thalweg {

// Matches of a pattern by their rows: those of a match side by side, in order.
struct MatchRows {
  Batch rows;
  std::vector<std::uint32_t> begins;     // By match: the first of its rows.
  std::vector<std::uint32_t> variables;  // By row.
};

// A function of the program over matches, which the engine knows nothing of: a row for each. Owned
// by one worker.
class MatchFunction {
 public:
  virtual ~MatchFunction() = default;
  // Rows of what it makes come from matches, by number.
  virtual RowsMade apply(const MatchRows& matches) = 0;
};

// Called by any worker, perhaps several at a time.
using MakeMatchFunction = std::function<std::unique_ptr<MatchFunction>()>;

}  // namespace thalweg
