#include "runtime/newest_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/builder.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Column column(TypeKind kind, const std::vector<std::int64_t>& values) {
  ColumnBuilder builder(type_of(kind));
  for (const std::int64_t value : values) {
    builder.append(value);
  }
  return builder.finish();
}

// A key, the end of a slice, a value.
const StateSchema kSchema{.name = "rows",
                          .columns = {{"k", type_of(TypeKind::kBigint)},
                                      {"end", type_of(TypeKind::kTimestamp)},
                                      {"v", type_of(TypeKind::kBigint)}},
                          .partition_columns = 1,
                          .key_columns = 2};

std::vector<Column> rows(const std::vector<std::int64_t>& keys,
                         const std::vector<std::int64_t>& ends,
                         const std::vector<std::int64_t>& values) {
  return {column(TypeKind::kBigint, keys), column(TypeKind::kTimestamp, ends),
          column(TypeKind::kBigint, values)};
}

std::vector<std::int64_t> values_of(const std::vector<Column>& rows) {
  const auto values = rows[2].values<std::int64_t>();
  return {values.begin(), values.end()};
}

TEST(NewestRowsTest, WhatWasPutLaterHolds) {
  NewestRows newest(kSchema);
  newest.note({.dropped_to = {}, .erased = {}, .puts = rows({1}, {100}, {13})});
  EXPECT_THAT(values_of(newest.holding(rows({2, 1, 3}, {100, 100, 100}, {22, 12, 32}))),
              ElementsAre(22, 32));
  EXPECT_THAT(values_of(newest.holding(rows({1, 2, 4}, {100, 200, 100}, {11, 221, 41}))),
              ElementsAre(221, 41));
  EXPECT_THAT(values_of(newest.holding(rows({4, 2}, {100, 200}, {40, 220}))), IsEmpty());
}

TEST(NewestRowsTest, WhatHasGoneSinceDoesNotHold) {
  NewestRows newest(kSchema);
  newest.note({.dropped_to = EventTime{100}, .erased = {}, .puts = {}});
  newest.note({.dropped_to = {},
               .erased = {column(TypeKind::kBigint, {2}), column(TypeKind::kTimestamp, {300})},
               .puts = {}});
  EXPECT_THAT(values_of(newest.holding(rows({1, 1, 2, 2}, {100, 101, 200, 300}, {1, 2, 3, 4}))),
              ElementsAre(2, 3));
}

}  // namespace
}  // namespace thalweg
