#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// A list of records of bytes for each group, in the order they were added: chains through one
// arena.
class GroupLists {
 public:
  void grow_to(std::uint32_t groups) { lists_.grow_to(groups); }

  std::uint32_t length(GroupId id) const { return lists_[id].length; }

  void append(GroupId id, std::string_view record) {
    const std::uint64_t at = arena_.size();
    arena_.grow_to(at + sizeof(Link) + record.size());
    const Link link{.next = 0, .size = record.size()};
    std::memcpy(arena_.data() + at, &link, sizeof(Link));
    std::memcpy(arena_.data() + at + sizeof(Link), record.data(), record.size());
    List& list = lists_[id];
    if (list.length == 0) {
      list.first = at;
    } else {
      std::memcpy(arena_.data() + list.last, &at, sizeof(at));  // Link::next.
    }
    list.last = at;
    ++list.length;
    bytes_used_ += sizeof(Link) + record.size();
  }

  // Calls visit(record) for each record of the group.
  template <typename Visit>
  void for_each(GroupId id, Visit visit) const {
    std::uint64_t at = lists_[id].first;
    for (std::uint32_t left = lists_[id].length; left > 0; --left) {
      const Link link = link_at(at);
      visit(std::string_view(arena_.data() + at + sizeof(Link), link.size));
      at = link.next;
    }
  }

  // Leaves only these groups, ascending, numbered anew from 0.
  void keep_only(std::span<const GroupId> kept) {
    GroupLists left;
    left.grow_to(static_cast<std::uint32_t>(kept.size()));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      for_each(kept[i],
               [&](std::string_view record) { left.append(static_cast<GroupId>(i), record); });
    }
    *this = std::move(left);
  }

  // Leaves the group with these records only.
  void replace(GroupId id, std::span<const std::string> records) {
    for_each(id, [this](std::string_view record) { bytes_used_ -= sizeof(Link) + record.size(); });
    lists_[id].length = 0;
    for (const std::string& record : records) {
      append(id, record);
    }
    if (arena_.size() > kSqueezeBytesMin && arena_.size() > 2 * bytes_used_) {
      squeeze();
    }
  }

  // Moves the records of `from` behind those of `into`, without touching any.
  void splice(GroupId from, GroupId into) {
    List& source = lists_[from];
    List& target = lists_[into];
    if (source.length == 0) {
      return;
    }
    if (target.length == 0) {
      target = source;
    } else {
      std::memcpy(arena_.data() + target.last, &source.first, sizeof(source.first));
      target.last = source.last;
      target.length += source.length;
    }
    source.length = 0;
  }

  void clear() {
    lists_.clear();
    arena_.clear();
    bytes_used_ = 0;
  }

  std::size_t memory_bytes() const { return lists_.memory_bytes() + arena_.memory_bytes(); }

 private:
  static constexpr std::size_t kSqueezeBytesMin = std::size_t{1} << 20;

  struct Link {
    std::uint64_t next;  // Where the next record's link stands; of the last one undefined.
    std::uint64_t size;
  };
  struct List {
    std::uint64_t first;
    std::uint64_t last;
    std::uint32_t length;
  };

  Link link_at(std::uint64_t at) const {
    Link link;
    std::memcpy(&link, arena_.data() + at, sizeof(Link));
    return link;
  }

  // Moves the records still in lists into a fresh arena.
  void squeeze() {
    GroupLists fresh;
    fresh.grow_to(static_cast<std::uint32_t>(lists_.size()));
    for (GroupId id = 0; id < lists_.size(); ++id) {
      for_each(id, [&](std::string_view record) { fresh.append(id, record); });
    }
    *this = std::move(fresh);
  }

  StateArray<List> lists_;
  StateArray<char> arena_;
  std::uint64_t bytes_used_ = 0;  // By records that are in a list.
};

}  // namespace thalweg
