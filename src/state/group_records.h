#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// One record of bytes for each group, or none. A record that grows moves to the end of the arena;
// room is given in powers of two, so that what is left behind never exceeds what is in use.
class GroupRecords {
 public:
  void grow_to(std::uint32_t groups) { places_.grow_to(groups); }

  bool has(GroupId id) const { return places_[id].room > 0; }

  // Requires: has(id). Valid until the next put().
  std::string_view get(GroupId id) const {
    return {arena_.data() + places_[id].begin, places_[id].size};
  }

  // Requires: the record is not empty.
  void put(GroupId id, std::string_view record) {
    Place& place = places_[id];
    if (record.size() > place.room) {
      std::uint32_t room = kRoomMin;
      while (room < record.size()) {
        room *= 2;
      }
      place = {.begin = arena_.size(), .size = 0, .room = room};
      arena_.grow_to(arena_.size() + room);
    }
    std::memcpy(arena_.data() + place.begin, record.data(), record.size());
    place.size = static_cast<std::uint32_t>(record.size());
  }

  void erase(GroupId id) { places_[id] = {}; }

  // Leaves only these groups, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept) {
    GroupRecords left;
    left.grow_to(static_cast<std::uint32_t>(kept.size()));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (has(kept[i])) {
        left.put(static_cast<GroupId>(i), get(kept[i]));
      }
    }
    *this = std::move(left);
  }

  void clear() {
    places_.clear();
    arena_.clear();
  }

  std::size_t memory_bytes() const { return places_.memory_bytes() + arena_.memory_bytes(); }

 private:
  static constexpr std::uint32_t kRoomMin = 32;

  struct Place {
    std::uint64_t begin;
    std::uint32_t size;
    std::uint32_t room;  // 0: no record.
  };

  StateArray<Place> places_;
  StateArray<char> arena_;
};

}  // namespace thalweg
