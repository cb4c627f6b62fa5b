#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// Which groups of a table have changed since the last epoch. Off until start(); then each group is
// listed once, however often it changes.
class ChangedGroups {
 public:
  void start() { on_ = true; }
  bool on() const { return on_; }

  void mark(std::span<const GroupId> ids) {
    if (!on_) {
      return;
    }
    for (const GroupId id : ids) {
      marks_.grow_to(id / 64 + 1);
      const std::uint64_t bit = std::uint64_t{1} << (id % 64);
      if ((marks_[id / 64] & bit) == 0) {
        marks_[id / 64] |= bit;
        changed_.push_back(id);
      }
    }
  }

  // The groups changed since the last call, in the order of their first change.
  std::vector<GroupId> take() {
    marks_.clear();
    return std::exchange(changed_, {});
  }

 private:
  bool on_ = false;
  StateArray<std::uint64_t> marks_;
  std::vector<GroupId> changed_;
};

}  // namespace thalweg
