#include "state/state_array.h"

#include <gtest/gtest.h>

#include <utility>

namespace thalweg {
namespace {

TEST(StateArrayTest, NewValuesAreZeroAlsoWhereOldOnesStood) {
  StateArray<std::int64_t> array;
  array.grow_to(100);
  for (std::size_t i = 0; i < array.size(); ++i) {
    ASSERT_EQ(array[i], 0);
    array[i] = 7;
  }
  array.clear();
  EXPECT_EQ(array.size(), 0u);
  array.grow_to(50);
  for (std::size_t i = 0; i < array.size(); ++i) {
    ASSERT_EQ(array[i], 0);
  }
}

TEST(StateArrayTest, NeverShrinks) {
  StateArray<int> array;
  array.grow_to(10);
  array[9] = 3;
  array.grow_to(4);
  EXPECT_EQ(array.size(), 10u);
  EXPECT_EQ(array[9], 3);
}

TEST(StateArrayTest, KeepsItsValuesWhileItGrowsPastHugePages) {
  // Beyond 4 MiB memory comes from elsewhere; the values move there.
  constexpr std::int64_t kCount = 2'000'000;
  StateArray<std::int64_t> array;
  for (std::int64_t i = 0; i < kCount; ++i) {
    array.push_back(i * 3);
  }
  ASSERT_EQ(array.size(), static_cast<std::size_t>(kCount));
  for (std::int64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(array[static_cast<std::size_t>(i)], i * 3);
  }
  EXPECT_GE(array.memory_bytes(), kCount * sizeof(std::int64_t));
}

TEST(StateArrayTest, NewValuesAreZeroWhereverTheMemoryComesFrom) {
  StateArray<std::int64_t> array;
  // Small, in huge pages, moved to more of them, and again after clear().
  for (const std::size_t size : {1000, 700'000, 1'100'000, 3'000'000}) {
    for (int round = 0; round < 2; ++round) {
      const std::size_t before = array.size();
      array.grow_to(size);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(array[i], i < before ? 7 : 0) << size;
        array[i] = 7;
      }
      if (round == 0) {
        array.clear();
      }
    }
  }
}

TEST(StateArrayTest, MovesWithoutItsValues) {
  StateArray<int> from;
  from.push_back(5);
  StateArray<int> to(std::move(from));
  ASSERT_EQ(to.size(), 1u);
  EXPECT_EQ(to[0], 5);
  StateArray<int> assigned;
  assigned.push_back(1);
  assigned = std::move(to);
  ASSERT_EQ(assigned.size(), 1u);
  EXPECT_EQ(assigned[0], 5);
}

}  // namespace
}  // namespace thalweg
