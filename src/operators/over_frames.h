#pragma once

#include <span>
#include <vector>

#include "columnar/column.h"
#include "expr/over.h"
#include "operators/key_order.h"
#include "operators/over_input.h"
#include "state/state_array.h"

namespace thalweg {

// What rows know of those equal to them in the order: by row at hand, BIGINT.
struct PeerColumns {
  std::size_t first = 0;  // Columns of OverInput: the number of the first peer within the key,
  std::size_t end = 0;    // that of the first row behind the peers,
  std::size_t group = 0;  // and how many groups of peers begin up to here.
};

// The frames of one kind: of every row whose answer is given, and what each key's last one was.
class OverFrames {
 public:
  // `value`: the column of OverInput that has what RANGE measures, if any frame does so.
  OverFrames(OverFrame frame, PeerColumns peers, std::size_t value, bool nulls_first)
      : frame_(frame), peers_(peers), value_(value), nulls_first_(nulls_first) {}

  const OverFrame& frame() const { return frame_; }
  void grow_to(std::uint32_t keys) { last_.grow_to(keys); }
  void keep_only(std::span<const GroupId> kept) { last_.keep_only(kept); }

  // Valid until the next call.
  FrameRows find(const OverInput& input);

  // The first row of the run that frames to come may need. Requires: find() for this run.
  std::uint32_t first_needed(const OverRun& run, bool needs_all) const;

  // A key's last frame; the rows by their number within the key.
  struct Numbers {
    std::uint64_t begin;
    std::uint64_t end;
  };
  const Numbers& last(GroupId id) const { return last_[id]; }
  void set_last(GroupId id, Numbers last) { last_[id] = last; }
  // The same as rows of the run.
  RowRange last_of(const OverRun& run) const;

 private:
  void find_rows(const OverRun& run);
  void find_range(const OverInput& input, const OverRun& run, RowRange previous);

  const OverFrame frame_;
  const PeerColumns peers_;
  const std::size_t value_;
  const bool nulls_first_;
  StateArray<Numbers> last_;  // By key.
  std::vector<RowRange> ranges_;
  std::vector<RowRange> previous_;
};

}  // namespace thalweg
