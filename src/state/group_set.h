#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// Groups of a table, each once however often it is added, in the order in which they first were.
class GroupSet {
 public:
  bool empty() const { return ids_.empty(); }

  void add(std::span<const GroupId> ids) {
    for (const GroupId id : ids) {
      const std::size_t word = id / 64;
      if (word >= has_.size()) [[unlikely]] {
        has_.grow_to(word + 1);
      }
      const std::uint64_t bit = std::uint64_t{1} << (id % 64);
      if ((has_[word] & bit) == 0) {
        has_[word] |= bit;
        ids_.push_back(id);
      }
    }
  }

  // All of them; then there are none.
  std::vector<GroupId> take() {
    has_.clear();
    return std::exchange(ids_, {});
  }

 private:
  StateArray<std::uint64_t> has_;
  std::vector<GroupId> ids_;
};

}  // namespace thalweg
