#include "operators/wall_time.h"

#include <gtest/gtest.h>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

TEST(WallTimeTest, RowsAreOfTheTimeAtWhichTheyCome) {
  const auto op = make_wall_time(1);
  CollectingEmitter out;
  Batch late = timed({bigints({1, 2}), times({5, 6})});
  late.stamps = bigints({100, 100});
  ASSERT_TRUE(op->on_time(Clock::kWall, {1'000'000}, out).ok());
  ASSERT_TRUE(op->process(0, late, out).ok());
  EXPECT_EQ(text_rows(out),
            (std::vector<TextRow>{{"1", "1970-01-01 00:00:01"}, {"2", "1970-01-01 00:00:01"}}));
  EXPECT_EQ(out.batches[0].time_min, EventTime{1'000'000});
  EXPECT_FALSE(out.batches[0].stamps.has_value());
}

TEST(WallTimeTest, AClockThatGoesBackStandsStill) {
  const auto op = make_wall_time(std::nullopt);
  CollectingEmitter out;
  ASSERT_TRUE(op->on_time(Clock::kWatermark, {9}, out).ok());
  ASSERT_TRUE(op->on_time(Clock::kWall, {7}, out).ok());
  ASSERT_TRUE(op->process(0, batch({bigints({1})}), out).ok());
  EXPECT_EQ(out.batches[0].time_min, EventTime{9});
  EXPECT_EQ(out.batches[0].time_max, EventTime{9});
}

TEST(WallTimeTest, AfterARestartNoTimeIsBeforeTheWatermark) {
  const auto op = make_wall_time(std::nullopt);
  CollectingEmitter out;
  op->restored({9});
  ASSERT_TRUE(op->on_time(Clock::kWall, {7}, out).ok());
  ASSERT_TRUE(op->process(0, batch({bigints({1})}), out).ok());
  EXPECT_EQ(out.batches[0].time_min, EventTime{9});
}

}  // namespace
}  // namespace thalweg
