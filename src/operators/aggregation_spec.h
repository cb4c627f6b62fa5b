#pragma once

#include <cstdint>
#include <vector>

#include "columnar/type.h"
#include "expr/aggregate.h"
#include "expr/expr.h"

namespace thalweg {

// What the rows coming into an aggregate are.
enum class AggregateInput : std::uint8_t {
  kRows,      // Rows of the relation; keys and arguments are expressions over them.
  kPartials,  // What make_partial_aggregate() of the same spec put out.
};

// The keys and aggregates of a GROUP BY.
struct AggregationSpec {
  std::vector<ExprPtr> keys;
  std::vector<AggregateCall> aggregates;
  AggregateInput input = AggregateInput::kRows;
  bool updating_input = false;  // Whether input rows carry changes.
};

// Whether every aggregate can be computed in two stages, with partial results between.
bool is_mergeable(const std::vector<AggregateCall>& aggregates);

// Types of the columns of partial results: the keys, then each aggregate's state. Windowed ones
// have the end of their pane (TIMESTAMP) after them and, where panes are slices, the end of the
// first window that counts them (Pane::counts_from). An exchange of partials hashes columns
// [0, keys.size()). Requires: is_mergeable().
std::vector<Type> partial_types(const AggregationSpec& spec);

// Types of an aggregate's output columns: the keys, then the aggregates. Windowed ones have
// window_start, window_end and window_time (TIMESTAMP) before them.
std::vector<Type> result_types(const AggregationSpec& spec);

}  // namespace thalweg
