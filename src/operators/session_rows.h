#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "columnar/type.h"
#include "expr/expr.h"
#include "stream/operator.h"

namespace thalweg {

struct SessionRowsSpec {
  std::vector<ExprPtr> keys;      // Each has its own sessions.
  std::int64_t gap_micros = 0;    // More than zero.
  std::vector<Type> input_types;  // Of the input's columns.
};

// Appends window_start, window_end and window_time of each row's session to the input's columns.
// Rows wait until their session has ended, and come out in order of time, with window_time as event
// time and their place in the session as position. A row older
// than the operator's own watermark is rejected (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_session_rows(SessionRowsSpec spec);

}  // namespace thalweg
