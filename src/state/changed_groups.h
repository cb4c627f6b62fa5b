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
    next_ = 0;
    if (any_) {
      append_changed(marks_.size(), changed);
      next_ = 0;
      any_ = false;
      marks_.clear();
    }
    return changed;
  }

  // Of the groups changed since the last take(), the next ones, at most about so many; from
  // rewind() on each group once, however often it changes. Those given count as changed no more.
  std::vector<GroupId> take_some(std::size_t count_max) {
    std::vector<GroupId> changed;
    if (any_) {
      append_changed(count_max, changed);
      for (const GroupId id : changed) {
        marks_[id] = 0;
      }
    }
    return changed;
  }
  void rewind() { next_ = 0; }

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
  void append_changed(std::size_t count_max, std::vector<GroupId>& changed) {
    for (; next_ < marks_.size() && changed.size() < count_max; next_ += kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, marks_.data() + next_, kWord);
      if (word == 0) {
        continue;
      }
      for (std::size_t id = next_; id < next_ + kWord; ++id) {
        if (marks_[id] != 0) {
          changed.push_back(static_cast<GroupId>(id));
        }
      }
    }
  }

  static constexpr std::size_t kWord = sizeof(std::uint64_t);

  bool on_ = false;
  bool any_ = false;
  StateArray<std::uint8_t> marks_;
  std::size_t next_ = 0;  // Where take_some() goes on.
};

}  // namespace thalweg
