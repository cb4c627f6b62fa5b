#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "expr/over.h"
#include "operators/key_order.h"
#include "stream/operator.h"

namespace thalweg {

struct OverSpec {
  KeyOrderSpec rows;  // Rows equal in the order are told apart as KeyOrder does.
  std::vector<OverCall> calls;
  // The order begins with event time, or what stands at a fixed distance from it, ascending: a
  // row's answer comes out when the watermark has passed its frame. Else all come at the end.
  bool by_time = false;
};

// Appends the answers of calls OVER one window to the input's columns. Rows that no later row can
// see are let go of; keys stay. A row older than the operator's own watermark is rejected
// (RowError::kLateAfterIdle), a row with an answer that does not fit its type too
// (RowError::kOverflow).
std::unique_ptr<Operator> make_over(OverSpec spec);

}  // namespace thalweg
