#include "runtime/rejected_examples.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace thalweg {
namespace {

TEST(RejectedExamplesTest, AReasonWithManyRowsLeavesRoomForOthers) {
  RejectedExamples examples;
  int malformed = 0;
  for (int i = 0; i < 1000; ++i) {
    malformed += examples.wants(RowError::kMalformed) ? 1 : 0;
    examples.add({.origin = "", .error = RowError::kMalformed, .detail = {}});
  }
  ASSERT_TRUE(examples.wants(RowError::kOverflow));
  examples.add({.origin = "", .error = RowError::kOverflow, .detail = "the only one"});

  const std::vector<RejectedExample> all = examples.all();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(malformed) + 1);
  EXPECT_GT(malformed, 0);
  EXPECT_EQ(all.back().detail, "the only one");
}

}  // namespace
}  // namespace thalweg
