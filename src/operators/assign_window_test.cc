#include "operators/assign_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;

TEST(AssignWindowTest, AppendsTheBoundsOfEachRowsWindow) {
  const auto op = make_assign_window(WindowGrid(10, 0));
  CollectingEmitter out;
  feed(*op, timed({bigints({0, 19, -1})}), out);
  ASSERT_EQ(out.batches.size(), 1u);
  const std::vector<Column>& columns = out.batches[0].columns;
  ASSERT_EQ(columns.size(), 4u);
  EXPECT_THAT(columns[1].values<std::int64_t>(), ElementsAre(0, 10, -10));
  EXPECT_THAT(columns[2].values<std::int64_t>(), ElementsAre(10, 20, 0));
  EXPECT_THAT(columns[3].values<std::int64_t>(), ElementsAre(9, 19, -1));
  EXPECT_EQ(columns[1].type(), type_of(TypeKind::kTimestamp));
}

TEST(AssignWindowTest, WhatIsKnownOfARowPassesOn) {
  const auto op = make_assign_window(WindowGrid(10, 0));
  CollectingEmitter out;
  Batch rows = timed({bigints({1, 2, 3})});
  rows.stamps = bigints({5, 6, 7});
  feed(*op, std::move(rows).select({0, 2}), out);
  const Batch& made = out.batches.at(0);
  EXPECT_EQ(made.num_rows(), 2u);
  EXPECT_EQ(made.row(1), 2u);
  EXPECT_THAT(made.stamps->values<std::int64_t>(), ElementsAre(5, 6, 7));
  EXPECT_THAT(made.event_time->values<std::int64_t>(), ElementsAre(1, 2, 3));
}

TEST(AssignWindowTest, RowsInManyWindowsComeOutInParts) {
  const auto op = make_assign_window(WindowGrid::hop(1, 5000, 0));
  CollectingEmitter out;
  out.room = 1;
  Result<Progress> progress = op->process(0, timed({bigints({0, 7, 10'000})}).select({0, 2}), out);
  ASSERT_TRUE(progress.ok());
  EXPECT_EQ(progress.value(), Progress::kMore);
  EXPECT_EQ(out.batches.size(), 1u);
  while (progress.value() == Progress::kMore) {
    out.room = 1;
    progress = op->resume(out);
  }
  std::vector<std::int64_t> ends;
  for (const Batch& batch : out.batches) {
    EXPECT_LE(batch.num_rows(), 4096u);
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      ends.push_back(batch.columns[2].values<std::int64_t>()[batch.row(i)]);
    }
  }
  std::vector<std::int64_t> expected;
  for (const std::int64_t time : {0, 10'000}) {
    for (std::int64_t end = time + 1; end <= time + 5000; ++end) {
      expected.push_back(end);
    }
  }
  EXPECT_EQ(ends, expected);
}

}  // namespace
}  // namespace thalweg
