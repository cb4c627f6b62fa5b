#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/event_time.h"
#include "columnar/row_error.h"
#include "runtime/rejected_examples.h"
#include "stream/operator.h"

namespace thalweg {

// A number that one thread adds to and others read.
class Counter {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What one step on one worker has done. rows_in = rows_out + filtered + rejected, for steps that
// keep no rows.
struct StepCounters {
  Counter rows_in;
  Counter rows_out;
  Counter bytes_out;
  Counter batches_in;
  Counter nanos;
  Counter keys_expired;  // See Emitter::expire().
  std::array<Counter, kRowErrorCount> rejected;
  RejectedExamples examples;  // Of an operator; they name no origin. A source keeps its scan's.
  // What the step keeps: see Held.
  std::atomic<std::uint64_t> held{0};
  std::atomic<std::int64_t> due_micros{kEndOfTime.micros};
  Kept kept;  // Once its worker has stopped for want of memory.
};

}  // namespace thalweg
