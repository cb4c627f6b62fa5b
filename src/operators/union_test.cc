#include "operators/union.h"

#include <gtest/gtest.h>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

TEST(UnionTest, EveryRowOfEveryInputPassesAsItCame) {
  const auto op = make_union();
  CollectingEmitter out;
  ASSERT_TRUE(op->process(1, batch({bigints({1, std::nullopt})}), out).ok());
  ASSERT_TRUE(op->process(0, batch({bigints({1, 2, 3})}).select({2}), out).ok());
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1"}, {"NULL"}, {"3"}}));
}

}  // namespace
}  // namespace thalweg
