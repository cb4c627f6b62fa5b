#include "state/changed_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

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

// Takes what is to be saved.
class Saved {
 public:
  ChangedGroups::Save save() {
    return [this](std::span<const GroupId> ids) {
      groups_.insert(groups_.end(), ids.begin(), ids.end());
    };
  }
  std::vector<GroupId> take() { return std::exchange(groups_, {}); }

 private:
  std::vector<GroupId> groups_;
};

TEST(ChangedGroupsTest, SomeAreTakenAtATimeWhileOthersChange) {
  Saved saved;
  ChangedGroups changed;
  changed.start();
  changed.mark(std::vector<GroupId>{5, 70, 6, 300});
  changed.let_wait(saved.save());
  EXPECT_THAT(changed.take_waiting(2), ElementsAre(5, 6));
  changed.mark(std::vector<GroupId>{5, 71, 400});  // None of these waits.
  EXPECT_THAT(saved.take(), IsEmpty());
  EXPECT_THAT(changed.take_waiting(1), ElementsAre(70));
  EXPECT_THAT(changed.take_waiting(9), ElementsAre(300));
  EXPECT_TRUE(changed.waits());
  EXPECT_THAT(changed.take_waiting(9), IsEmpty());
  EXPECT_FALSE(changed.waits());
  EXPECT_FALSE(changed.empty());
  EXPECT_THAT(changed.take(), ElementsAre(5, 71, 400));
  EXPECT_TRUE(changed.empty());
}

TEST(ChangedGroupsTest, WhatIsAboutToChangeIsSavedOnce) {
  Saved saved;
  ChangedGroups changed;
  changed.start();
  for (int epoch = 0; epoch < 3; ++epoch) {
    changed.mark(std::vector<GroupId>{1, 2, 90});
    changed.let_wait(saved.save());
    changed.mark(std::vector<GroupId>{90, 3, 90, 2});
    EXPECT_THAT(saved.take(), ElementsAre(90, 2));
    changed.mark(std::vector<GroupId>{90});
    EXPECT_THAT(saved.take(), IsEmpty());
    EXPECT_THAT(changed.take_waiting(9), ElementsAre(1));
    EXPECT_THAT(changed.take_waiting(9), IsEmpty());
    changed.let_wait(saved.save());
    EXPECT_THAT(changed.take_waiting(1), ElementsAre(2, 3));
    EXPECT_THAT(changed.take_waiting(1), ElementsAre(90));
    EXPECT_THAT(changed.take_waiting(1), IsEmpty());
  }
}

TEST(ChangedGroupsTest, WhatIsAboutToGoIsSaved) {
  Saved saved;
  ChangedGroups changed;
  changed.start();
  changed.mark(std::vector<GroupId>{1, 20, 90});
  changed.let_wait(saved.save());
  EXPECT_THAT(changed.take_waiting(1), ElementsAre(1));
  changed.mark(std::vector<GroupId>{1});
  changed.save_all();
  EXPECT_THAT(saved.take(), ElementsAre(20, 90));
  EXPECT_FALSE(changed.waits());
  EXPECT_THAT(changed.take_waiting(9), IsEmpty());
  changed.renumber(std::vector<GroupId>{1, 20});
  EXPECT_THAT(changed.take(), ElementsAre(0));
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
