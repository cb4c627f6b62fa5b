#include "state/key_groups.h"

#include <gtest/gtest.h>

#include <vector>

namespace thalweg {
namespace {

TEST(KeyGroupTest, EveryWorkerOwnsGroupsAndEveryGroupAWorker) {
  for (std::uint32_t workers = 1; workers <= kKeyGroups; ++workers) {
    std::vector<std::uint32_t> groups(workers);
    for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
      const std::uint32_t owner = worker_of_group(group, workers);
      ASSERT_LT(owner, workers);
      ++groups[owner];
    }
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
      const KeyGroupRange range = groups_of_worker(worker, workers);
      ASSERT_EQ(range.end - range.begin, groups[worker]);
      for (std::uint32_t group = range.begin; group < range.end; ++group) {
        ASSERT_EQ(worker_of_group(group, workers), worker);
      }
    }
    for (const std::uint32_t owned : groups) {
      ASSERT_GE(owned, kKeyGroups / workers);
      ASSERT_LE(owned, kKeyGroups / workers + 1);
    }
  }
}

}  // namespace
}  // namespace thalweg
