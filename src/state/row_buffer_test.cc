#include "state/row_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/builder.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;

Batch batch(std::int64_t begin, std::int64_t end) {
  ColumnBuilder builder(type_of(TypeKind::kBigint));
  for (std::int64_t value = begin; value < end; ++value) {
    builder.append(value);
  }
  Batch made;
  made.columns.push_back(builder.finish());
  made.length = made.columns[0].length();
  return made;
}

TEST(RowBufferTest, GivesAllRowsBackInTheOrderTheyCame) {
  RowBuffer buffer({.types = {type_of(TypeKind::kBigint)}, .keys = {}});
  buffer.add(batch(0, 3));
  buffer.add(batch(10, 14).select({1, 3}));
  EXPECT_EQ(buffer.rows(), 5u);
  const Batch all = buffer.take();
  EXPECT_EQ(all.selection, nullptr);
  EXPECT_THAT(all.columns[0].values<std::int64_t>(), ElementsAre(0, 1, 2, 11, 13));
}

TEST(RowBufferTest, IsEmptyAfterTaking) {
  RowBuffer buffer({.types = {type_of(TypeKind::kBigint)}, .keys = {}});
  buffer.add(batch(0, 3));
  buffer.take();
  EXPECT_EQ(buffer.rows(), 0u);
  buffer.add(batch(7, 8));
  EXPECT_THAT(buffer.take().columns[0].values<std::int64_t>(), ElementsAre(7));
}

TEST(RowBufferTest, SelectedRowsDoNotKeepTheOthersAlive) {
  RowBuffer buffer({.types = {type_of(TypeKind::kBigint)}, .keys = {}});
  buffer.add(batch(0, 100'000).select({5}));
  EXPECT_LT(buffer.memory_bytes(), 10'000u);
}

}  // namespace
}  // namespace thalweg
