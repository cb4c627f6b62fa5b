#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "expr/row_pattern.h"

namespace thalweg {

// A pattern as an automaton over rows of which only is known what variables they can be. A state is
// a list of the pattern's places that may take the next row, the preferred first: where a match has
// ended, what is less preferred than it is in the list no more. States are made as they are met.
class PatternSteps {
 public:
  using State = std::uint32_t;
  static constexpr State kOver = 0;  // No place takes another row.

  explicit PatternSteps(PatternProgram program);

  State first() const { return first_; }
  // Whether no rows at all are a match, the least preferred one.
  bool matches_nothing() const { return matches_nothing_; }
  bool has_gaps() const { return has_gaps_; }

  struct Step {
    State next = kOver;
    bool accepts = false;  // The row ends a match, preferred to those that have ended before.
    // The row makes no difference: it goes into gaps alone, and the state is what it was.
    bool passes_over = false;
  };
  // `can_be`: the variables whose conditions are true of the row.
  Step step(State state, VariableSet can_be) {
    const auto known = steps_.find(std::pair(state, can_be));
    return known != steps_.end() ? known->second : make_step(state, can_be);
  }

  // The places that the rows of a match take, the preferred ways being taken. Requires: a match
  // from first() on that ends with the last of the rows, of which there are some.
  void trace(std::span<const VariableSet> can_be, std::vector<std::uint32_t>& places) const;

  const PatternProgram::Place& place(std::uint32_t number) const { return program_.places[number]; }

  // Whether there are so many states that those not in use should go.
  bool is_crowded() const { return lists_.size() > crowded_at_; }
  // Leaves those in use, and numbers them anew where they stand.
  void keep_only(std::span<State* const> in_use);

  std::size_t memory_bytes() const;

 private:
  using Places = std::vector<std::uint32_t>;
  struct Walk;

  Step make_step(State state, VariableSet can_be);
  State state_of(Places places);
  bool takes(std::uint32_t place, VariableSet can_be) const {
    return program_.places[place].takes(can_be);
  }

  const PatternProgram program_;
  std::vector<Places> lists_;  // By state.
  absl::flat_hash_map<Places, State> states_;
  absl::flat_hash_map<std::pair<State, VariableSet>, Step> steps_;
  State first_ = kOver;
  bool matches_nothing_ = false;
  const bool has_gaps_;
  std::size_t crowded_at_;
  std::uint64_t entries_ = 0;  // Of all lists.

  // For make_step(): which places stand in the list already.
  std::vector<std::uint32_t> seen_;
  std::uint32_t seen_now_ = 0;
};

}  // namespace thalweg
