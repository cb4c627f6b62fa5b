#include "state/group_records.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace thalweg {
namespace {

TEST(GroupRecordsTest, AGroupHasNoRecordUntilOneIsPut) {
  GroupRecords records;
  records.grow_to(2);
  EXPECT_FALSE(records.has(0));
  records.put(0, "a");
  EXPECT_TRUE(records.has(0));
  EXPECT_FALSE(records.has(1));
  EXPECT_EQ(records.get(0), "a");
}

TEST(GroupRecordsTest, ClearForgetsEverything) {
  GroupRecords records;
  records.grow_to(1);
  records.put(0, "a");
  records.clear();
  records.grow_to(1);
  EXPECT_FALSE(records.has(0));
}

TEST(GroupRecordsTest, RecordsThatGrowAndShrinkAgreeWithAMap) {
  constexpr std::uint64_t kSeed = 23;
  std::mt19937_64 dice(kSeed);
  GroupRecords records;
  std::map<GroupId, std::string> expected;
  constexpr std::uint32_t kGroups = 300;
  records.grow_to(kGroups);
  for (int step = 0; step < 30'000; ++step) {
    const auto id = static_cast<GroupId>(dice() % kGroups);
    const std::string record(1 + dice() % 200, static_cast<char>('a' + step % 26));
    records.put(id, record);
    expected[id] = record;
  }
  for (const auto& [id, record] : expected) {
    ASSERT_EQ(records.get(id), record) << "seed " << kSeed << ", group " << id;
  }
}

TEST(GroupRecordsTest, WhatARecordLeftBehindIsLessThanWhatItHolds) {
  GroupRecords records;
  records.grow_to(1);
  std::string record;
  for (int i = 0; i < 100'000; ++i) {
    record += 'x';
    records.put(0, record);
  }
  EXPECT_EQ(records.get(0), record);
  EXPECT_LT(records.memory_bytes(), 8 * record.size());
}

}  // namespace
}  // namespace thalweg
