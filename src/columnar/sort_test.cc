#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;

Column column_of(const Type& type, const std::vector<std::string>& texts) {
  ColumnBuilder builder{type};
  for (const std::string& text : texts) {
    builder.append_value(text == "NULL" ? null_value(type) : parse_value(text, type).value());
  }
  return builder.finish();
}

std::vector<RowIndex> sorted(const Column& column, SortKey key) {
  return sort_rows({&column, 1}, {&key, 1}, column.length());
}

TEST(SortTest, NullsStandWhereTheKeySays) {
  const Column column = column_of(type_of(TypeKind::kBigint), {"2", "NULL", "-1", "NULL", "3"});
  EXPECT_THAT(sorted(column, {}), ElementsAre(2, 0, 4, 1, 3));
  EXPECT_THAT(sorted(column, {.nulls_first = true}), ElementsAre(1, 3, 2, 0, 4));
  EXPECT_THAT(sorted(column, {.descending = true}), ElementsAre(4, 0, 2, 1, 3));
  EXPECT_THAT(sorted(column, {.descending = true, .nulls_first = true}),
              ElementsAre(1, 3, 4, 0, 2));
}

TEST(SortTest, NullsOfTextStandWhereTheKeySays) {
  const Column column = column_of(type_of(TypeKind::kText), {"b", "NULL", "a", "NULL", "c"});
  EXPECT_THAT(sorted(column, {}), ElementsAre(2, 0, 4, 1, 3));
  EXPECT_THAT(sorted(column, {.descending = true, .nulls_first = true}),
              ElementsAre(1, 3, 4, 0, 2));
}

TEST(SortTest, NotANumberIsGreatestAndZeroHasNoSign) {
  const Column column =
      column_of(type_of(TypeKind::kDouble), {"NaN", "Infinity", "0", "-0", "-1", "-Infinity"});
  EXPECT_THAT(sorted(column, {}), ElementsAre(5, 4, 2, 3, 1, 0));
  EXPECT_THAT(sorted(column, {.descending = true}), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(SortTest, TextSortsByBytes) {
  const Column column = column_of(type_of(TypeKind::kText), {"b", "a", "B", "", "ab", "\xc3\xa4"});
  EXPECT_THAT(sorted(column, {}), ElementsAre(3, 2, 1, 4, 0, 5));
}

TEST(SortTest, LaterKeysBreakTiesAndTheRestKeepsItsOrder) {
  const std::vector<Column> columns = {
      column_of(type_of(TypeKind::kText), {"x", "y", "x", "y", "x"}),
      column_of(type_of(TypeKind::kBigint), {"1", "5", "2", "5", "1"}),
  };
  const std::vector<SortKey> keys = {{.column = 0, .descending = true}, {.column = 1}};
  EXPECT_THAT(sort_rows(columns, keys, 5), ElementsAre(1, 3, 0, 4, 2));
}

TEST(SortTest, ManyIntegersSortStably) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (const std::int64_t bound : {std::int64_t{5}, std::numeric_limits<std::int64_t>::max()}) {
    std::uniform_int_distribution<std::int64_t> values{-bound, bound};
    ColumnBuilder builder{type_of(TypeKind::kBigint)};
    for (int i = 0; i < 5000; ++i) {
      builder.append(values(random));
    }
    const Column column = builder.finish();
    const auto span = column.values<std::int64_t>();
    std::vector<RowIndex> expected(column.length());
    std::iota(expected.begin(), expected.end(), 0U);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](RowIndex a, RowIndex b) { return span[a] < span[b]; });
    EXPECT_EQ(sorted(column, {}), expected);
    std::iota(expected.begin(), expected.end(), 0U);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](RowIndex a, RowIndex b) { return span[a] > span[b]; });
    EXPECT_EQ(sorted(column, {.descending = true}), expected);
  }
}

TEST(SortTest, NoRowsSortToNone) {
  EXPECT_TRUE(sorted(column_of(type_of(TypeKind::kBigint), {}), {}).empty());
  EXPECT_TRUE(sorted(column_of(type_of(TypeKind::kText), {}), {}).empty());
}

TEST(SortTest, NestedValuesCompareElementByElement) {
  const Column arrays =
      column_of(array_type(type_of(TypeKind::kInt)), {"{2}", "{1,NULL}", "{1,5}", "{1}", "{}"});
  EXPECT_THAT(sorted(arrays, {}), ElementsAre(4, 3, 2, 1, 0));
}

TEST(SortTest, MinMaxPassesOverNulls) {
  const Column column = column_of(type_of(TypeKind::kBigint), {"NULL", "5", "-7", "NULL"});
  EXPECT_EQ(min_max(column).min, -7);
  EXPECT_EQ(min_max(column).max, 5);
}

}  // namespace
}  // namespace thalweg
