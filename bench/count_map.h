#pragma once

#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace thalweg::bench {

// Counts by key, by hand: open addressing with linear probing, at most half full, in huge pages.
class CountMap {
 public:
  CountMap() : slots_(allocate(kSlotsMin)), capacity_(kSlotsMin) {}
  ~CountMap() { release(slots_, capacity_); }
  CountMap(const CountMap&) = delete;
  CountMap& operator=(const CountMap&) = delete;

  void count(const std::int64_t* keys, std::uint64_t rows) {
    std::uint64_t row = 0;
    if (capacity_ * sizeof(Slot) > kCacheBytes && rows > kAhead) {
      for (; row + kAhead < rows; ++row) {
        __builtin_prefetch(&slots_[home(keys[row + kAhead])], 1);
        count(keys[row]);
      }
    }
    for (; row < rows; ++row) {
      count(keys[row]);
    }
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::uint64_t i = 0; i < capacity_; ++i) {
      if (slots_[i].count != 0) {
        visit(slots_[i].key, std::int64_t{slots_[i].count});
      }
    }
  }

  void clear() {
    std::memset(static_cast<void*>(slots_), 0, capacity_ * sizeof(Slot));
    size_ = 0;
  }

 private:
  struct Slot {
    std::int64_t key;
    std::uint32_t count;  // 0: free.
  };
  static_assert(sizeof(Slot) == 16);

  static constexpr std::uint64_t kSlotsMin = 16 * 1024;
  static constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kAhead = 32;

  std::uint64_t home(std::int64_t key) const {
    std::uint64_t hash = static_cast<std::uint64_t>(key) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
    return (hash * 0x9E3779B97F4A7C15ULL) >> (64 - std::countr_zero(capacity_));
  }

  void count(std::int64_t key) { ++find(key).count; }

  Slot& find(std::int64_t key) {
    for (std::uint64_t at = home(key);; at = (at + 1) & (capacity_ - 1)) {
      Slot& slot = slots_[at];
      if (slot.key == key && slot.count != 0) {
        return slot;
      }
      if (slot.count == 0) {
        if (size_ * 2 >= capacity_) {
          grow();
          return find(key);
        }
        ++size_;
        slot.key = key;
        return slot;
      }
    }
  }

  void grow() {
    Slot* const old = slots_;
    const std::uint64_t old_capacity = capacity_;
    slots_ = allocate(capacity_ * 2);
    capacity_ *= 2;
    size_ = 0;
    for (std::uint64_t i = 0; i < old_capacity; ++i) {
      if (old[i].count != 0) {
        find(old[i].key).count = old[i].count;
      }
    }
    release(old, old_capacity);
  }

  // Zero as it comes from the system.
  static Slot* allocate(std::uint64_t slots) {
    void* memory = mmap(nullptr, slots * sizeof(Slot), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, slots * sizeof(Slot), MADV_HUGEPAGE);
    return static_cast<Slot*>(memory);
  }
  static void release(Slot* slots, std::uint64_t count) { munmap(slots, count * sizeof(Slot)); }

  Slot* slots_;
  std::uint64_t capacity_;  // A power of two.
  std::uint64_t size_ = 0;
};

}  // namespace thalweg::bench
