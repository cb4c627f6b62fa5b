#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "operators/pattern_steps.h"
#include "state/group_queues.h"
#include "state/row_store.h"
#include "state/state_array.h"

namespace thalweg {

// The rows of each key, in order, from the first on where it is not certain yet what match begins
// there. A match may begin at each of them, and all are followed at once: those that are in the
// same state and have last ended at the same row go on alike, and are one way from then on. A row
// costs a step for each way, however many rows are kept.
class PendingMatches {
 public:
  struct Row {
    RowRef ref;
    VariableSet can_be = 0;
    std::int64_t time = 0;
    // Of the match that begins with it: a later row with which it shares its way, or itself,
    std::int64_t heir = 0;
    std::int64_t end = kNone;  // where it ends, once its way is over,
    std::uint32_t way = kNoWay;
  };
  // Ends of matches are numbers of rows, counted by key.
  static constexpr std::int64_t kNone = -1;
  static constexpr std::int64_t kNoRows = -2;  // The match of no rows.

  explicit PendingMatches(PatternProgram program) : steps_(std::move(program)) {}

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
  std::uint32_t ways(GroupId id) const { return ways_.size(id); }

  // The key's next row.
  void add(GroupId id, RowRef ref, VariableSet can_be, std::int64_t time);

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
  void trace(GroupId id, std::uint32_t rows, std::vector<std::uint32_t>& places);
  const PatternProgram::Place& place(std::uint32_t number) const { return steps_.place(number); }

  std::size_t memory_bytes() const {
    return rows_.memory_bytes() + ways_.memory_bytes() + numbers_.memory_bytes() +
           steps_.memory_bytes();
  }

 private:
  static constexpr std::uint32_t kNoWay = UINT32_MAX;

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
  void step_ways(GroupId id, std::int64_t number, VariableSet can_be);
  void unite_ways(GroupId id);
  void unite(GroupId id, std::uint32_t into, std::uint32_t way);
  void drop_way(GroupId id, std::uint32_t way);
  void make_room_for_states();

  PatternSteps steps_;
  GroupQueues<Row> rows_;
  GroupQueues<Way> ways_;
  StateArray<std::int64_t> numbers_;  // By key: of its next row.
  std::vector<VariableSet> can_be_;
};

}  // namespace thalweg
