#pragma once

#include <vector>

#include "expr/function.h"

// The parts that the table of functions is put together from, one per subject. Private to this
// folder.
namespace thalweg {

std::vector<Function> comparison_functions();
std::vector<Function> arithmetic_functions();
std::vector<Function> math_functions();
std::vector<Function> text_functions();
std::vector<Function> pattern_functions();
std::vector<Function> time_functions();
std::vector<Function> time_arithmetic_functions();
std::vector<Function> clock_functions();
std::vector<Function> format_functions();
std::vector<Function> nested_functions();
std::vector<Function> conditional_functions();

// Result types that do not depend on the arguments.
template <TypeKind kKind>
Type always(std::span<const Type>) {
  return type_of(kKind);
}
inline Type same_as_first(std::span<const Type> args) { return args[0]; }

}  // namespace thalweg
