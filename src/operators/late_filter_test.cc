#include "operators/late_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Batch stamped(const std::vector<std::optional<std::int64_t>>& row_times,
              const std::vector<std::optional<std::int64_t>>& stamps) {
  Batch made = timed({bigints(row_times)});
  made.stamps = bigints(stamps);
  return made;
}

TEST(LateFilterTest, ARowIsLateOnceItsStampHasReachedTheEndOfItsWindow) {
  const auto op = make_late_filter({.windows = WindowInput{WindowGrid(10, 0)}});
  CollectingEmitter out;
  feed(*op, stamped({5, 5, 15, 5}, {9, 10, 19, 11}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"5"}, {"15"}}));
  EXPECT_EQ(rejected_rows(out, RowError::kLate), (std::vector<TextRow>{{"5"}, {"5"}}));
}

TEST(LateFilterTest, AllowedLatenessMovesTheEndBack) {
  const auto op =
      make_late_filter({.windows = WindowInput{.grid = WindowGrid(10, 0), .lateness_micros = 5}});
  CollectingEmitter out;
  feed(*op, stamped({5, 5}, {14, 15}), out);
  EXPECT_EQ(out.rows().size(), 1u);
  EXPECT_EQ(out.rejected.size(), 1u);
}

TEST(LateFilterTest, OrderingOperatorsTakeARowAsLateOnlyBehindItsStamp) {
  const auto op = make_late_filter({.windows = std::nullopt, .lateness_micros = 2});
  CollectingEmitter out;
  feed(*op, stamped({5, 5, 5}, {6, 7, 8}), out);
  EXPECT_EQ(out.rows().size(), 2u);
  EXPECT_EQ(out.rejected.size(), 1u);
}

TEST(LateFilterTest, BatchesWithoutStampsPassUntouched) {
  const auto op = make_late_filter({.windows = WindowInput{WindowGrid(10, 0)}});
  CollectingEmitter out;
  feed(*op, timed({bigints({100})}), out);
  feed(*op, timed({bigints({1})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"100"}, {"1"}}));
  EXPECT_THAT(out.rejected, IsEmpty());
}

TEST(LateFilterTest, StampsEndHereAndOnlySelectedRowsAreJudged) {
  const auto op = make_late_filter({.windows = WindowInput{WindowGrid(10, 0)}});
  CollectingEmitter out;
  feed(*op, stamped({5, 6, 7, 8}, {50, 50, 0, 0}).select({1, 2}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"7"}}));
  EXPECT_EQ(rejected_rows(out, RowError::kLate), (std::vector<TextRow>{{"6"}}));
  EXPECT_FALSE(out.batches[0].stamps.has_value());
}

TEST(LateFilterTest, ABatchOfLateRowsOnlyGivesNothing) {
  const auto op = make_late_filter({.windows = WindowInput{WindowGrid(10, 0)}});
  CollectingEmitter out;
  feed(*op, stamped({1, 2}, {10, 10}), out);
  EXPECT_THAT(out.batches, IsEmpty());
  EXPECT_EQ(out.rejected.size(), 2u);
}

TEST(LateRowsTest, RowsTakenBackTooLateSaySoAndAreOnlyAdded) {
  const auto op =
      make_late_rows({.windows = WindowInput{WindowGrid(10, 0)}, .shows_changes = true});
  CollectingEmitter out;
  Batch batch = stamped({5, 6, 15, 7}, {20, 21, 15, 22});
  set_changes(batch, {1, -1, -1, 1});
  feed(*op, batch, out);
  feed(*op, stamped({8}, {23}), out);  // No changes: all come.
  ASSERT_EQ(out.batches.size(), 2u);
  EXPECT_FALSE(out.batches[0].changes.has_value());
  std::vector<TextRow> told;
  for (const TextRow& row : text_rows(out)) {
    told.push_back({row.front(), row.back()});
  }
  EXPECT_EQ(told, (std::vector<TextRow>{{"5", "1"}, {"6", "-1"}, {"7", "1"}, {"8", "1"}}));
}

}  // namespace
}  // namespace thalweg
