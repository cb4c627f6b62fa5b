#pragma once

#include <cstdint>
#include <optional>

#include "sql/scope.h"

namespace thalweg::sql {

// Whether each left row is to get the one right row of its keys that is nearest in time: ASOF JOIN,
// or JOIN ... FOR SYSTEM_TIME AS OF.
bool is_as_of(const ast::Join& join);

// Its table on the right, where it has FOR SYSTEM_TIME AS OF; else null.
const ast::NamedTable* versioned_table(const ast::Join& join);

// The join of its two relations, bound already. `ttl_micros`: how long idle keys are kept; 0: for
// ever. Nothing, reported, in error.
std::optional<Scope> join_as_of(BindContext& context, const ast::Join& join,
                                std::int64_t ttl_micros, Scope left, Scope right);

}  // namespace thalweg::sql
