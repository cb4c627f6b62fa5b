#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include "base/check.h"

namespace thalweg {

// A list that one thread at a time appends to while others read what is in it, without a lock.
// Items keep their index and their address, for they stand in segments each twice as long as the
// one before. Whoever sees an item by size() sees it whole; what readers change in it is theirs to
// guard.
template <std::default_initializable T>
class GrowingList {
 public:
  template <typename List, typename Item>
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = Item*;
    using reference = Item&;

    Iterator() = default;
    Iterator(List& list, std::size_t index) : list_(&list), index_(index) {}

    Item& operator*() const { return (*list_)[index_]; }
    Item* operator->() const { return &(*list_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    List* list_ = nullptr;
    std::size_t index_ = 0;
  };

  GrowingList() = default;
  GrowingList(const GrowingList&) = delete;
  GrowingList& operator=(const GrowingList&) = delete;

  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  bool empty() const { return size() == 0; }

  // Requires: index < size().
  T& operator[](std::size_t index) {
    const Place place = place_of(index);
    return segments_[place.segment][place.offset];
  }
  const T& operator[](std::size_t index) const {
    const Place place = place_of(index);
    return segments_[place.segment][place.offset];
  }

  // Of what is in it when end() is called; the list may have grown when they meet.
  auto begin() { return Iterator<GrowingList, T>(*this, 0); }
  auto end() { return Iterator<GrowingList, T>(*this, size()); }
  auto begin() const { return Iterator<const GrowingList, const T>(*this, 0); }
  auto end() const { return Iterator<const GrowingList, const T>(*this, size()); }

  T& append(T item) {
    const std::size_t index = size_.load(std::memory_order_relaxed);
    const Place place = place_of(index);
    TW_CHECK(place.segment < kSegments);
    std::unique_ptr<T[]>& segment = segments_[place.segment];
    if (segment == nullptr) {
      segment = std::make_unique<T[]>(kFirst << place.segment);
    }
    T& added = segment[place.offset];
    added = std::move(item);
    size_.store(index + 1, std::memory_order_release);
    return added;
  }

 private:
  static constexpr std::size_t kFirst = 8;  // In the first segment.
  static constexpr std::size_t kSegments = 40;

  struct Place {
    std::size_t segment;
    std::size_t offset;
  };
  static Place place_of(std::size_t index) {
    const std::size_t segment = std::bit_width(index / kFirst + 1) - 1;
    return {segment, index - kFirst * ((std::size_t{1} << segment) - 1)};
  }

  // A segment is written before the size that makes its items known, and not again.
  std::array<std::unique_ptr<T[]>, kSegments> segments_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace thalweg
