#include "kafka/commit_tracker.h"

#include <algorithm>

#include "base/check.h"

namespace thalweg::kafka {

void CommitTracker::handed_out(std::int64_t offset) {
  TW_CHECK(offset >= next_);
  open_.push_back({.offset = offset, .is_done = false});
  next_ = offset + 1;
}

void CommitTracker::done(std::int64_t offset) {
  const auto found = std::lower_bound(
      open_.begin(), open_.end(), offset,
      [](const Entry& entry, std::int64_t wanted) { return entry.offset < wanted; });
  if (found == open_.end() || found->offset != offset) {
    return;
  }
  found->is_done = true;
  while (!open_.empty() && open_.front().is_done) {
    open_.pop_front();
  }
}

void CommitTracker::nothing_before(std::int64_t offset) {
  if (offset <= next_) {
    return;
  }
  next_ = offset;
  if (!open_.empty()) {
    open_.push_back({.offset = offset - 1, .is_done = true});
  }
}

}  // namespace thalweg::kafka
