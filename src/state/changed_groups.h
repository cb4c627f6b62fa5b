#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// Which groups of a table have changed since the last epoch. Off until start(). A byte for each
// group, which costs a row one store: there are far more rows than epochs.
//
// At the end of an epoch they are taken at once, by take(), or wait, by let_wait(), and are taken
// some at a time while the table goes on changing.
class ChangedGroups {
 public:
  void start() { on_ = true; }
  bool on() const { return on_; }
  bool empty() const { return !any_ && !waits(); }

  // Before the groups change.
  void mark(std::span<const GroupId> ids) {
    if (on_ && !ids.empty()) {
      mark(ids, std::size_t{*std::ranges::max_element(ids)} + 1);
    }
  }
  // The same, where all numbers are known to be below `groups`.
  void mark(std::span<const GroupId> ids, std::size_t groups) {
    if (!on_ || ids.empty()) {
      return;
    }
    save(ids);
    const KeyIndex::Marks marks = marks_to_set(groups);
    for (const GroupId id : ids) {
      marks.of_groups[id] = marks.mark;
    }
  }

  // Marks that the caller sets on what it changes, of so many groups; none while this is off.
  // Requires: none waits.
  KeyIndex::Marks marks(std::size_t groups) {
    TW_CHECK(!waits());
    return on_ ? marks_to_set(groups) : KeyIndex::Marks();
  }

  // The groups changed since the last call, ascending. Requires: none waits.
  std::vector<GroupId> take() {
    TW_CHECK(!waits());
    std::vector<GroupId> changed;
    if (any_) {
      next_ = 0;
      append_next({.mark = mark_, .end = marks_.size()}, marks_.size(), changed);
      any_ = false;
      marks_.clear();
    }
    return changed;
  }

  // All that have changed wait to be taken. `save` gets those that are about to change or to go
  // before they have been, and at the last of them, of which there may be none, nothing waits any
  // more. Requires: none waits.
  using Save = std::function<void(std::span<const GroupId> ids)>;
  void let_wait(Save save) {
    TW_CHECK(!waits());
    if (any_) {
      save_ = std::move(save);
      next_ = 0;
      waiting_end_ = marks_.size();
      any_ = false;
      mark_ = other_mark();
    }
  }
  bool waits() const { return save_ != nullptr; }

  // The next of those that wait, ascending, at most about so many; none: that was all.
  std::vector<GroupId> take_waiting(std::size_t count_max) {
    std::vector<GroupId> changed;
    if (waits()) {
      append_waiting(count_max, changed);
      if (changed.empty()) {
        save_ = nullptr;
      }
    }
    return changed;
  }

  // Before these groups change.
  void save(std::span<const GroupId> ids) {
    if (!waits()) {
      return;
    }
    std::vector<GroupId> waiting;
    for (const GroupId id : ids) {
      if (id < waiting_end_ && marks_[id] == other_mark()) {
        marks_[id] = 0;
        waiting.push_back(id);
      }
    }
    if (!waiting.empty()) {
      save_(waiting);
    }
  }
  // Before groups go or get other numbers.
  void save_all() {
    if (const Save save = std::exchange(save_, nullptr); save != nullptr) {
      std::vector<GroupId> waiting;
      append_waiting(waiting_end_, waiting);
      save(waiting);
    }
  }

  // Group kept[i] is number i from now on; the others are gone. Requires: none waits.
  void renumber(std::span<const GroupId> kept) {
    TW_CHECK(!waits());
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
  KeyIndex::Marks marks_to_set(std::size_t groups) {
    any_ = true;
    if (groups > marks_.size()) {
      // Whole words, for take().
      marks_.grow_to((groups + kWord - 1) / kWord * kWord);
    }
    return {.of_groups = marks_.data(), .mark = mark_};
  }

  std::uint8_t other_mark() const { return mark_ == 1 ? 2 : 1; }

  void append_waiting(std::size_t count_max, std::vector<GroupId>& waiting) {
    append_next({.mark = other_mark(), .end = waiting_end_}, count_max, waiting);
    for (const GroupId id : waiting) {
      marks_[id] = 0;
    }
  }

  struct Marked {
    std::uint8_t mark = 0;
    std::size_t end = 0;
  };
  void append_next(Marked marked, std::size_t count_max, std::vector<GroupId>& changed) {
    for (; next_ < marked.end && changed.size() < count_max; next_ += kWord) {
      std::uint64_t word = 0;
      std::memcpy(&word, marks_.data() + next_, kWord);
      if (word == 0) {
        continue;
      }
      for (std::size_t id = next_; id < next_ + kWord; ++id) {
        if (marks_[id] == marked.mark) {
          changed.push_back(static_cast<GroupId>(id));
        }
      }
    }
  }

  static constexpr std::size_t kWord = sizeof(std::uint64_t);

  bool on_ = false;
  bool any_ = false;  // Has changed, those that wait left out.
  StateArray<std::uint8_t>
      marks_;              // Two kinds take turns: at each end of an epoch, the one so far waits.
  std::uint8_t mark_ = 1;  // Of what changes now.
  Save save_;              // While some wait: these are before
  std::size_t waiting_end_ = 0;
  std::size_t next_ = 0;  // From where they have not been taken.
};

}  // namespace thalweg
