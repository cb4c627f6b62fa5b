#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "base/check.h"

namespace thalweg {

// A bounded queue from one thread to one other, without locks (Lamport's ring, with each side
// keeping a copy of the other's index so that it rarely touches the other's cache line).
template <typename T>
class SpscQueue {
 public:
  // Requires: capacity is a power of two.
  explicit SpscQueue(std::size_t capacity) : slots_(capacity), mask_(capacity - 1) {
    TW_CHECK(std::has_single_bit(capacity));
  }

  // Producer: leaves `value` alone and returns false when the queue is full.
  bool push(T& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ == slots_.size()) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail - head_seen_ == slots_.size()) {
        return false;
      }
    }
    slots_[tail & mask_] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Producer.
  bool full() {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ == slots_.size()) {
      head_seen_ = head_.load(std::memory_order_acquire);
    }
    return tail - head_seen_ == slots_.size();
  }

  // Consumer: the oldest value, still in the queue; nullptr when there is none.
  T* front() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) {
        return nullptr;
      }
    }
    return &slots_[head & mask_];
  }

  // Consumer. Requires: front() is not nullptr.
  T pop() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    T value = std::exchange(slots_[head & mask_], T{});
    head_.store(head + 1, std::memory_order_release);
    return value;
  }

 private:
  std::vector<T> slots_;
  const std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;  // The consumer's.
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;  // The producer's.
};

}  // namespace thalweg
