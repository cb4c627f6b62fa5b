#include "runtime/partition_board.h"

#include <algorithm>

namespace thalweg {

Result<PartitionBoard::Answer> PartitionBoard::claim(
    const std::atomic<std::uint64_t>& epoch_requested, std::uint64_t epoch_announced,
    std::int64_t now_nanos, Block& block) {
  const std::unique_lock claiming(claiming_, std::try_to_lock);
  if (!claiming) {
    return Answer::kNothingYet;
  }
  // Read under the lock: when another worker has announced an epoch and then claimed here, this
  // worker sees that epoch too, so the blocks before a barrier are a prefix of the partition.
  if (epoch_requested.load(std::memory_order_acquire) > epoch_announced) {
    return Answer::kBarrier;
  }
  if (ended()) {
    return Answer::kEnd;
  }
  TW_TRY_ASSIGN(const Claim claim, partition_.claim(block));
  if (claim == Claim::kNothingYet) {
    const std::lock_guard lock(mutex_);
    if (in_flight_.empty() && !silent_since_nanos()) {
      silent_since_nanos_.store(now_nanos, std::memory_order_release);
    }
    return Answer::kNothingYet;
  }
  silent_since_nanos_.store(kSpeaking, std::memory_order_release);
  if (claim == Claim::kEnd) {
    ended_.store(true, std::memory_order_release);
    return Answer::kEnd;
  }
  const std::lock_guard lock(mutex_);
  TW_CHECK(block.number == first_in_flight_ + in_flight_.size());
  InFlight entry;
  if (in_flight_.empty()) {
    entry.before = frontier();
  } else if (const InFlight& last = in_flight_.back(); last.bound && last.before) {
    entry.before = std::max(*last.before, *last.bound);
  }
  in_flight_.push_back(entry);
  return Answer::kBlock;
}

void PartitionBoard::publish(std::uint64_t block, EventTime bound) {
  const std::lock_guard lock(mutex_);
  std::size_t i = block - first_in_flight_;
  in_flight_[i].bound = bound;
  while (i < in_flight_.size() && in_flight_[i].before && in_flight_[i].bound) {
    const EventTime after = std::max(*in_flight_[i].before, *in_flight_[i].bound);
    frontier_.store(after.micros, std::memory_order_release);
    if (++i < in_flight_.size()) {
      in_flight_[i].before = after;
    }
  }
}

std::optional<EventTime> PartitionBoard::before(std::uint64_t block) {
  const std::lock_guard lock(mutex_);
  return in_flight_[block - first_in_flight_].before;
}

void PartitionBoard::release(std::uint64_t block) {
  const std::lock_guard lock(mutex_);
  in_flight_[block - first_in_flight_].released = true;
  while (!in_flight_.empty() && in_flight_.front().released) {
    in_flight_.pop_front();
    ++first_in_flight_;
  }
}

}  // namespace thalweg
