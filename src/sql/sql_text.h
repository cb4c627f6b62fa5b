#pragma once

#include <string>
#include <string_view>

#include "sql/ast.h"

namespace thalweg {

// `name` as it must be written to be read back: in double quotes where it needs them.
std::string quote_name(std::string_view name);
std::string quote_text(std::string_view text);

// The name of an unnamed output column, as PostgreSQL gives it: the column's, the function's,
// the cast's type, "case", "array", "row", else "?column?".
std::string output_name(const ast::Expr& expr);

}  // namespace thalweg
