#pragma once

#include <optional>

#include "sql/bind_query.h"

namespace thalweg::sql {

// Works out the interval of an EMIT; nothing, reported, in error.
std::optional<EmitRule> bind_emit(BindContext& context, const ast::Emit& emit);

// Whether the query does what its EMIT asks for. Reports what has nothing to act on.
bool check_emit(BindContext& context, const EmitRule& rule, const plan::Node& node);

// Whether what stands over these rows is to tell each change rather than final rows.
bool asks_for_changes(BindContext& context, const plan::Node& input);

}  // namespace thalweg::sql
