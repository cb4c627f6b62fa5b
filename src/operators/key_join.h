#pragma once

#include <array>
#include <memory>
#include <vector>

#include "expr/expr.h"
#include "expr/join_kind.h"
#include "operators/idle_keys.h"
#include "stream/operator.h"

namespace thalweg {

enum class KeyJoinEmit {
  kChanges,  // What each batch changes, as changes where rows may be taken back.
  kAtEnd,    // Final rows when the inputs have ended.
};

struct KeyJoinSpec {
  struct Side {
    std::vector<Type> types;    // Of the input's columns.
    std::vector<ExprPtr> keys;  // Over them; as many on both sides, of the same types.
    bool updating = false;      // Rows may be taken back.
  };

  JoinKind kind = JoinKind::kInner;
  std::array<Side, 2> sides;  // Input 0, the left one, and input 1.
  ExprPtr condition;  // Beside the keys, over the left columns and the right ones behind them, or
                      // null.
  KeyJoinEmit emit = KeyJoinEmit::kChanges;
  StateTtl ttl;  // Rows of a key go that no row of either input has touched for so long.
};

// Joins rows of equal keys, none of them NULL, whenever they come: the left columns, then the right
// ones, without event time. Rows stay until they are taken back. A row without a partner comes out,
// where such do, with NULLs in the place of the other's columns, and is taken back when a partner
// comes. A row that takes back what is not there is rejected (RowError::kNotThere).
std::unique_ptr<Operator> make_key_join(KeyJoinSpec spec);

}  // namespace thalweg
