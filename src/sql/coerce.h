#pragma once

#include <optional>
#include <vector>

#include "sql/bind_expr.h"

namespace thalweg::sql {

// The value in another type that it may take unasked: texts and NULLs are read as it, others cast.
// Reports a text that does not read as the type. Null in error.
ExprPtr coerce(BindContext& context, const Bound& value, const Type& type, Span span);

// The common type of all; a bare NULL has none of its own. Nothing when there is none.
std::optional<Type> common_type_of(const std::vector<ArgumentType>& types);

// Whether INSERT may put a value of one type into a column of another.
bool assigns(const Bound& value, const Type& type);

// TEXT where nothing has given a NULL a type.
Type settled(const Type& type);

ExprPtr boolean_call(ExprKind kind, std::vector<ExprPtr> args);

}  // namespace thalweg::sql
