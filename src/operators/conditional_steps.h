#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "columnar/row_error.h"
#include "expr/evaluator.h"
#include "expr/row_pattern.h"
#include "operators/match_memory.h"
#include "operators/pattern_steps.h"
#include "operators/pending_row.h"

namespace thalweg {

// The steps of a pattern with conditions on other rows of the match. What a row can be depends on
// how those before it were read: each way of reading them is a thread, a place of the pattern that
// may take the next row and what conditions have to know of the rows before. A state is a list of
// threads, the preferred first, no two of them alike. What several keys ask at once is computed at
// once, by columns.
class ConditionalSteps {
 public:
  using State = PatternSteps::State;
  static constexpr State kOver = PatternSteps::kOver;  // No threads.
  static constexpr State kCrowded = 1;                 // More threads than there may be.

  struct Spec {
    PatternProgram program;
    MatchConditions conditions;
    std::vector<std::string> variables;  // Names.
    std::vector<Type> types;             // Of the input's columns.
  };
  // Requires: no gaps.
  explicit ConditionalSteps(Spec spec);

  State first() const { return first_; }
  // Whether a match may begin with a row of which this is known.
  bool may_begin(VariableSet can_be) const { return (can_be & first_variables_) != 0; }
  // How many threads a state has; of kCrowded none.
  std::size_t threads(State state) const { return lists_[state].threads; }

  // How a state takes the last of the rows: asked for many, then answered for all of them, which
  // are numbered from 0. `rows` are valid until then.
  void ask(State state, const RowsSoFar& rows, const RowSource& source);
  std::size_t asked() const { return asked_.size(); }
  std::size_t questions() const { return candidates_.size(); }
  void answer(const RowSource& source);
  // No more threads come of it.
  std::size_t threads_most(std::size_t number) const;
  // The state is kCrowded where it would have more threads than `most`.
  PatternSteps::Step step(std::size_t number, std::size_t most);
  void forget_asked();

  // Of rows that steps have looked at, those of which a condition has failed, each once.
  struct Failure {
    RowRef ref;
    RowError error;
  };
  std::vector<Failure>& failures() { return failures_; }

  // The places that the rows of a match take, the preferred ways being taken. Requires: a match
  // that begins with the first of the rows and ends with the last; nothing is asked.
  void trace(const RowsSoFar& rows, const RowSource& source, std::vector<std::uint32_t>& places);

  // As PatternSteps has it.
  bool is_crowded() const { return words_.size() > crowded_at_; }
  void keep_only(std::span<State* const> in_use);

  std::size_t memory_bytes() const;

 private:
  // Threads side by side, each its place and then its memory.
  using Words = std::vector<std::uint64_t>;
  struct List {
    std::size_t begin;  // In words_.
    std::uint32_t threads;
  };
  struct Asked {
    RowsSoFar rows;
    std::size_t begin;  // Of its candidates.
    std::size_t end;
  };
  // A thread that takes the row, if the condition is true.
  struct Candidate {
    std::uint32_t place;
    std::uint32_t thread;  // In its list.
    std::uint32_t asked;
    bool holds;
    RowError error;
  };
  struct Condition {
    Evaluator evaluator;
    std::vector<std::uint32_t> columns;  // That it looks at, of the row itself,
    std::vector<std::uint32_t> terms;    // and of what is told of the match.
    std::vector<std::uint32_t> asked;    // Numbers of candidates.
  };
  // A step on the way.
  struct Advance {
    bool accepts = false;
    bool crowded = false;
    std::uint32_t accepted = 0;  // The candidate that ends the match.
  };

  void find_parts();
  std::span<const std::uint64_t> list(State state) const {
    return {words_.data() + lists_[state].begin, lists_[state].threads * stride_};
  }
  void ask(std::span<const std::uint64_t> threads, const RowsSoFar& rows, const RowSource& source);
  void evaluate(Condition& condition, const RowSource& source);
  Advance advance(std::size_t number, std::size_t most, Words& next,
                  std::vector<std::uint32_t>* from);
  bool add_thread(std::uint32_t place, std::size_t candidate, Words& next);
  void note_failure(const Asked& asked, RowError error);
  State state_of(std::span<const std::uint64_t> threads);
  State put(std::span<const std::uint64_t> threads);

  const PatternProgram program_;
  const MatchConditions conditions_;
  const std::size_t columns_;  // Of the input.
  const MatchMemory memory_;
  const std::size_t stride_;                          // Words of a thread.
  std::vector<std::optional<Condition>> evaluators_;  // By variable.
  std::vector<MatchMemory::Parts> parts_;             // By place: what is looked at from there on.
  VariableSet first_variables_ = 0;

  std::vector<List> lists_;  // By state.
  Words words_;
  absl::flat_hash_map<std::uint64_t, State>
      states_;  // By hash; of those with equal ones the first.
  State first_ = kOver;
  std::size_t crowded_at_;

  std::vector<Asked> asked_;
  std::vector<Candidate> candidates_;
  Words memories_;  // By candidate: after the row.
  std::vector<Failure> failures_;
  // For evaluate().
  std::vector<MatchMemory::Seen> seen_;
  std::vector<RowRef> refs_;

  // For advance(): the threads that stand in the list, by hash, and by what came before them.
  absl::flat_hash_map<std::uint64_t, std::uint32_t> found_;
  std::vector<std::uint32_t> next_alike_;
  Words next_;
  EvalContext context_;
};

}  // namespace thalweg
