#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace thalweg::kafka {

// How far a partition may be committed while its records are handled in any order: up to the first
// one that is not done. Offsets may have gaps, for compaction and transactions leave some.
class CommitTracker {
 public:
  explicit CommitTracker(std::int64_t start) : next_(start) {}

  // Requires: larger than every one before.
  void handed_out(std::int64_t offset);
  // One that was not handed out, or is done already, changes nothing.
  void done(std::int64_t offset);
  // There are no records up to here, beyond those handed out.
  void nothing_before(std::int64_t offset);

  // The offset to commit: of the first record that is not done, or else of what comes next.
  std::int64_t committable() const { return open_.empty() ? next_ : open_.front().offset; }
  // Records from the first one that is not done on.
  std::size_t held() const { return open_.size(); }

 private:
  struct Entry {
    std::int64_t offset;
    bool is_done;
  };

  std::int64_t next_;       // Behind all that was handed out.
  std::deque<Entry> open_;  // In order; the first is not done.
};

}  // namespace thalweg::kafka
