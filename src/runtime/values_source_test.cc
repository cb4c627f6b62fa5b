#include "runtime/values_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thalweg {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Source> values(int rows) {
  plan::Values made;
  for (int i = 0; i < rows; ++i) {
    made.rows.push_back({Value{type_of(TypeKind::kBigint), std::int64_t{i}}});
  }
  return make_values_source(made, {{.name = "a", .type = type_of(TypeKind::kBigint)}});
}

TEST(ValuesSourceTest, RowsThatWereReadDoNotComeAgain) {
  auto first = values(3);
  EXPECT_TRUE(first->can_resume());
  const ReadPosition before = first->partitions()[0]->position();
  Block block;
  ASSERT_EQ(first->partitions()[0]->claim(block).value(), Claim::kBlock);
  const ReadPosition after = first->partitions()[0]->position();

  auto second = values(3);
  ASSERT_TRUE(second->partitions()[0]->resume(before).ok());
  EXPECT_EQ(second->partitions()[0]->claim(block).value(), Claim::kBlock);
  EXPECT_EQ(block.rows, 3u);

  auto third = values(3);
  ASSERT_TRUE(third->partitions()[0]->resume(after).ok());
  EXPECT_EQ(third->partitions()[0]->position(), after);
  EXPECT_EQ(third->partitions()[0]->claim(block).value(), Claim::kEnd);

  EXPECT_THAT(values(4)->partitions()[0]->resume(after).message(),
              HasSubstr("VALUES has 4 rows now and had 3"));
}

}  // namespace
}  // namespace thalweg
