#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "operators/group_table.h"
#include "operators/window_grid.h"

namespace thalweg {

// What some slices of time have together, while slices are added at one end and taken away at the
// other: the result of a sliding window. Each slice costs the same however many slices a window
// has.
//
// Counts and exact sums are added and taken back. Other aggregates go by two stacks (Tangwongsan et
// al., "General Incremental Sliding-Window Aggregation", 2015): `back` has the slices added since
// the last turn; at a turn these become the front, from the newest to the oldest, each noting what
// the groups it changes were before, which is what they are again when it is taken away.
class SliceMerge {
 public:
  // Borrows `spec`, which outlives this. Requires: can_combine() of all its aggregates.
  explicit SliceMerge(const AggregationSpec& spec);

  void add(const TimeWindow& slice, std::unique_ptr<GroupTable> table);

  // Takes away the oldest slice and gives back its table. Requires: not empty.
  std::unique_ptr<GroupTable> take_oldest();

  // Takes away all slices at once.
  std::vector<std::unique_ptr<GroupTable>> take_all();

  bool empty() const { return slices_.empty(); }
  const TimeWindow& oldest() const { return slices_.front().bounds; }
  const TimeWindow& newest() const { return slices_.back().bounds; }

  // The groups that some slice has are among 0 to size() - 1.
  std::uint32_t size() const { return index_->size(); }
  bool is_live(GroupId id) const { return slices_with_[id] > 0; }
  std::uint32_t live_groups() const { return live_groups_; }

  // As GroupTable::results().
  std::vector<Column> results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow);

  std::size_t memory_bytes() const;

 private:
  struct Slice {
    TimeWindow bounds;
    std::unique_ptr<GroupTable> table;
    std::vector<GroupId> own;  // 0 to table->size() - 1.
    std::vector<GroupId> ids;  // The same groups here.
    bool in_front = false;
    std::vector<std::unique_ptr<Accumulator>> before;  // By aggregate with stacks; only in front.
  };
  // One of the aggregates.
  struct Slot {
    std::unique_ptr<Accumulator> back;     // Of all slices, if they can be taken back.
    std::unique_ptr<Accumulator> front;    // Null if they can.
    std::unique_ptr<Accumulator> scratch;  // For results; null if they can.
  };

  void find_groups(Slice& slice);
  void grow_to_index();
  // Makes all slices the front.
  void turn();
  void push_front(Slice& slice);
  // Renumbers the groups when most of them are in no slice any more.
  void squeeze();

  const AggregationSpec& spec_;
  std::unique_ptr<KeyIndex> index_;
  StateArray<std::uint32_t> slices_with_;  // By group: how many slices have it.
  std::uint32_t live_groups_ = 0;
  std::vector<Slot> slots_;
  bool has_stacks_ = false;
  std::deque<Slice> slices_;  // By start.
};

}  // namespace thalweg
