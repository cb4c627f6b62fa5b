#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// Which groups of a table have changed since the last epoch. Off until start(). A byte for each
// group, which costs a row one store: there are far more rows than epochs.
class ChangedGroups {
 public:
  void start() { on_ = true; }
  bool on() const { return on_; }
  bool empty() const { return !any_; }

  void mark(std::span<const GroupId> ids) {
    if (!on_ || ids.empty()) {
      return;
    }
    any_ = true;
    const std::size_t end = std::size_t{*std::ranges::max_element(ids)} + 1;
    if (end > marks_.size()) {
      // Whole words, for take().
      marks_.grow_to((end + kWord - 1) / kWord * kWord);
    }
    for (const GroupId id : ids) {
      marks_[id] = 1;
    }
  }

  // The groups changed since the last call, ascending.
  std::vector<GroupId> take() {
    std::vector<GroupId> changed;
    if (!any_) {
      return changed;
    }
    any_ = false;
    for (std::size_t begin = 0; begin < marks_.size(); begin += kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, marks_.data() + begin, kWord);
      if (word == 0) {
        continue;
      }
      for (std::size_t id = begin; id < begin + kWord; ++id) {
        if (marks_[id] != 0) {
          changed.push_back(static_cast<GroupId>(id));
        }
      }
    }
    marks_.clear();
    return changed;
  }

  // Group kept[i] is number i from now on; the others are gone.
  void renumber(std::span<const GroupId> kept) {
    if (!any_) {
      return;
    }
    std::vector<GroupId> changed;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i] < marks_.size() && marks_[kept[i]] != 0) {
        changed.push_back(static_cast<GroupId>(i));
      }
    }
    any_ = false;
    marks_.clear();
    mark(changed);
  }

 private:
  static constexpr std::size_t kWord = sizeof(std::uint64_t);

  bool on_ = false;
  bool any_ = false;
  StateArray<std::uint8_t> marks_;
};

}  // namespace thalweg
