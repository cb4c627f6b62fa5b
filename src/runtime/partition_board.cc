#include "runtime/partition_board.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

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
  const std::uint64_t requested = epoch_requested.load(std::memory_order_acquire);
  if (requested > epoch_announced) {
    return Answer::kBarrier;
  }
  if (requested > cut_.epoch) {
    make_cut(requested, now_nanos);
  }
  if (ended()) {
    return Answer::kEnd;
  }
  TW_TRY_ASSIGN(const Claim claim, partition_.claim(block));
  if (claim == Claim::kNothingYet) {
    const std::lock_guard lock(mutex_);
    if (in_flight_.empty() && !silent_since_nanos()) {
      silent_since_nanos_.store(now_nanos - std::exchange(silent_before_nanos_, 0),
                                std::memory_order_release);
    }
    return Answer::kNothingYet;
  }
  silent_since_nanos_.store(kSpeaking, std::memory_order_release);
  silent_before_nanos_ = 0;
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
    if (first_in_flight_ + i == cut_block_) {
      cut_watermark_ = after;
    }
  }
}

// Requires: claiming_ is held.
void PartitionBoard::make_cut(std::uint64_t epoch, std::int64_t now_nanos) {
  if (cut_.ended) {
    cut_.epoch = epoch;  // Where it ended in an earlier run.
  } else {
    const std::optional<std::int64_t> since = silent_since_nanos();
    cut_ = {.epoch = epoch,
            .position = partition_.position(),
            .ended = ended(),
            .silent_nanos = since ? now_nanos - *since : silent_before_nanos_};
  }
  const std::lock_guard lock(mutex_);
  cut_block_ = first_in_flight_ + in_flight_.size();
  cut_watermark_.reset();
  if (in_flight_.empty() || (in_flight_.back().bound && in_flight_.back().before)) {
    cut_watermark_ = frontier();
  }
}

PartitionBoard::Cut PartitionBoard::cut(std::uint64_t epoch, std::int64_t now_nanos) {
  const std::lock_guard claiming(claiming_);
  if (cut_.epoch < epoch) {
    make_cut(epoch, now_nanos);
  }
  TW_CHECK(cut_.epoch == epoch);
  const std::lock_guard lock(mutex_);
  cut_.watermark = cut_watermark_.value_or(kStartOfTime);  // Nothing: the rows have no time.
  return cut_;
}

Status PartitionBoard::resume(const Cut& cut) {
  if (!cut.ended) {
    TW_TRY(partition_.resume(cut.position));
  }
  cut_ = cut;
  silent_before_nanos_ = cut.silent_nanos;
  frontier_.store(cut.watermark.micros, std::memory_order_release);
  ended_.store(cut.ended, std::memory_order_release);
  return {};
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
