#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "operators/conditional_steps.h"
#include "operators/pattern_steps.h"
#include "operators/pending_row.h"
#include "state/group_queues.h"
#include "state/row_store.h"
#include "state/state_array.h"

namespace thalweg {

// The rows of each key, in order, from the first on where it is not certain yet what match begins
// there. A match may begin at each of them, and all are followed at once: those that are in the
// same state and have last ended at the same row go on alike, and are one way from then on. A row
// costs a step for each way, however many rows are kept; one that is passed over in all of them is
// not kept. With conditions on other rows of the match
// ways are alike only where all that the conditions look at is, too.
class PendingMatches {
 public:
  using Row = PendingRow;
  // Ends of matches are numbers of rows, counted by key.
  static constexpr std::int64_t kNone = -1;
  static constexpr std::int64_t kNoRows = -2;  // The match of no rows.

  explicit PendingMatches(PatternProgram program) : steps_(std::move(program)) {}
  // The same with conditions on other rows of the match. Beyond so many threads of a key, what
  // begins with its first rows is not followed on: see ways().
  PendingMatches(ConditionalSteps::Spec spec, std::uint32_t threads_max)
      : steps_(spec.program), conditional_(std::move(spec)), threads_max_(threads_max) {}

  void grow_to(std::uint32_t keys) {
    rows_.grow_to(keys);
    ways_.grow_to(keys);
    numbers_.grow_to(keys);
  }
  // Requires: the others have no rows.
  void keep_only(std::span<const GroupId> kept);

  std::span<const Row> rows(GroupId id) const { return rows_.get(id); }
  std::span<Row> edit(GroupId id) { return rows_.edit(id); }
  std::uint32_t size(GroupId id) const { return rows_.size(id); }

  // As GroupQueues has it.
  void fetch_place(GroupId id) const {
    rows_.fetch_place(id);
    ways_.fetch_place(id);
  }
  void fetch_front(GroupId id) const {
    rows_.fetch_front(id);
    ways_.fetch_front(id);
  }
  // In how many ways its rows may go on; where there are conditions on other rows, in how many
  // threads. More of these than there may be: first rows are to be dropped until there are fewer.
  std::uint32_t ways(GroupId id) const;

  struct NewRow {
    GroupId id;
    RowRef ref;
    VariableSet can_be;
    std::int64_t time;
  };
  // The next row of each of some keys. Whether any of them may be of a match.
  bool add(std::span<const NewRow> rows, const RowSource& source);
  // Of those, the rows of which a condition has failed.
  std::vector<ConditionalSteps::Failure>& failures() { return conditional_->failures(); }

  // How many rows the match has that begins with the key's first row. Requires: it has a row.
  struct Outcome {
    bool certain = false;
    bool matches = false;
    std::uint32_t rows = 0;  // So far, where it is not certain.
  };
  Outcome first_match(GroupId id);

  // Lets go of the key's first row.
  void drop_first(GroupId id);

  // The places that the first rows of the key take, so many as first_match() says, but not none.
  void trace(GroupId id, std::uint32_t rows, const RowSource& source,
             std::vector<std::uint32_t>& places);
  const PatternProgram::Place& place(std::uint32_t number) const { return steps_.place(number); }

  std::size_t memory_bytes() const {
    return rows_.memory_bytes() + ways_.memory_bytes() + numbers_.memory_bytes() +
           steps_.memory_bytes() + (conditional_ ? conditional_->memory_bytes() : 0);
  }

 private:
  static constexpr std::uint32_t kNoWay = PendingRow::kNoWay;

  // Matches that go on alike.
  struct Way {
    PatternSteps::State state;
    std::int64_t end;   // The last row with which they were complete, kNone or kNoRows.
    std::int64_t last;  // The last of the rows that they begin with.
    bool is_like(const Way& other) const { return state == other.state && end == other.end; }
  };

  std::int64_t first_number(GroupId id) const { return numbers_[id] - rows_.size(id); }
  Row& row_at(GroupId id, std::int64_t number) {
    return rows_.edit(id)[static_cast<std::size_t>(number - first_number(id))];
  }
  std::int64_t heir_of(GroupId id, std::int64_t number);
  PatternSteps::State first_state() const {
    return conditional_ ? conditional_->first() : steps_.first();
  }
  bool may_begin(VariableSet can_be);
  bool is_passed_over(const NewRow& row);
  bool begin(const NewRow& row);
  void step_ways(GroupId id, VariableSet can_be);
  void step_threads(const RowSource& source);
  std::size_t step_threads(GroupId id, std::size_t asked);
  void step_many_threads(GroupId id, std::size_t asked);
  void take_step(GroupId id, std::uint32_t way, PatternSteps::Step step);
  void close_ways(GroupId id);
  void unite_ways(GroupId id);
  void unite(GroupId id, std::uint32_t into, std::uint32_t way);
  void drop_way(GroupId id, std::uint32_t way);
  void make_room_for_states();

  PatternSteps steps_;
  std::optional<ConditionalSteps> conditional_;  // In their place.
  std::uint32_t threads_max_ = 0;
  GroupQueues<Row> rows_;
  GroupQueues<Way> ways_;
  StateArray<std::int64_t> numbers_;  // By key: of its next row.
  std::vector<VariableSet> can_be_;
  std::vector<GroupId> added_;
};

}  // namespace thalweg
