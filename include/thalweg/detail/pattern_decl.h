#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/detail/columns.h"

namespace thalweg::detail {

// One step of a pattern, without its conditions.
struct PatternStep {
  enum class Follows : std::uint8_t {
    kNext,   // The row before it.
    kLater,  // Rows that can be nothing that may come next stand between.
  };

  std::string name;
  Follows follows = Follows::kNext;
  bool has_condition = false;
  std::uint64_t least = 1;
  std::optional<std::uint64_t> most = 1;  // Absent: any number.
  bool is_counted = false;                // By times() or the like.
  bool is_optional = false;
  bool is_reluctant = false;
  bool is_consecutive = false;
};

// Where matching goes on behind a match.
enum class MatchSkip : std::uint8_t { kPastLastRow, kToNextRow, kToFirst, kToLast };

// A pattern with types erased.
struct PatternDecl {
  std::vector<PatternStep> steps;
  std::optional<std::chrono::microseconds> within;
  MatchSkip skip = MatchSkip::kPastLastRow;
  std::string skip_to;                // A step's name.
  std::vector<std::string> mistakes;  // Made while building.
};

// Matches on their way into a function of the program.
struct MatchesIn {
  RowsIn rows;                        // Those of a match side by side.
  std::vector<std::uint32_t> begins;  // By match: the first of its rows.
  std::vector<std::uint32_t> steps;   // By row: the number of its step.

  std::uint32_t end(std::uint32_t match) const {
    return match + 1 < begins.size() ? begins[match + 1] : rows.rows;
  }
};

// A function of the program over matches, whose rows come from matches by number; one per worker.
class MatchesFunction {
 public:
  virtual ~MatchesFunction() = default;
  virtual void apply(const MatchesIn& matches, RowsOut& out) = 0;
};

}  // namespace thalweg::detail
