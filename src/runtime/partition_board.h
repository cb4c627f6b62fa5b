#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <string>

#include "base/event_time.h"
#include "base/result.h"
#include "stream/source.h"

namespace thalweg {

// What the workers that share one partition know together: which block is next, and how far event
// time had come before each block. This is what makes a row's stamp, and so its lateness, a
// function of its place in the partition alone, whoever decodes it and when.
class PartitionBoard {
 public:
  explicit PartitionBoard(Partition& partition) : partition_(partition) {}

  Partition& partition() const { return partition_; }

  enum class Answer : std::uint8_t {
    kBlock,
    kNothingYet,  // Nothing there, or another worker is claiming just now.
    kBarrier,  // An epoch was asked for that this worker has not announced: no block before it has.
    kEnd,
  };
  // Takes the next block for the caller, who has announced the barriers up to `epoch_announced` of
  // those asked for in `epoch_requested`. `now_nanos`: the steady clock, for silence.
  Result<Answer> claim(const std::atomic<std::uint64_t>& epoch_requested,
                       std::uint64_t epoch_announced, std::int64_t now_nanos, Block& block);

  // Says how far the block's rows carry the watermark (kStartOfTime: not at all). Once per block,
  // before any of its rows goes on.
  void publish(std::uint64_t block, EventTime bound);

  // The watermark just before the block, which the caller holds; nothing while an earlier block
  // has not been published.
  std::optional<EventTime> before(std::uint64_t block);

  // The caller has sent on all rows of the block.
  void release(std::uint64_t block);

  // Where the blocks behind an epoch begin.
  struct Cut {
    std::uint64_t epoch = 0;
    ReadPosition position;
    EventTime watermark = kStartOfTime;  // Of the rows before it.
    bool ended = false;
    std::int64_t silent_nanos = 0;  // For how long it had been.
  };
  // Requires: every worker has announced the epoch and sent all its rows before it. `now_nanos` as
  // for claim().
  Cut cut(std::uint64_t epoch, std::int64_t now_nanos);

  // Goes on from where an earlier run stood. Before the first claim. What had ended stays so; what
  // was silent has been for so long already, should there still be nothing.
  Status resume(const Cut& cut);

  // The watermark behind all blocks up to the first that is not published: no unclaimed block has
  // a row with a lower stamp.
  EventTime frontier() const { return EventTime{frontier_.load(std::memory_order_acquire)}; }

  bool ended() const { return ended_.load(std::memory_order_acquire); }

  // When the partition was read to its end and all its rows had gone on, by the steady clock;
  // nothing while it speaks. One that is only slow to be read is never silent.
  std::optional<std::int64_t> silent_since_nanos() const {
    const std::int64_t since = silent_since_nanos_.load(std::memory_order_acquire);
    return since == kSpeaking ? std::nullopt : std::optional(since);
  }

 private:
  struct InFlight {
    std::optional<EventTime> bound;   // Set by publish().
    std::optional<EventTime> before;  // Known when all earlier blocks are published.
    bool released = false;
  };

  static constexpr std::int64_t kSpeaking = std::numeric_limits<std::int64_t>::min();

  void make_cut(std::uint64_t epoch, std::int64_t now_nanos);

  Partition& partition_;
  std::mutex claiming_;  // Guards the partition and the next two: one claim at a time.
  Cut cut_;
  std::int64_t silent_before_nanos_ =
      0;                            // In the earlier run, until it is known whether it goes on.
  std::mutex mutex_;                // Guards what follows.
  std::deque<InFlight> in_flight_;  // Blocks claimed and not yet released by all before them.
  std::uint64_t first_in_flight_ = 0;
  std::uint64_t cut_block_ = 0;             // The first block behind the last cut.
  std::optional<EventTime> cut_watermark_;  // Before it; known when all before are published.
  std::atomic<std::int64_t> frontier_{kStartOfTime.micros};
  std::atomic<bool> ended_{false};
  std::atomic<std::int64_t> silent_since_nanos_{kSpeaking};
};

}  // namespace thalweg
