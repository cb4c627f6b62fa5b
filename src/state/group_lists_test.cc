#include "state/group_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> records_of(const GroupLists& lists, GroupId id) {
  std::vector<std::string> records;
  lists.for_each(id, [&](std::string_view record) { records.emplace_back(record); });
  return records;
}

TEST(GroupListsTest, RecordsComeBackInTheOrderTheyWereAdded) {
  GroupLists lists;
  lists.grow_to(3);
  lists.append(1, "one");
  lists.append(0, "");
  lists.append(1, "two");
  EXPECT_THAT(records_of(lists, 1), ElementsAre("one", "two"));
  EXPECT_THAT(records_of(lists, 0), ElementsAre(""));
  EXPECT_THAT(records_of(lists, 2), IsEmpty());
  EXPECT_EQ(lists.length(1), 2u);
}

TEST(GroupListsTest, AReplacedListStandsAloneAndGoesOn) {
  GroupLists lists;
  lists.grow_to(2);
  lists.append(0, "a");
  lists.append(1, "b");
  lists.replace(0, std::vector<std::string>{"x", "y"});
  lists.append(0, "z");
  EXPECT_THAT(records_of(lists, 0), ElementsAre("x", "y", "z"));
  EXPECT_THAT(records_of(lists, 1), ElementsAre("b"));
  lists.replace(0, {});
  EXPECT_THAT(records_of(lists, 0), IsEmpty());
}

TEST(GroupListsTest, ClearForgetsEverything) {
  GroupLists lists;
  lists.grow_to(1);
  lists.append(0, "a");
  lists.clear();
  lists.grow_to(1);
  EXPECT_EQ(lists.length(0), 0u);
  lists.append(0, "b");
  EXPECT_THAT(records_of(lists, 0), ElementsAre("b"));
}

TEST(GroupListsTest, AnyMixOfChangesAgreesWithAMapOfVectors) {
  constexpr std::uint64_t kSeed = 17;
  std::mt19937_64 dice(kSeed);
  GroupLists lists;
  std::map<GroupId, std::vector<std::string>> expected;
  std::uint32_t groups = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (groups == 0 || dice() % 50 == 0) {
      lists.grow_to(++groups);
    }
    const auto id = static_cast<GroupId>(dice() % groups);
    if (dice() % 4 == 0) {
      std::vector<std::string> kept;
      for (const std::string& record : expected[id]) {
        if (dice() % 2 == 0) {
          kept.push_back(record);
        }
      }
      lists.replace(id, kept);
      expected[id] = kept;
    } else {
      const std::string record(dice() % 40, static_cast<char>('a' + step % 26));
      lists.append(id, record);
      expected[id].push_back(record);
    }
  }
  for (GroupId id = 0; id < groups; ++id) {
    ASSERT_EQ(records_of(lists, id), expected[id]) << "seed " << kSeed << ", group " << id;
  }
}

TEST(GroupListsTest, MemoryFollowsWhatIsInListsNotWhatWasReplaced) {
  GroupLists lists;
  lists.grow_to(2);
  lists.append(1, "stays");
  const std::vector<std::string> records(10, std::string(1000, 'x'));
  for (int i = 0; i < 10'000; ++i) {
    lists.replace(0, records);
  }
  EXPECT_LT(lists.memory_bytes(), std::size_t{16} << 20);  // 100 MB went through it.
  EXPECT_EQ(records_of(lists, 0), records);
  EXPECT_THAT(records_of(lists, 1), ElementsAre("stays"));
}

}  // namespace
}  // namespace thalweg
