#include "base/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace thalweg {
namespace {

const std::vector<std::string> kColumns = {"id", "user", "amount", "ts", "placeName"};

TEST(NearestTest, OneEditOfAnyKindIsFound) {
  EXPECT_EQ(nearest_name("usr", kColumns), "user");
  EXPECT_EQ(nearest_name("userr", kColumns), "user");
  EXPECT_EQ(nearest_name("uxer", kColumns), "user");
  EXPECT_EQ(nearest_name("uesr", kColumns), "user");
}

TEST(NearestTest, TwoEditsNeedALongerName) {
  EXPECT_EQ(nearest_name("amuont_", kColumns), "amount");
  EXPECT_EQ(nearest_name("xyer", kColumns), std::nullopt);
}

TEST(NearestTest, CaseIsNoDifference) {
  EXPECT_EQ(nearest_name("PLACENAME", kColumns), "placeName");
  EXPECT_EQ(nearest_name("placename", kColumns), "placeName");
}

TEST(NearestTest, TheBeginningOfANameIsEnough) {
  EXPECT_EQ(nearest_name("am", kColumns), "amount");
  EXPECT_EQ(nearest_name("place", kColumns), "placeName");
}

TEST(NearestTest, FarNamesAndEmptyOnesHaveNone) {
  EXPECT_EQ(nearest_name("magnitude", kColumns), std::nullopt);
  EXPECT_EQ(nearest_name("", kColumns), std::nullopt);
  EXPECT_EQ(nearest_name("user", {}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100000, 'a'), kColumns), std::nullopt);
}

TEST(NearestTest, TheFewestEditsWin) {
  const std::vector<std::string> options = {"topics", "topic"};
  EXPECT_EQ(nearest_name("topc", options), "topic");
  EXPECT_EQ(nearest_name("topcis", options), "topics");
}

TEST(NearestTest, OfEquallyNearNamesTheShortest) {
  const std::vector<std::string> types = {"int2", "int4", "integer", "int"};
  EXPECT_EQ(nearest_name("INTT", types), "int");
}

}  // namespace
}  // namespace thalweg
