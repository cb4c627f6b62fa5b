#include "state/changed_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ChangedGroupsTest, NothingIsNotedBeforeTheStart) {
  ChangedGroups changed;
  changed.mark(std::vector<GroupId>{1, 2});
  EXPECT_FALSE(changed.on());
  EXPECT_THAT(changed.take(), IsEmpty());
}

TEST(ChangedGroupsTest, EachGroupIsListedOnce) {
  ChangedGroups changed;
  changed.start();
  changed.mark(std::vector<GroupId>{700, 3, 700});
  changed.mark(std::vector<GroupId>{3, 64});
  EXPECT_THAT(changed.take(), ElementsAre(3, 64, 700));
}

TEST(ChangedGroupsTest, AfterTakingChangesCountAnew) {
  ChangedGroups changed;
  changed.start();
  changed.mark(std::vector<GroupId>{5, 6});
  changed.take();
  EXPECT_THAT(changed.take(), IsEmpty());
  changed.mark(std::vector<GroupId>{6});
  EXPECT_THAT(changed.take(), ElementsAre(6));
}

TEST(ChangedGroupsTest, SomeAreTakenOnceInEachRound) {
  ChangedGroups changed;
  changed.start();
  changed.mark(std::vector<GroupId>{5, 70, 6, 300});
  EXPECT_THAT(changed.take_some(2), ElementsAre(5, 6));
  changed.mark(std::vector<GroupId>{5, 71});
  EXPECT_THAT(changed.take_some(1), ElementsAre(70, 71));  // Those of one word go together.
  EXPECT_THAT(changed.take_some(9), ElementsAre(300));
  EXPECT_THAT(changed.take_some(9), IsEmpty());
  changed.rewind();
  changed.mark(std::vector<GroupId>{400});
  EXPECT_THAT(changed.take_some(1), ElementsAre(5));
  EXPECT_THAT(changed.take(), ElementsAre(400));
  changed.mark(std::vector<GroupId>{1});
  EXPECT_THAT(changed.take_some(9), ElementsAre(1));
  EXPECT_THAT(changed.take(), IsEmpty());
}

TEST(ChangedGroupsTest, MarksMoveWithTheirGroups) {
  ChangedGroups changed;
  changed.start();
  changed.mark(std::vector<GroupId>{5, 70, 6});
  changed.renumber(std::vector<GroupId>{0, 6, 70, 200});
  changed.mark(std::vector<GroupId>{0, 1});
  EXPECT_THAT(changed.take(), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace thalweg
