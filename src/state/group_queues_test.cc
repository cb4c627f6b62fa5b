#include "state/group_queues.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace thalweg {
namespace {

// Sorted queues, and the same as vectors. Values are told apart by what they are not ordered by.
struct Value {
  int order;
  int number;
  friend bool operator==(const Value&, const Value&) = default;
};

bool less(const Value& a, const Value& b) { return a.order < b.order; }

TEST(GroupQueuesTest, MergedAndErasedAsVectors) {
  constexpr std::uint32_t kGroups = 7;
  std::mt19937_64 random(1);
  GroupQueues<Value> queues;
  queues.grow_to(kGroups);
  std::vector<std::vector<Value>> expected(kGroups);
  int number = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto id = static_cast<GroupId>(random() % kGroups);
    std::vector<Value>& values = expected[id];
    const std::size_t begin = values.empty() ? 0 : random() % values.size();
    const std::size_t end = begin + random() % (values.size() - begin + 1);
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to = values.begin() + static_cast<std::ptrdiff_t>(end);
    if (random() % 3 != 0) {
      std::vector<Value> more(random() % 5);
      for (Value& value : more) {
        value = {.order = static_cast<int>(random() % 50), .number = number++};
      }
      std::stable_sort(more.begin(), more.end(), less);
      queues.merge(id, more, less);
      values.insert(values.end(), more.begin(), more.end());
      std::stable_sort(values.begin(), values.end(), less);
    } else if (random() % 2 == 0) {
      queues.erase(id, begin, end);
      values.erase(at, to);
    } else {
      queues.erase_if(id, begin, end, [&](std::size_t place, const Value& value) {
        EXPECT_EQ(value, values[place]);
        return value.number % 2 == 0;
      });
      values.erase(std::remove_if(at, to, [](const Value& v) { return v.number % 2 == 0; }), to);
    }
    const std::span<const Value> found = queues.get(id);
    ASSERT_EQ(std::vector<Value>(found.begin(), found.end()), values) << "step " << step;
  }
}

TEST(GroupQueuesTest, TheLastValueTakesThePlaceOfOneThatGoes) {
  std::mt19937_64 random(2);
  GroupQueues<int> queues;
  queues.grow_to(2);
  std::vector<int> expected;
  for (int step = 0; step < 5'000; ++step) {
    if (expected.empty() || random() % 2 == 0) {
      queues.append(1, 1)[0] = step;
      expected.push_back(step);
    } else if (random() % 3 == 0) {
      queues.drop_front(1, 1);
      expected.erase(expected.begin());
    } else {
      const std::size_t number = random() % expected.size();
      queues.fill_with_last(1, static_cast<std::uint32_t>(number));
      expected[number] = expected.back();
      expected.pop_back();
    }
    const std::span<const int> found = queues.get(1);
    ASSERT_EQ(std::vector<int>(found.begin(), found.end()), expected) << "step " << step;
  }
}

}  // namespace
}  // namespace thalweg
