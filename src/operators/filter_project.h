#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "expr/expr.h"
#include "stream/operator.h"

namespace thalweg {

struct FilterProjectSpec {
  ExprPtr predicate;  // BOOLEAN over the input's columns; nullptr keeps every row.
  // One output column each, over the input's columns. Absent: the input's columns as they are.
  std::optional<std::vector<ExprPtr>> projections;
  std::uint64_t random_seed = 1;  // What random() begins from.
};

// Keeps the rows for which the predicate is true (false and NULL both drop a row) and computes the
// projections for those. A row on which either fails is rejected whole and the others go on. What
// the engine knows of a row beside its columns (event time, stamp, change, origin) passes on.
std::unique_ptr<Operator> make_filter_project(FilterProjectSpec spec);

}  // namespace thalweg
