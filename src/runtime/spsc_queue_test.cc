#include "runtime/spsc_queue.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace thalweg {
namespace {

TEST(SpscQueueTest, RefusesWhenFullAndKeepsTheValue) {
  SpscQueue<std::optional<int>> queue(2);
  std::optional<int> value = 1;
  ASSERT_TRUE(queue.push(value));
  value = 2;
  ASSERT_TRUE(queue.push(value));
  value = 3;
  EXPECT_FALSE(queue.push(value));
  EXPECT_EQ(value, 3);
  EXPECT_TRUE(queue.full());
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_FALSE(queue.full());
}

TEST(SpscQueueTest, KeepsTheOrderBetweenTwoThreads) {
  constexpr int kCount = 200'000;
  SpscQueue<std::optional<int>> queue(16);
  std::jthread producer([&queue] {
    for (int i = 0; i < kCount; ++i) {
      std::optional<int> value = i;
      while (!queue.push(value)) {
        std::this_thread::yield();
      }
    }
  });
  for (int expected = 0; expected < kCount; ++expected) {
    while (queue.front() == nullptr) {
      std::this_thread::yield();
    }
    ASSERT_EQ(queue.pop(), expected);
  }
  EXPECT_EQ(queue.front(), nullptr);
}

}  // namespace
}  // namespace thalweg
