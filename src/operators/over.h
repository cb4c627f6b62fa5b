#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "expr/over.h"
#include "operators/idle_keys.h"
#include "operators/key_order.h"
#include "stream/operator.h"

namespace thalweg {

struct OverSpec {
  KeyOrderSpec rows;  // Rows equal in the order are told apart as KeyOrder does.
  std::vector<OverCall> calls;
  // kBehindWatermark: the order begins with event time, or what stands at a fixed distance from it,
  // ascending. kChanges: the input's rows carry changes.
  OverEmit emit = OverEmit::kAtEnd;
  bool updating_input = false;  // Whether input rows carry changes: not kBehindWatermark.
  // kChanges: keys that no row touches for so long go. kBehindWatermark: a key's row that comes
  // more than so much event time after its last one begins it anew.
  StateTtl ttl = {};
};

// Appends the answers of calls OVER one window to the input's columns. Rows that no later row can
// see are let go of; keys stay, but for those without such rows where all frames begin so much time
// before their row. A row older than the operator's own watermark is rejected
// (RowError::kLateAfterIdle), a row with an answer that does not fit its type too
// (RowError::kOverflow). Where rows may be taken back all are kept, in whatever order they come,
// and told apart by all their columns alone; one that takes back what is not there is rejected
// (RowError::kNotThere).
std::unique_ptr<Operator> make_over(OverSpec spec);
std::unique_ptr<Operator> make_changing_over(OverSpec spec);  // For it: `updating_input`.

}  // namespace thalweg
