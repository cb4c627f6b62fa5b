#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "expr/expr.h"
#include "expr/join_kind.h"
#include "stream/operator.h"

namespace thalweg {

struct IntervalJoinSpec {
  struct Side {
    std::vector<Type> types;    // Of the input's columns.
    std::vector<ExprPtr> keys;  // Over them; as many on both sides, of the same types.
    // The last event time of rows of the other side that a row matches, a TIMESTAMP over its
    // columns; NULL: it matches none. The condition has to say the same. Null: there is no such.
    ExprPtr last_match = nullptr;
  };

  JoinKind kind = JoinKind::kInner;
  std::array<Side, 2> sides;  // Input 0, the left one, and input 1.
  // Between which the event time of the right row, less that of the left one, must be, both
  // included. Absent: it may be as far as it likes.
  std::optional<std::int64_t> lower_micros;
  std::optional<std::int64_t> upper_micros;
  ExprPtr
      condition;  // Beside these, over the left columns and the right ones behind them, or null.
};

// Joins rows of equal keys, none of them NULL, whose event times are near each other. A pair comes
// out once, when the second of its rows has come: the left columns, then the right ones, with the
// later of the two times. A row that has no partner comes out when the watermark says that none can
// come, with NULLs in the place of the other's columns where there are any; one whose key is NULL
// at once. A row goes when the watermark is beyond the last time that could match it. A row older
// than the operator's own watermark is rejected (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_interval_join(IntervalJoinSpec spec);

}  // namespace thalweg
