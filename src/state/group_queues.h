#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// A queue for each group, its values side by side: most come in at the back and leave at the front.
// Room is given in powers of two; what a queue that moves leaves behind is squeezed out of the
// arena.
template <typename T>
class GroupQueues {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  void grow_to(std::uint32_t groups) { places_.grow_to(groups); }

  // Valid until the next append().
  std::span<const T> get(GroupId id) const {
    const Place& place = places_[id];
    return {arena_.data() + place.begin + place.first, place.size};
  }

  // The same, to be changed.
  std::span<T> edit(GroupId id) {
    const Place& place = places_[id];
    return {arena_.data() + place.begin + place.first, place.size};
  }

  std::uint32_t size(GroupId id) const { return places_[id].size; }

  // For who will soon ask for a group: first where its queue is, some groups later its front.
  void fetch_place(GroupId id) const { __builtin_prefetch(places_.data() + id); }
  void fetch_front(GroupId id) const { __builtin_prefetch(get(id).data()); }

  // Makes room for `count` values at the back, to be filled before anything else is done.
  std::span<T> append(GroupId id, std::uint32_t count) {
    Place& place = places_[id];
    if (place.first + place.size + count > place.room) {
      make_room(place, count);
    }
    T* const end = arena_.data() + place.begin + place.first + place.size;
    place.size += count;
    return {end, count};
  }

  // Puts values among those of the queue, which are in order of less(a, b) as they are themselves,
  // behind their equals. Moves those that are more than the least of them.
  template <typename Less>
  void merge(GroupId id, std::span<const T> values, Less less) {
    std::size_t before = size(id);
    append(id, static_cast<std::uint32_t>(values.size()));
    T* const queue = arena_.data() + places_[id].begin + places_[id].first;
    for (std::size_t left = values.size(); left > 0;) {
      T& to = queue[before + left - 1];
      if (before > 0 && less(values[left - 1], queue[before - 1])) {
        to = queue[--before];
      } else {
        to = values[--left];
      }
    }
  }

  // Takes those of the values [begin, end) out for which goes(number, value), which is asked in
  // their order.
  template <typename Goes>
  void erase_if(GroupId id, std::size_t begin, std::size_t end, Goes goes) {
    T* const values = arena_.data() + places_[id].begin + places_[id].first;
    std::size_t kept = begin;
    for (std::size_t at = begin; at < end; ++at) {
      if (!goes(at, std::as_const(values[at]))) {
        values[kept++] = values[at];
      }
    }
    erase(id, kept, end);
  }

  // Takes values [begin, end) out, and moves those before or behind them, whichever are fewer.
  void erase(GroupId id, std::size_t begin, std::size_t end) {
    if (begin == end) {
      return;  // There may be no values at all, nor memory for any.
    }
    const Place& place = places_[id];
    T* const values = arena_.data() + place.begin + place.first;
    const auto count = static_cast<std::uint32_t>(end - begin);
    if (begin < place.size - end) {
      std::memmove(static_cast<void*>(values + count), values, begin * sizeof(T));
      drop_front(id, count);
    } else {
      std::memmove(static_cast<void*>(values + begin), values + end,
                   (place.size - end) * sizeof(T));
      drop_back(id, count);
    }
  }

  // Takes value `number` out and puts the last one in its place.
  void fill_with_last(GroupId id, std::uint32_t number) {
    Place& place = places_[id];
    T* const values = arena_.data() + place.begin + place.first;
    values[number] = values[place.size - 1];
    drop_back(id, 1);
  }

  void drop_front(GroupId id, std::uint32_t count) {
    Place& place = places_[id];
    place.first += count;
    place.size -= count;
    if (place.size == 0) {
      place.first = 0;
    }
  }

  void drop_back(GroupId id, std::uint32_t count) { places_[id].size -= count; }

  std::uint32_t groups() const { return static_cast<std::uint32_t>(places_.size()); }

  // Leaves only these groups, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept) {
    places_.keep_only(kept);
    room_in_use_ = 0;
    for (std::size_t id = 0; id < places_.size(); ++id) {
      room_in_use_ += places_[id].room;
    }
    if (arena_.size() > kSqueezeMin && arena_.size() > 2 * room_in_use_) {
      squeeze();
    }
  }

  void clear() {
    places_.clear();
    arena_.clear();
    room_in_use_ = 0;
  }

  std::size_t memory_bytes() const { return places_.memory_bytes() + arena_.memory_bytes(); }

 private:
  static constexpr std::uint32_t kRoomMin = 4;
  static constexpr std::size_t kSqueezeMin = std::size_t{1} << 16;

  struct Place {
    std::uint64_t begin;
    std::uint32_t first;  // From `begin` on.
    std::uint32_t size;
    std::uint32_t room;
  };

  // Moves the values to the front of their room where that is at least half free, so that each
  // move is paid for by as many values that have left; else into a bigger room.
  void make_room(Place& place, std::uint32_t count) {
    const std::uint32_t wanted = place.size + count;
    if (wanted <= place.room && place.size <= place.room / 2) {
      T* const begin = arena_.data() + place.begin;
      std::memmove(static_cast<void*>(begin), begin + place.first, place.size * sizeof(T));
      place.first = 0;
      return;
    }
    std::uint32_t room = place.room == 0 ? kRoomMin : place.room;
    while (room < wanted || (place.size > 0 && room < 2 * place.size)) {
      room *= 2;
    }
    const std::uint64_t begin = arena_.size();
    arena_.grow_to(begin + room);
    std::memcpy(static_cast<void*>(arena_.data() + begin),
                arena_.data() + place.begin + place.first, place.size * sizeof(T));
    room_in_use_ += room - place.room;
    place.begin = begin;
    place.first = 0;
    place.room = room;
    if (arena_.size() > kSqueezeMin && arena_.size() > 2 * room_in_use_) {
      squeeze();
    }
  }

  void squeeze() {
    StateArray<T> arena;
    for (std::size_t id = 0; id < places_.size(); ++id) {
      Place& place = places_[id];
      const std::uint64_t begin = arena.size();
      arena.grow_to(begin + place.room);
      if (place.room > 0) {
        std::memcpy(static_cast<void*>(arena.data() + begin), arena_.data() + place.begin,
                    place.room * sizeof(T));
      }
      place.begin = begin;
    }
    arena_ = std::move(arena);
  }

  StateArray<Place> places_;
  StateArray<T> arena_;
  std::uint64_t room_in_use_ = 0;
};

}  // namespace thalweg
