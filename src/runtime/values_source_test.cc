#include "runtime/values_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace thalweg {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Source> values(int rows) {
  plan::Values made;
  for (int i = 0; i < rows; ++i) {
    made.rows.push_back({Value{type_of(TypeKind::kBigint), std::int64_t{i}}});
  }
  return make_values_source(made, {{.name = "a", .type = type_of(TypeKind::kBigint)}},
                            /*block_rows=*/2);
}

TEST(ValuesSourceTest, RowsThatWereReadDoNotComeAgain) {
  auto first = values(3);
  EXPECT_TRUE(first->can_resume());
  Partition& rows = *first->partitions()[0];
  const ReadPosition before = rows.position();
  Block block;
  ASSERT_EQ(rows.claim(block).value(), Claim::kBlock);
  EXPECT_EQ(block.rows, 2u);
  const ReadPosition between = rows.position();
  ASSERT_EQ(rows.claim(block).value(), Claim::kBlock);
  EXPECT_EQ(block.rows, 1u);
  const ReadPosition after = rows.position();
  EXPECT_EQ(rows.claim(block).value(), Claim::kEnd);

  const std::pair<ReadPosition, std::uint32_t> left[] = {{before, 3}, {between, 1}, {after, 0}};
  for (const auto& [position, count] : left) {
    const auto again = values(3);
    ASSERT_TRUE(again->partitions()[0]->resume(position).ok());
    EXPECT_EQ(again->partitions()[0]->position(), position);
    std::uint32_t come = 0;
    while (again->partitions()[0]->claim(block).value() == Claim::kBlock) {
      EXPECT_EQ(block.position, 3 - count + come);
      come += block.rows;
    }
    EXPECT_EQ(come, count);
  }
  EXPECT_THAT(values(4)->partitions()[0]->resume(after).message(),
              HasSubstr("VALUES has 4 rows now and had 3"));
}

}  // namespace
}  // namespace thalweg
