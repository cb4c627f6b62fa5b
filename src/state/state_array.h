#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "state/mapped_memory.h"

namespace thalweg {

// Values of one size, one per group id, that only ever grow at the end: new ones are zero. Memory
// above a few MiB comes in huge pages, which move when it grows. clear() keeps the memory for the
// next window.
template <typename T>
class StateArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  StateArray() = default;
  ~StateArray() { release(data_, capacity_); }
  StateArray(StateArray&& other) noexcept { swap(other); }
  StateArray& operator=(StateArray&& other) noexcept {
    swap(other);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return capacity_ * sizeof(T); }

  // Requires: empty. `size` values, all zero, of a table that is filled from `old` front to back
  // while let_go() takes that away.
  void replace(const StateArray& old, std::size_t size) {
    if (is_mapped(size)) {
      const std::size_t bytes = mapped_bytes(size);
      data_ = static_cast<T*>(map_memory(bytes, is_mapped(old.capacity_) ? old.memory_bytes() : 0));
      capacity_ = bytes / sizeof(T);
    }
    grow_to(size);
  }

  // The values before `end` are not read any more: their memory goes back, some at a time.
  void let_go(std::size_t end) {
    const std::size_t pages = end * sizeof(T) / kLetGoBytes * kLetGoBytes;
    if (pages > let_go_bytes_ && is_mapped(capacity_)) {
      give_back_memory(reinterpret_cast<std::byte*>(data_) + let_go_bytes_, pages - let_go_bytes_);
      let_go_bytes_ = pages;
    }
  }

  // Grows to `size` values, the new ones zero. Does nothing when there are as many already.
  void grow_to(std::size_t size) {
    if (size <= size_) {
      return;
    }
    if (size > capacity_) {
      enlarge(size);
    }
    const std::size_t used_end = size < used_ ? size : used_;
    if (used_end > size_) {
      std::memset(static_cast<void*>(data_ + size_), 0, (used_end - size_) * sizeof(T));
    }
    size_ = size;
  }

  void push_back(T value) {
    if (size_ == capacity_) {
      enlarge(size_ + 1);
    }
    data_[size_++] = value;
  }

  // Leaves only these values, ascending by number, in their order.
  template <typename Numbers>
  void keep_only(const Numbers& kept) {
    std::size_t count = 0;
    for (const auto number : kept) {
      data_[count++] = data_[number];
    }
    used_ = used_ < size_ ? size_ : used_;
    size_ = count;
  }

  void clear() {
    used_ = used_ < size_ ? size_ : used_;
    size_ = 0;
  }

 private:
  static constexpr std::size_t kMapBytesMin = std::size_t{4} << 20;
  static constexpr std::size_t kCountMin = 64;
  static constexpr std::size_t kLetGoBytes = 4 * kHugePageBytes;

  void swap(StateArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(used_, other.used_);
    std::swap(capacity_, other.capacity_);
    std::swap(let_go_bytes_, other.let_go_bytes_);
  }

  // Half as much again, so that ten million groups do not reserve for sixteen.
  void enlarge(std::size_t size_min) {
    std::size_t capacity = capacity_ + capacity_ / 2;
    capacity = capacity < size_min ? size_min : capacity;
    capacity = capacity < kCountMin ? kCountMin : capacity;
    if (is_mapped(capacity_)) {
      const std::size_t bytes = mapped_bytes(capacity);
      data_ = static_cast<T*>(grow_mapped_memory(data_, mapped_bytes(capacity_), bytes));
      capacity = bytes / sizeof(T);
    } else if (is_mapped(capacity)) {
      T* const bigger = static_cast<T*>(map_memory(mapped_bytes(capacity)));
      if (size_ > 0) {
        std::memcpy(static_cast<void*>(bigger), data_, size_ * sizeof(T));
      }
      release(data_, capacity_);
      data_ = bigger;
      used_ = size_;
    } else {
      void* const bigger = std::realloc(data_, capacity * sizeof(T));  // Moves pages too.
      TW_CHECK(bigger != nullptr);
      data_ = static_cast<T*>(bigger);
      used_ = capacity;
    }
    capacity_ = capacity;
  }

  static bool is_mapped(std::size_t capacity) { return capacity * sizeof(T) >= kMapBytesMin; }
  static std::size_t mapped_bytes(std::size_t capacity) {
    return (capacity * sizeof(T) + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  }

  static void release(T* data, std::size_t capacity) {
    if (data == nullptr) {
      return;
    }
    if (is_mapped(capacity)) {
      unmap_memory(data, mapped_bytes(capacity));
    } else {
      std::free(data);  // NOLINT: the counterpart of realloc above.
    }
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;  // From here on the memory is zero, or values stand.
  std::size_t capacity_ = 0;
  std::size_t let_go_bytes_ = 0;  // From the front.
};

}  // namespace thalweg
