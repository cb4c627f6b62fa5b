#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "state/dropped_groups.h"
#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// A short array for each group, which grows and shrinks anywhere. Room is given in powers of two,
// or for the largest size there may be, from one arena; room given up is used again.
template <typename T>
class GroupArrays {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= sizeof(std::uint64_t));

 public:
  static constexpr std::uint64_t kAnySize = std::uint64_t{1} << 31;

  explicit GroupArrays(std::uint64_t size_max = kAnySize)
      : room_max_(static_cast<std::uint32_t>(std::min(size_max, kAnySize))) {}

  void grow_to(std::uint32_t groups) { places_.grow_to(groups); }

  // Valid until the next insert().
  std::span<T> get(GroupId id) { return {arena_.data() + places_[id].begin, places_[id].size}; }
  std::span<const T> get(GroupId id) const {
    return {arena_.data() + places_[id].begin, places_[id].size};
  }

  void insert(GroupId id, std::size_t at, T value) {
    Place& place = places_[id];
    if (place.size == place.room) {
      enlarge(place);
    }
    T* const begin = arena_.data() + place.begin;
    std::memmove(begin + at + 1, begin + at, (place.size - at) * sizeof(T));
    begin[at] = value;
    ++place.size;
  }

  void erase(GroupId id, std::size_t at) {
    Place& place = places_[id];
    T* const begin = arena_.data() + place.begin;
    std::memmove(begin + at, begin + at + 1, (place.size - at - 1) * sizeof(T));
    --place.size;
  }

  // Leaves the first `size` values.
  void truncate(GroupId id, std::size_t size) {
    places_[id].size = static_cast<std::uint32_t>(size);
  }

  // Leaves none, and gives the room back.
  void reset(GroupId id) {
    give_back(places_[id]);
    places_[id] = {};
  }

  // Leaves only these groups, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept) {
    for_each_dropped(kept, places_.size(), [this](GroupId id) { give_back(places_[id]); });
    places_.keep_only(kept);
  }

  void clear() {
    places_.clear();
    arena_.clear();
    free_.fill(0);
  }

  std::size_t memory_bytes() const { return places_.memory_bytes() + arena_.memory_bytes(); }

 private:
  struct Place {
    std::uint64_t begin;
    std::uint32_t size;
    std::uint32_t room;  // 0, a power of two or room_max_.
  };

  void enlarge(Place& place) {
    const std::uint32_t room = std::min(room_max_, place.room == 0 ? 1 : place.room * 2);
    std::uint64_t& head = free_list(room);
    std::uint64_t begin = arena_.size();
    if (head != 0) {
      begin = head - 1;
      std::memcpy(&head, arena_.data() + begin, sizeof(head));
    } else {
      arena_.grow_to(begin + room);
    }
    std::memcpy(static_cast<void*>(arena_.data() + begin), arena_.data() + place.begin,
                place.size * sizeof(T));
    give_back(place);
    place.begin = begin;
    place.room = room;
  }

  std::uint64_t& free_list(std::uint32_t room) {
    return free_[room == room_max_ ? free_.size() - 1
                                   : static_cast<std::size_t>(std::countr_zero(room))];
  }

  // The room's first value names the next free room of the size.
  void give_back(const Place& place) {
    if (place.room > 0) {
      std::uint64_t& head = free_list(place.room);
      std::memcpy(static_cast<void*>(arena_.data() + place.begin), &head, sizeof(head));
      head = place.begin + 1;
    }
  }

  std::uint32_t room_max_;
  StateArray<Place> places_;
  StateArray<T> arena_;
  std::array<std::uint64_t, 32>
      free_{};  // By size: one more than where a free room begins; 0: none.
};

}  // namespace thalweg
