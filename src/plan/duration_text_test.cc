#include "plan/duration_text.h"

#include <gtest/gtest.h>

namespace thalweg::plan {
namespace {

TEST(DurationTextTest, SaysTheLargestUnitsFirst) {
  EXPECT_EQ(duration_text(3'600'000'000), "1 hour");
  EXPECT_EQ(duration_text(5'400'000'000), "1 hour 30 minutes");
  EXPECT_EQ(duration_text(1'500'001), "1 second 500 milliseconds 1 microsecond");
  EXPECT_EQ(duration_text(-3'600'000'000), "-1 hour");
  EXPECT_EQ(duration_text(0), "0 seconds");
}

}  // namespace
}  // namespace thalweg::plan
