#pragma once

#include <string>
#include <vector>

#include "expr/row_pattern.h"
#include "thalweg/detail/pattern_decl.h"

namespace thalweg {

// What is wrong with a program's pattern; empty: nothing.
std::vector<std::string> mistakes_in(const detail::PatternDecl& pattern);

// The pattern as the engine has it; variables are numbers of steps. Requires: no mistakes.
RowPattern row_pattern_of(const detail::PatternDecl& pattern);

}  // namespace thalweg
