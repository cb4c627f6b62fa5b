#include "operators/filter_project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FilterProjectTest, FalseAndNullBothDropARow) {
  const auto op = make_filter_project(
      {.predicate = call(">", {bigint_column(0), bigint(1)}), .projections = std::nullopt});
  CollectingEmitter out;
  feed(*op, batch({bigints({1, 2, std::nullopt, 3})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"2"}, {"3"}}));
  EXPECT_THAT(out.rejected, IsEmpty());
}

TEST(FilterProjectTest, ProjectionsSeeOnlyRowsThatThePredicateKeeps) {
  // Division by zero where b = 0, which the predicate keeps away.
  const auto op = make_filter_project(
      {.predicate = call("<>", {bigint_column(1), bigint(0)}),
       .projections = std::vector<ExprPtr>{call("/", {bigint_column(0), bigint_column(1)}),
                                           bigint_column(1), bigint(7)}});
  CollectingEmitter out;
  feed(*op, batch({bigints({10, 10, 9}), bigints({0, 5, 3})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"2", "5", "7"}, {"3", "3", "7"}}));
  EXPECT_THAT(out.rejected, IsEmpty());
}

TEST(FilterProjectTest, ARowOnWhichAProjectionFailsIsRejectedWholeAndTheOthersGoOn) {
  const auto op = make_filter_project(
      {.predicate = nullptr,
       .projections = std::vector<ExprPtr>{call("/", {bigint_column(0), bigint_column(1)})}});
  CollectingEmitter out;
  feed(*op, batch({bigints({1, 6, 8}), bigints({0, 3, std::nullopt})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"2"}, {"NULL"}}));
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero), (std::vector<TextRow>{{"1", "0"}}));
}

TEST(FilterProjectTest, ARowOnWhichThePredicateFailsIsRejected) {
  const auto op = make_filter_project(
      {.predicate = call(">", {call("/", {bigint(6), bigint_column(0)}), bigint(1)}),
       .projections = std::nullopt});
  CollectingEmitter out;
  feed(*op, batch({bigints({0, 2, 6})}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"2"}}));
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero), (std::vector<TextRow>{{"0"}}));
}

TEST(FilterProjectTest, FewRowsOfManyKeepTheirTimesAndRejectTheRightOnes) {
  const auto op = make_filter_project(
      {.predicate = nullptr,
       .projections = std::vector<ExprPtr>{call("/", {bigint(100), bigint_column(0)})}});
  CollectingEmitter out;
  std::vector<std::optional<std::int64_t>> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), -500);
  // Column 1 is not read by the projection; a rejected row has it all the same.
  feed(*op, timed({bigints(numbers), bigints(numbers)}).select({400, 500, 550}), out);
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"-1"}, {"2"}}));
  EXPECT_EQ(rejected_rows(out, RowError::kDivisionByZero), (std::vector<TextRow>{{"0", "0"}}));
  const Batch& made = out.batches.at(0);
  const auto row_times = made.event_time->values<std::int64_t>();
  EXPECT_EQ(row_times[made.row(0)], -100);
  EXPECT_EQ(row_times[made.row(1)], 50);
}

TEST(FilterProjectTest, ChangesPassOn) {
  const auto op = make_filter_project({.predicate = call(">", {bigint_column(0), bigint(0)}),
                                       .projections = std::vector<ExprPtr>{bigint_column(0)}});
  CollectingEmitter out;
  Batch rows = batch({bigints({1, 2, 1, -1})});
  set_changes(rows, {1, 1, -1, 1});
  feed(*op, std::move(rows), out);
  EXPECT_EQ(folded(out), (std::map<TextRow, int>{{{"2"}, 1}}));
}

TEST(FilterProjectTest, NoRowsGiveNothing) {
  const auto op =
      make_filter_project({.predicate = boolean("f"), .projections = std::vector<ExprPtr>{}});
  CollectingEmitter out;
  feed(*op, batch({bigints({1, 2})}), out);
  EXPECT_THAT(out.batches, IsEmpty());
}

}  // namespace
}  // namespace thalweg
