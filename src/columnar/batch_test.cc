#include "columnar/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/builder.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;

template <typename T>
Column column_of(TypeKind kind, const std::vector<T>& values) {
  ColumnBuilder builder{type_of(kind)};
  for (const T value : values) {
    builder.append(value);
  }
  return builder.finish();
}

Column bigints(const std::vector<std::int64_t>& values) {
  return column_of(TypeKind::kBigint, values);
}

template <typename T>
std::vector<T> values(const Column& column) {
  const auto all = column.values<T>();
  return {all.begin(), all.end()};
}

// Rows 0 to 4 with every hidden column, each telling its row number.
Batch full_batch() {
  Batch batch;
  batch.length = 5;
  batch.columns = {bigints({0, 1, 2, 3, 4})};
  set_event_time(batch, column_of<std::int64_t>(TypeKind::kTimestamp, {10, 11, 12, 13, 14}));
  batch.stamps = bigints({20, 21, 22, 23, 24});
  batch.changes = column_of<std::int16_t>(TypeKind::kSmallint, {1, -1, 1, -1, 1});
  batch.partition = column_of<std::int32_t>(TypeKind::kInt, {30, 31, 32, 33, 34});
  batch.position = bigints({40, 41, 42, 43, 44});
  return batch;
}

void expect_rows(const Batch& batch, const std::vector<std::int64_t>& rows) {
  ASSERT_FALSE(batch.selection);
  ASSERT_EQ(batch.length, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = rows[i];
    EXPECT_EQ(batch.columns[0].values<std::int64_t>()[i], row);
    EXPECT_EQ(batch.event_time->values<std::int64_t>()[i], 10 + row);
    EXPECT_EQ(batch.stamps->values<std::int64_t>()[i], 20 + row);
    EXPECT_EQ(batch.changes->values<std::int16_t>()[i], row % 2 == 0 ? 1 : -1);
    EXPECT_EQ(batch.partition->values<std::int32_t>()[i], 30 + row);
    EXPECT_EQ(batch.position->values<std::int64_t>()[i], 40 + row);
  }
}

TEST(BatchTest, EventTimeBringsItsBounds) {
  const Batch batch = full_batch();
  EXPECT_EQ(batch.time_min, EventTime{10});
  EXPECT_EQ(batch.time_max, EventTime{14});
}

TEST(BatchTest, SelectedRowsAreTheRowsThatExist) {
  const Batch batch = full_batch().select({1, 3});
  EXPECT_EQ(batch.num_rows(), 2u);
  EXPECT_EQ(batch.row(1), 3u);
  EXPECT_EQ(batch.length, 5u);
}

TEST(BatchTest, CompactedKeepsEveryHiddenColumnAndTheBounds) {
  const Batch batch = full_batch().select({1, 3}).compacted();
  expect_rows(batch, {1, 3});
  EXPECT_EQ(batch.time_min, EventTime{10});
  EXPECT_EQ(batch.time_max, EventTime{14});
}

TEST(BatchTest, CompactedOfAllRowsGathersNothing) {
  const Batch whole = full_batch();
  const Batch batch = Batch{whole}.select({0, 1, 2, 3, 4}).compacted();
  expect_rows(batch, {0, 1, 2, 3, 4});
  EXPECT_EQ(batch.columns[0].raw_values(), whole.columns[0].raw_values());
}

TEST(BatchTest, SliceCountsExistingRows) {
  expect_rows(full_batch().slice(1, 3), {1, 2, 3});
  expect_rows(full_batch().select({0, 2, 4}).slice(1, 2).compacted(), {2, 4});
  EXPECT_TRUE(full_batch().slice(5, 0).empty());
}

TEST(BatchTest, ConcatTakesSelectedRowsOnly) {
  const Batch batch = concat({full_batch().select({4}), full_batch().select({}), full_batch()});
  expect_rows(batch, {4, 0, 1, 2, 3, 4});
  EXPECT_EQ(batch.time_min, EventTime{10});
}

TEST(BatchTest, ConcatSpellsOutAbsentStampsAndChanges) {
  Batch plain = full_batch();
  plain.stamps.reset();
  plain.changes.reset();
  const Batch batch = concat({plain.slice(0, 1), full_batch().slice(1, 1)});
  EXPECT_THAT(values<std::int64_t>(*batch.stamps), ElementsAre(kStartOfTime.micros, 21));
  EXPECT_THAT(values<std::int16_t>(*batch.changes), ElementsAre(1, -1));
}

TEST(BatchTest, ConcatOfEmptyBatchesKeepsTheColumns) {
  const Batch batch = concat({full_batch().select({}), full_batch().select({})});
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.columns.size(), 1u);
  EXPECT_TRUE(batch.event_time.has_value());
}

}  // namespace
}  // namespace thalweg
