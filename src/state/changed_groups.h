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
  bool empty() const { return changed_.empty(); }

  void mark(std::span<const GroupId> ids) {
    if (!on_) {
      return;
    }
    for (const GroupId id : ids) {
      const std::size_t word = id / 64;
      if (word >= marks_.size()) [[unlikely]] {
        marks_.grow_to(word + 1);
      }
      const std::uint64_t bit = std::uint64_t{1} << (id % 64);
      if ((marks_[word] & bit) == 0) {
        marks_[word] |= bit;
        changed_.push_back(id);
      }
    }
  }

  // The groups changed since the last call, in the order of their first change.
  std::vector<GroupId> take() {
    marks_.clear();
    return std::exchange(changed_, {});
  }

  // Group kept[i] is number i from now on; the others are gone.
  void renumber(std::span<const GroupId> kept) {
    if (changed_.empty()) {
      return;
    }
    std::vector<GroupId> changed;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::size_t word = kept[i] / 64;
      if (word < marks_.size() && (marks_[word] >> (kept[i] % 64) & 1) != 0) {
        changed.push_back(static_cast<GroupId>(i));
      }
    }
    take();
    mark(changed);
  }

 private:
  bool on_ = false;
  StateArray<std::uint64_t> marks_;
  std::vector<GroupId> changed_;
};

}  // namespace thalweg
