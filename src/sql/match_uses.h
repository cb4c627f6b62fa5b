#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/expr.h"
#include "expr/row_pattern.h"

namespace thalweg::sql {

// What is told of a match, bound over the columns of what MATCH_RECOGNIZE reads.
struct MatchUse {
  MatchValue value;  // Without `column`, in whose place stands
  ExprPtr arg;       // what is told of a row; nullptr: nothing of it.
};

// What MEASURES and DEFINE of one MATCH_RECOGNIZE ask for. In expressions of it, column
// kMatchColumn + i stands for the i-th of `uses`, kTermColumn + i for the i-th of `terms`, and
// kStepColumn + i for the i-th of `steps`.
struct MatchUses {
  struct Variable {
    std::string key;  // Folded.
    std::string shown;
    VariableSet set = 0;  // Itself, or the members of a SUBSET.
  };
  std::vector<Variable> variables;
  std::optional<std::uint32_t> defined;  // What DEFINE defines; MEASURES without it.
  std::vector<MatchUse> uses;            // Of MEASURES.
  std::vector<MatchUse> terms;           // Of DEFINE, that are not of the row itself.

  // The value that stands so many rows behind the row, or before it, whatever matches.
  struct Step {
    ExprPtr value;
    std::int64_t rows = 0;
    std::string name;
  };
  std::vector<Step> steps;

  // While something is bound: whether FINAL stands before it, whether it is told of one row, and of
  // which variable's, as far as a column has said.
  bool final = false;
  bool in_row = false;
  std::optional<VariableSet> row_of;
};

inline constexpr std::uint32_t kTermColumn = 1U << 25;
inline constexpr std::uint32_t kStepColumn = 1U << 26;
inline constexpr std::uint32_t kMatchColumn = 1U << 27;

}  // namespace thalweg::sql
