#pragma once

#include <optional>

#include "columnar/type.h"
#include "sql/bind_context.h"

namespace thalweg::sql {

// Digits after the point of a NUMERIC that says none and is no integer.
inline constexpr std::uint8_t kDefaultScale = 16;

// Reports types that there are none of yet, and precisions out of range.
std::optional<Type> bind_type(BindContext& context, const ast::TypeName& name);

// What CAST(... AS NUMERIC), without digits, yields for a source of this type; `literal`, where the
// source is one, is its text.
Type plain_numeric_for(const Type& source, const std::string* literal);

// Whether the type says NUMERIC without its digits.
bool is_plain_numeric(const ast::TypeName& name);

}  // namespace thalweg::sql
