#include "kafka/records_under_way.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace thalweg::kafka {
namespace {

using Condition = std::function<bool()>;

bool give_up(const Condition& is_met) { return is_met(); }

TEST(RecordsUnderWayTest, WhatIsSentMeanwhileIsNotWaitedFor) {
  RecordsUnderWay records;
  const auto before = records.add();
  std::vector<RecordsUnderWay::Side> meanwhile;
  EXPECT_TRUE(records.pass([&](const Condition& is_met) {
    if (!is_met()) {
      meanwhile.push_back(records.add());
      records.remove(before, 1);
    }
    return is_met();
  }));
  ASSERT_EQ(meanwhile.size(), 1U);
  EXPECT_EQ(records.count(), 1U);
  EXPECT_FALSE(records.pass(give_up)) << "now it was sent before";
  records.remove(meanwhile[0], 1);
  EXPECT_TRUE(records.pass(give_up));
}

TEST(RecordsUnderWayTest, WhatACallHasGivenUpTheNextOneWaitsFor) {
  RecordsUnderWay records;
  const auto first = records.add();
  EXPECT_FALSE(records.pass(give_up));
  const auto second = records.add();
  EXPECT_FALSE(records.pass(give_up));
  records.remove(first, 1);
  EXPECT_FALSE(records.pass(give_up));
  records.remove(second, 1);
  EXPECT_TRUE(records.pass(give_up));
  EXPECT_EQ(records.count(), 0U);
}

// As a sender that was halted between its look at the side and its addition.
TEST(RecordsUnderWayTest, WhatWasCountedOnTheOtherSideIsWaitedFor) {
  RecordsUnderWay records;
  RecordsUnderWay::Side late = 0;
  bool is_first = true;
  EXPECT_TRUE(records.pass([&](const Condition& is_met) {
    late = is_first ? records.add() : late;  // Before the sides change.
    is_first = false;
    const bool met = is_met();
    if (!met) {
      records.remove(late, 1);
      late = records.add();
    }
    return is_met();
  }));
  EXPECT_FALSE(records.pass(give_up));
  records.remove(late, 1);
  EXPECT_TRUE(records.pass(give_up));
}

}  // namespace
}  // namespace thalweg::kafka
