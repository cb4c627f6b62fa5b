#include "operators/grouping_sets.h"

#include <gtest/gtest.h>

#include "operators/operator_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

TEST(GroupingSetsTest, ARowComesOnceForEachSetWithTheKeysOfIt) {
  const auto op = make_grouping_sets({.keys = {0, 1}, .sets = {{true, false}, {false, false}}});
  CollectingEmitter out;
  Batch rows = batch({bigints({1, 2, 3}), bigints({7, std::nullopt, 9})}).select({0, 1});
  ASSERT_TRUE(op->process(0, std::move(rows), out).ok());
  EXPECT_EQ(text_rows(out), (std::vector<TextRow>{{"1", "7", "1", "NULL", "0"},
                                                  {"2", "NULL", "2", "NULL", "0"},
                                                  {"1", "7", "NULL", "NULL", "1"},
                                                  {"2", "NULL", "NULL", "NULL", "1"}}));
}

}  // namespace
}  // namespace thalweg
