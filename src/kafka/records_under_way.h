#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

namespace thalweg::kafka {

// Counts records that have been sent and not told of, so that somebody can wait for those that were
// sent before, while others go on sending. Thread-safe, but for pass().
class RecordsUnderWay {
 public:
  // One of two counts.
  using Side = std::uint8_t;

  // In which the record is counted.
  Side add() {
    const Side side = side_.load();
    counts_[side].fetch_add(1);
    return side;
  }
  void remove(Side side, std::uint64_t records) { counts_[side].fetch_sub(records); }
  std::uint64_t count() const { return counts_[0].load() + counts_[1].load(); }

  // Returns once all that was added before the call has been removed. `wait` is called with a
  // condition, and says whether it has come to hold; where it has not, this gives up: false. One
  // call at a time.
  template <typename Wait>
  bool pass(Wait wait) {
    const Side side = side_.load();
    const Side other = 1 - side;
    const auto is_empty = [this](Side which) {
      return [this, which] { return counts_[which].load() == 0; };
    };
    // Here may be what a call that gave up has left, or what was added with the look of before.
    if (!wait(is_empty(other))) {
      return false;
    }
    side_.store(other);
    return wait(is_empty(side));
  }

 private:
  std::atomic<Side> side_{0};  // For what is added now.
  std::array<std::atomic<std::uint64_t>, 2> counts_{};
};

}  // namespace thalweg::kafka
