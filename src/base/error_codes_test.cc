#include "base/error_codes.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace thalweg {
namespace {

TEST(ErrorCodesTest, CodesAreUniqueAndWellFormed) {
  std::set<std::string_view> seen;
  for (const ErrorCode& code : error_codes()) {
    EXPECT_TRUE(seen.insert(code.code).second) << code.code;
    EXPECT_EQ(code.code.size(), 5u) << code.code;
    EXPECT_NE(std::string_view("SPCRT").find(code.code[0]), std::string_view::npos) << code.code;
    EXPECT_FALSE(code.title.empty()) << code.code;
    EXPECT_TRUE(code.explanation.ends_with('.')) << code.code;
  }
}

TEST(ErrorCodesTest, ACodeIsFoundInEitherCase) {
  ASSERT_NE(find_error_code("s0101"), nullptr);
  EXPECT_EQ(find_error_code("s0101")->title, "syntax error");
  EXPECT_EQ(find_error_code("S9999"), nullptr);
  EXPECT_EQ(find_error_code(""), nullptr);
}

}  // namespace
}  // namespace thalweg
