#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "expr/expr.h"
#include "expr/join_kind.h"
#include "operators/idle_keys.h"
#include "stream/operator.h"

namespace thalweg {

// Which row of the right side is a left row's partner.
enum class AsOf : std::uint8_t {
  kLast,  // The last one up to a time.
  kNext,  // The first one from a time on.
};

struct AsOfJoinSpec {
  struct Side {
    std::vector<Type> types;  // Of the input's columns.
    std::vector<ExprPtr>
        keys;  // Over them; as many on both sides, of the same types, at least one.
    bool has_origin = false;
    // The right side's: a row that goes says that its key has none from its own time on. kLast
    // only.
    bool has_changes = false;
  };

  JoinKind kind = JoinKind::kInner;  // Or kLeft.
  AsOf as_of = AsOf::kLast;
  // So much behind the left row's event time, before it where negative, is the time up to which or
  // from which on, itself included.
  std::int64_t distance_micros = 0;
  std::array<Side, 2> sides;  // Input 0, the left one, and input 1.
  // kLast: the right row of a key goes that no row of either input has touched for so long.
  StateTtl ttl;
};

// Joins each row of the left side with at most one of the right: of those of equal keys, none of
// them NULL, the one whose event time is nearest on the one side of the left row's. Of right rows
// of one time the last counts, by where they came from, and where that is not known by their
// columns. A left row comes out when the watermark says that no better partner can come, with its
// own time; where the join is kLeft, without a partner as soon as there can be none. Of rows that
// may be asked for nothing is kept but one for each key, and those that are not yet behind the
// watermark; with kNext the left rows that wait for a partner. A row older than the operator's own
// watermark is rejected (RowError::kLateAfterIdle).
std::unique_ptr<Operator> make_as_of_join(AsOfJoinSpec spec);

}  // namespace thalweg
