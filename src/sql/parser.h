#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "sql/ast.h"

namespace thalweg {

inline constexpr std::size_t kScriptBytesMax = 1 << 20;

// How deep expressions, queries and types may stand in each other.
inline constexpr int kNestingMax = 256;

// Parses every statement of a script. A statement in error is reported, left out and passed
// over to the next `;`, so that one run finds the errors of the whole script. The statements borrow
// the text.
std::vector<ast::Statement> parse_script(std::string_view text, Diagnostics& diagnostics);

// Parses one expression that is the whole text; null when in error.
ast::ExprPtr parse_expression(std::string_view text, Diagnostics& diagnostics);

// Parses one query that is the whole text, with or without a `;` after it; null when in error.
ast::QueryPtr parse_query(std::string_view text, Diagnostics& diagnostics);

}  // namespace thalweg
