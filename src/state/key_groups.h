#pragma once

#include <cstdint>

namespace thalweg {

// Key groups per job: the unit in which state is split between workers. A format: see
// docs/formats/keys.md.
inline constexpr std::uint32_t kKeyGroups = 128;

// The key group of a key's hash (see hash_keys), and the worker that owns the group.
inline std::uint32_t key_group(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 57);
}
inline std::uint32_t worker_of_group(std::uint32_t group, std::uint32_t workers) {
  return group * workers / kKeyGroups;
}

// The groups [begin, end).
struct KeyGroupRange {
  std::uint32_t begin = 0;
  std::uint32_t end = kKeyGroups;
  bool contains(std::uint32_t group) const { return begin <= group && group < end; }
  friend bool operator==(const KeyGroupRange&, const KeyGroupRange&) = default;
};

// Those that worker_of_group() gives to a worker. What has no key is in group 0.
inline KeyGroupRange groups_of_worker(std::uint32_t worker, std::uint32_t workers) {
  return {.begin = (worker * kKeyGroups + workers - 1) / workers,
          .end = ((worker + 1) * kKeyGroups + workers - 1) / workers};
}

}  // namespace thalweg
