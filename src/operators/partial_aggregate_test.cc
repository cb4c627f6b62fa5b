#include "operators/partial_aggregate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::IsEmpty;

AggregationSpec counts() {
  return {.keys = {bigint_column(0)}, .aggregates = {aggregate(AggregateKind::kCountStar)}};
}

TEST(PartialAggregateTest, RowsOfOneKeyBecomeOne) {
  const auto op =
      make_partial_aggregate({.aggregation = counts(), .windows = std::nullopt, .groups_max = 100});
  CollectingEmitter out;
  feed(*op, batch({bigints({1, 2, 1, std::nullopt})}), out);
  feed(*op, batch({bigints({1, std::nullopt})}), out);
  EXPECT_THAT(out.batches, IsEmpty());
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "3"}, {"2", "1"}, {"NULL", "2"}}));
}

TEST(PartialAggregateTest, NoWatermarkButTheLastFlushesWhatHasNoWindow) {
  const auto op =
      make_partial_aggregate({.aggregation = counts(), .windows = std::nullopt, .groups_max = 100});
  CollectingEmitter out;
  feed(*op, batch({bigints({1})}), out);
  advance(*op, EventTime{1'000'000}, out);
  EXPECT_THAT(out.batches, IsEmpty());
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "1"}}));
}

TEST(PartialAggregateTest, NeverHoldsMoreThanItsLimit) {
  const auto op =
      make_partial_aggregate({.aggregation = counts(), .windows = std::nullopt, .groups_max = 3});
  CollectingEmitter out;
  feed(*op, batch({bigints({1, 2, 1})}), out);
  EXPECT_THAT(out.batches, IsEmpty());
  feed(*op, batch({bigints({3})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "2"}, {"2", "1"}, {"3", "1"}}));
  feed(*op, batch({bigints({1})}), out);
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(out.rows().size(), 4u);
}

TEST(PartialAggregateTest, AFlushWithoutRoomGoesOnWhenThereIsSome) {
  const auto op =
      make_partial_aggregate({.aggregation = counts(), .windows = std::nullopt, .groups_max = 3});
  CollectingEmitter out;
  out.room = 0;
  ASSERT_EQ(op->process(0, batch({bigints({1, 2, 3})}), out).value(), Progress::kMore);
  EXPECT_THAT(out.batches, IsEmpty());
  out.room = 5;
  ASSERT_EQ(op->resume(out).value(), Progress::kDone);
  EXPECT_EQ(out.rows().size(), 3u);
}

TEST(PartialAggregateTest, AWatermarkFlushesTheWindowsThatItClosesOnly) {
  const auto op = make_partial_aggregate(
      {.aggregation = counts(), .windows = WindowInput{WindowGrid(10, 0)}, .groups_max = 100});
  CollectingEmitter out;
  feed(*op, timed({bigints({5, 5, 15})}), out);
  advance(*op, EventTime{10}, out);
  const std::string end = to_string(Value{type_of(TypeKind::kTimestamp), std::int64_t{10}});
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"5", "2", end}}));
  feed(*op, timed({bigints({5})}), out);
  EXPECT_EQ(rejected_rows(out, RowError::kLateAfterIdle), (std::vector<TextRow>{{"5"}}));
  advance(*op, kEndOfTime, out);
  EXPECT_EQ(out.rows().size(), 2u);
}

TEST(PartialAggregateTest, BeforeAnEpochEverythingGoesOut) {
  for (const bool windowed : {false, true}) {
    PartialAggregateSpec spec{.aggregation = counts(), .windows = std::nullopt, .groups_max = 100};
    if (windowed) {
      spec.windows = WindowInput{WindowGrid(10, 0)};
    }
    const auto op = make_partial_aggregate(spec);
    CollectingEmitter out;
    feed(*op, timed({bigints({5, 5, 15})}), out);
    out.room = 0;  // What an epoch has counted goes out all the same.
    EXPECT_TRUE(op->before_epoch(out).ok());
    EXPECT_EQ(out.rows().size(), 2U);
    out.room = 100;
    advance(*op, kEndOfTime, out);
    EXPECT_EQ(out.rows().size(), 2U);
  }
}

}  // namespace
}  // namespace thalweg
