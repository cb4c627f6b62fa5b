#include <gtest/gtest.h>

#include "sql/test_session.h"

namespace thalweg::sql {
namespace {

class BindMatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    session.run(
        "CREATE TABLE live (k INT, v INT, w INT, ts TIMESTAMP, WATERMARK FOR ts AS ts)"
        " WITH (connector = 'events', live = true);"
        "CREATE TABLE old (k INT, v INT, w INT, ts TIMESTAMP, WATERMARK FOR ts AS ts)"
        " WITH (connector = 'events');");
    ASSERT_EQ(session.errors(), "");
  }

  // What EXPLAIN shows of it.
  std::string plan_of(const std::string& table, const std::string& clauses) {
    session.run("SELECT a FROM " + table +
                " MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES " + clauses + ")");
    return session.errors().empty() ? session.rewritten() : session.errors();
  }

  TestSession session;
};

TEST_F(BindMatchTest, AMatchThatMayWaitForEverIsWarnedOf) {
  plan_of("live", "A.v AS a PATTERN (A B+)");
  EXPECT_EQ(session.warnings(),
            "P0107 a match that is not complete is kept for ever, and the input never ends");
  plan_of("live", "A.v AS a PATTERN (A B+) WITHIN INTERVAL '1 hour'");
  EXPECT_EQ(session.warnings(), "");
  plan_of("old", "A.v AS a PATTERN (A B+)");
  EXPECT_EQ(session.warnings(), "");
}

TEST_F(BindMatchTest, WhatIsOneRowWaitsForNothing) {
  plan_of("live", "A.v AS a PATTERN (A | B)");
  EXPECT_EQ(session.warnings(), "");
}

TEST_F(BindMatchTest, NumbersOfMatchesThatAreKeptForEverAreWarnedOf) {
  plan_of("live", "MATCH_NUMBER() AS a PATTERN (A)");
  EXPECT_EQ(session.warnings(),
            "P0107 the number of matches of each key is kept for ever, and the input never ends");
}

TEST_F(BindMatchTest, RowsAroundARowAreAskedForBelow) {
  const std::string plan = plan_of(
      "old", "PREV(LAST(A.v), 2) AS a PATTERN (A) DEFINE A AS v > NEXT(w) AND PREV(A.v, 2) > 1");
  EXPECT_NE(plan.find("OVER -> PREV(LAST(A.v), 2), NEXT(w) in order of ts of each k"),
            std::string::npos)
      << plan;
}

TEST_F(BindMatchTest, WhatTheRowAloneMustHaveIsComputedBelow) {
  const std::string plan = plan_of(
      "old", "A.v AS a PATTERN (A B+) DEFINE B AS B.v > 3 AND B.w > FIRST(A.v) AND B.v < A.w");
  EXPECT_NE(plan.find("MATCH A B+ where B has w > FIRST(A.v) AND v < A.w"), std::string::npos)
      << plan;
  EXPECT_NE(plan.find("v > 3"), std::string::npos) << plan;
  EXPECT_NE(plan.find("FROM old (k, v, w, ts)"), std::string::npos) << plan;
}

TEST_F(BindMatchTest, WhatMayFailStaysBesideWhatMayHideIt) {
  const std::string plan =
      plan_of("old", "A.v AS a PATTERN (A B+) DEFINE B AS 8 / B.v > 3 AND B.w > A.v");
  EXPECT_NE(plan.find("B has 8 / v > 3 AND w > A.v"), std::string::npos) << plan;
}

TEST_F(BindMatchTest, ColumnsThatNobodyAsksForAreNotRead) {
  const std::string plan = plan_of("old", "A.v AS a PATTERN (A)");
  EXPECT_NE(plan.find("FROM old (k, v, ts)"), std::string::npos) << plan;
}

}  // namespace
}  // namespace thalweg::sql
