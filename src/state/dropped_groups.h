#pragma once

#include <cstddef>
#include <span>

#include "state/key_index.h"

namespace thalweg {

// Calls drop(id) for each group from 0 to count - 1 that is not among `kept`, which ascend.
template <typename Drop>
void for_each_dropped(std::span<const GroupId> kept, std::size_t count, Drop drop) {
  GroupId id = 0;
  for (const GroupId stays : kept) {
    for (; id < stays; ++id) {
      drop(id);
    }
    ++id;
  }
  for (; id < count; ++id) {
    drop(id);
  }
}

}  // namespace thalweg
