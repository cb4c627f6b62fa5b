#pragma once

#include <optional>
#include <string>
#include <vector>

#include "expr/expr.h"

namespace thalweg {

// What is wrong with constants that no row can mend, told so that the user can mend them.
struct ConstantFailure {
  std::optional<std::size_t> argument;  // Which of the arguments; nothing: the whole.
  std::string message;
  std::string label;               // `did you mean "hour"?`. May be empty.
  std::vector<std::string> notes;  // May be empty.
};

// Whether a call or cast fails for every row that reaches it: its arguments are all constant and it
// fails on them, or one that must have a certain form (a pattern, a unit, a time zone) has not,
// whatever the columns beside it hold. Only the expression itself, not the parts it is made of.
std::optional<ConstantFailure> find_constant_failure(const ExprPtr& expr);

}  // namespace thalweg
