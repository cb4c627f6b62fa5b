#include "base/growing_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

TEST(GrowingListTest, ItemsStandInTheOrderInWhichTheyCame) {
  GrowingList<std::string> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.begin(), list.end());
  constexpr std::size_t kCount = 1000;  // Of several segments.
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(list.append(std::to_string(i)), std::to_string(i));
    EXPECT_EQ(list.size(), i + 1);
  }
  std::size_t next = 0;
  for (const std::string& item : std::as_const(list)) {
    EXPECT_EQ(item, std::to_string(next));
    EXPECT_EQ(&item, &list[next]);
    ++next;
  }
  EXPECT_EQ(next, kCount);
}

TEST(GrowingListTest, ItemsStayWhereTheyAre) {
  GrowingList<int> list;
  std::vector<const int*> places;
  for (int i = 0; i < 1000; ++i) {
    places.push_back(&list.append(i));
  }
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(&list[static_cast<std::size_t>(i)], places[static_cast<std::size_t>(i)]);
    EXPECT_EQ(*places[static_cast<std::size_t>(i)], i);
  }
}

TEST(GrowingListTest, ALoopGoesOverWhatThereWasWhenItBegan) {
  GrowingList<int> list;
  list.append(1);
  list.append(2);
  std::vector<int> seen;
  for (const int item : list) {
    seen.push_back(item);
    list.append(item + 10);
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  EXPECT_EQ(list.size(), 4U);
}

TEST(GrowingListTest, ReadersSeeWholeItemsWhileItGrows) {
  constexpr int kCount = 20'000;
  GrowingList<std::unique_ptr<int>> list;
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      std::size_t seen = 0;
      while (seen < kCount) {
        const std::size_t size = list.size();
        for (; seen < size; ++seen) {
          const std::unique_ptr<int>& item = list[seen];
          wrong += item == nullptr || *item != static_cast<int>(seen);
        }
      }
    });
  }
  for (int i = 0; i < kCount; ++i) {
    list.append(std::make_unique<int>(i));
  }
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace thalweg
