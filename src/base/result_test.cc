#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace thalweg {
namespace {

Status fail_when(bool wanted) { return wanted ? invalid_argument("as asked") : Status(); }

Result<std::unique_ptr<int>> make(bool failing) {
  TW_TRY(fail_when(failing));
  return std::make_unique<int>(7);
}

Result<int> read(bool failing) {
  TW_TRY_ASSIGN(const std::unique_ptr<int> made, make(failing));
  return *made;
}

TEST(ResultTest, AValueComesThroughEveryCaller) {
  const Result<int> result = read(false);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), 7);
}

TEST(ResultTest, AnErrorComesThroughEveryCaller) {
  const Result<int> result = read(true);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(result.status().message(), "as asked");
}

TEST(ResultDeathTest, TheValueOfAnErrorIsABug) {
  EXPECT_DEATH(read(true).value(), "internal error");
}

}  // namespace
}  // namespace thalweg
