#pragma once

#include <bit>
#include <cstdint>

#include "huge_array.h"

namespace thalweg::bench {

inline std::uint64_t hash_of(std::int64_t key) {
  std::uint64_t hash = static_cast<std::uint64_t>(key) * 0xD6E8FEB86659FD93ULL;
  hash ^= hash >> 32;
  return hash * 0x9E3779B97F4A7C15ULL;
}

// Two columns as one key.
struct KeyPair {
  std::int64_t first;
  std::int64_t second;
  friend bool operator==(const KeyPair&, const KeyPair&) = default;
};

inline std::uint64_t hash_of(KeyPair key) {
  return hash_of(key.first ^ static_cast<std::int64_t>(std::rotl(hash_of(key.second), 32)));
}

// Numbers keys from 0 on in order of first appearance, by hand: open addressing with linear
// probing, at most half full. What belongs to a key stands in arrays by number.
template <typename Key>
class KeyNumbers {
 public:
  explicit KeyNumbers(std::uint64_t slots = 16 * 1024) : slots_(slots) {}

  // The numbers of these keys; `key_at(i)` is the i-th.
  template <typename KeyAt>
  void find(std::uint64_t rows, std::uint32_t* numbers, KeyAt key_at) {
    std::uint64_t row = 0;
    if (slots_.size() * sizeof(Slot) > kCacheBytes) {
      for (; row + kAhead < rows; ++row) {
        __builtin_prefetch(&slots_[home(key_at(row + kAhead))], 1);
        numbers[row] = find(key_at(row));
      }
    }
    for (; row < rows; ++row) {
      numbers[row] = find(key_at(row));
    }
  }

  std::uint32_t find(const Key& key) {
    for (std::uint64_t at = home(key);; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.number_plus_one == 0) {
        return add(key, slot);
      }
      if (slot.key == key) {
        return slot.number_plus_one - 1;
      }
    }
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(keys_.size()); }
  const Key& key(std::uint32_t number) const { return keys_[number]; }

  void clear() {
    slots_.fill_with_zeroes();
    keys_.clear();
  }

 private:
  struct Slot {
    Key key;
    std::uint32_t number_plus_one;  // 0: free.
  };

  static constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kAhead = 32;

  std::uint64_t home(const Key& key) const {
    return hash_of(key) >> (64 - std::countr_zero(slots_.size()));
  }

  std::uint32_t add(const Key& key, Slot& slot) {
    if (keys_.size() * 2 >= slots_.size()) {
      grow();
      return find(key);
    }
    keys_.push_back(key);
    slot = {.key = key, .number_plus_one = size()};
    return size() - 1;
  }

  void grow() {
    HugeArray<Slot> bigger(slots_.size() * 2);
    bigger.swap(slots_);
    const std::uint64_t mask = slots_.size() - 1;
    for (std::uint32_t number = 0; number < size(); ++number) {
      std::uint64_t at = home(keys_[number]);
      while (slots_[at].number_plus_one != 0) {
        at = (at + 1) & mask;
      }
      slots_[at] = {.key = keys_[number], .number_plus_one = number + 1};
    }
  }

  HugeArray<Slot> slots_;  // A power of two.
  HugeArray<Key> keys_;
};

}  // namespace thalweg::bench
