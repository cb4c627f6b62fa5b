#pragma once

#include "sql/cursor.h"

namespace thalweg {

// PATTERN's parentheses and what stands in them; something unfinished once the cursor has failed.
ast::RowPattern parse_pattern(Cursor& cursor);

}  // namespace thalweg
