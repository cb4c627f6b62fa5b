#include "state/group_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GroupSetTest, EachGroupIsThereOnceInOrderOfItsFirstMention) {
  GroupSet set;
  set.add(std::vector<GroupId>{700, 3, 700});
  set.add(std::vector<GroupId>{3, 64});
  EXPECT_FALSE(set.empty());
  EXPECT_THAT(set.take(), ElementsAre(700, 3, 64));
  EXPECT_TRUE(set.empty());
  EXPECT_THAT(set.take(), IsEmpty());
  set.add(std::vector<GroupId>{3});
  EXPECT_THAT(set.take(), ElementsAre(3));
}

}  // namespace
}  // namespace thalweg
