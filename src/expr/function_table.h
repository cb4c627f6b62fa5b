#pragma once

#include <vector>

#include "expr/function.h"

// The parts that the table of functions is put together from, one per subject. Private to this
// folder.
namespace thalweg {

std::vector<Function> comparison_functions();
std::vector<Function> conditional_functions();
std::vector<Function> arithmetic_functions();
std::vector<Function> bit_functions();
std::vector<Function> math_functions();
std::vector<Function> text_functions();
std::vector<Function> concat_functions();
std::vector<Function> pattern_functions();
std::vector<Function> hash_functions();
std::vector<Function> time_arithmetic_functions();
std::vector<Function> time_functions();
std::vector<Function> time_text_functions();
std::vector<Function> clock_functions();
std::vector<Function> array_functions();

// Result types that do not depend on the arguments.
template <TypeKind kKind>
Type always(std::span<const Type>) {
  return type_of(kKind);
}
inline Type same_as_first(std::span<const Type> args) { return args[0]; }
inline Type same_as_last(std::span<const Type> args) { return args.back(); }

}  // namespace thalweg
