#include <gtest/gtest.h>

#include "sql/test_session.h"

namespace thalweg::sql {
namespace {

class BindJoinTest : public ::testing::Test {
 protected:
  void SetUp() override {
    session.run(
        "CREATE TABLE a (k INT, ts TIMESTAMP, expires TIMESTAMP, v INT, WATERMARK FOR ts AS ts)"
        " WITH (connector = 'events', live = true);"
        "CREATE TABLE b (k BIGINT, ts TIMESTAMP, w INT, WATERMARK FOR ts AS ts)"
        " WITH (connector = 'events', live = true);");
    ASSERT_EQ(session.errors(), "");
  }

  // What EXPLAIN says of the join of a and b on equal k and this.
  std::string join_on(const std::string& condition, const std::string& kind = "") {
    session.run("SELECT * FROM a " + kind + " JOIN b ON a.k = b.k AND " + condition);
    if (!session.errors().empty()) {
      return session.errors();
    }
    const std::string text = session.rewritten();
    const std::size_t begin = text.find(", from ");
    return begin == std::string::npos ? text : text.substr(begin + 7, text.find("  [") - begin - 7);
  }

  TestSession session;
};

TEST_F(BindJoinTest, BoundsAreFoundInEverySpelling) {
  const std::string expected = "10 seconds before to 1 minute after";
  for (const char* condition : {
           "b.ts BETWEEN a.ts - INTERVAL '10 seconds' AND a.ts + INTERVAL '1 minute'",
           "b.ts >= a.ts - INTERVAL '10 seconds' AND b.ts <= a.ts + INTERVAL '1 minute'",
           "a.ts <= b.ts + INTERVAL '10 seconds' AND a.ts >= b.ts - INTERVAL '1 minute'",
           "a.ts - INTERVAL '10 seconds' <= b.ts AND INTERVAL '1 minute' + a.ts >= b.ts",
           "b.ts - a.ts <= INTERVAL '1 minute' AND a.ts - b.ts <= INTERVAL '10 seconds'",
           "INTERVAL '1 minute' >= b.ts - a.ts AND b.ts - a.ts >= INTERVAL '-10 seconds'",
           "b.ts + INTERVAL '5 seconds' >= a.ts - INTERVAL '5 seconds' AND b.ts <= a.ts + INTERVAL "
           "'2 minutes' AND b.ts <= a.ts + INTERVAL '1 minute'",
       }) {
    EXPECT_EQ(join_on(condition), expected) << condition;
  }
  EXPECT_EQ(join_on("a.ts = b.ts"), "the same time");
  EXPECT_EQ(join_on("b.ts > a.ts AND b.ts < a.ts + INTERVAL '1 minute'"),
            "1 microsecond after to 59 seconds 999 milliseconds 999 microseconds after");
  EXPECT_EQ(join_on("b.ts BETWEEN a.ts AND a.expires AND a.v < b.w"),
            "the same time to expires, where ts <= expires AND v < w");
}

// Where a side's rows do not come out alone, those that can have no partner are not kept.
TEST_F(BindJoinTest, AConditionOnOneSideIsAFilterOfThatSide) {
  const auto filters = [this](const std::string& kind) {
    join_on("b.ts BETWEEN a.ts AND a.expires AND a.v > 1 AND b.w < 2", kind);
    const std::string text = session.rewritten();
    std::string found = text.find("WHERE v > 1") == std::string::npos ? "" : "left ";
    return found + (text.find("WHERE w < 2") == std::string::npos ? "" : "right");
  };
  EXPECT_EQ(filters(""), "left right");
  EXPECT_EQ(filters("LEFT"), "right");
  EXPECT_EQ(filters("RIGHT"), "left ");
  EXPECT_EQ(filters("FULL"), "");
  EXPECT_EQ(filters("SEMI"), "left right");
  EXPECT_EQ(filters("ANTI"), "right");
}

// Their sum may be more than there are times.
TEST_F(BindJoinTest, LongIntervalsAreNoBounds) {
  std::string time = "a.ts";
  for (int i = 0; i < 40; ++i) {
    time += " + INTERVAL '9000 years'";
  }
  for (const std::string& condition : {time + " - b.ts > INTERVAL '1 day'",
                                       std::string("b.ts - a.ts > INTERVAL '-100000 years'")}) {
    EXPECT_NE(join_on(condition).find("/join#1: as pairs come]"), std::string::npos);
  }
}

TEST_F(BindJoinTest, WhatBoundsNoTimesKeepsAllRows) {
  for (const char* condition :
       {"a.v < b.w", "b.ts > TIMESTAMP '2024-01-01'", "a.expires < a.ts", "a.ts <> b.ts",
        "(a.ts < b.ts OR a.v = 1)", "a.expires = TIMESTAMP '2024-01-01'"}) {
    EXPECT_NE(join_on(condition).find("/join#1: as pairs come]"), std::string::npos) << condition;
    EXPECT_EQ(session.warnings(), "P0107 this keeps every row for ever, and its input never ends");
  }
  session.run("SELECT /*+ ttl('1 day') */ * FROM a JOIN b ON a.k = b.k");
  EXPECT_EQ(session.warnings(), "");
  EXPECT_NE(session.rewritten().find("ttl 1 day"), std::string::npos);
}

TEST_F(BindJoinTest, AJoinNeedsAKeyOrABoundOfTimes) {
  for (const char* condition :
       {"a.k < b.k", "a.k = 1", "a.k + b.k = 2", "b.ts > TIMESTAMP '2024-01-01'"}) {
    session.run(std::string("SELECT * FROM a JOIN b ON ") + condition);
    EXPECT_EQ(session.errors(),
              "P0001 JOIN without columns that must be equal is not supported yet")
        << condition;
  }
}

// Rows of windows are joined where the windows end; the result goes on in windows.
TEST_F(BindJoinTest, EqualWindowsBoundTheTimes) {
  const std::string a = "TUMBLE(a, ts, INTERVAL '10 seconds') AS a";
  const std::string b = "TUMBLE(b, ts, INTERVAL '10 seconds') AS b";
  for (const char* windows : {"a.window_end = b.window_end", "a.window_start = b.window_start",
                              "a.window_start = b.window_start AND b.window_end = a.window_end",
                              "a.window_time = b.window_time",
                              "a.window_end = b.window_time + INTERVAL '1 microsecond'"}) {
    const bool is_plain = std::string(windows).find("INTERVAL") == std::string::npos;
    session.run("SELECT a.window_start, count(*) FROM " + a + " LEFT JOIN " + b +
                " ON a.k = b.k AND " + windows + " GROUP BY a.window_start, a.window_end");
    if (!is_plain) {
      EXPECT_EQ(session.rewritten().find("in the same window"), std::string::npos);
      continue;
    }
    EXPECT_EQ(session.errors(), "") << windows;
    EXPECT_EQ(session.warnings(), "") << windows;
    EXPECT_NE(session.rewritten().find("LEFT JOIN by CAST(k AS BIGINT) = k, in the same window"),
              std::string::npos)
        << session.rewritten();
    EXPECT_NE(session.rewritten().find("final at window close"), std::string::npos);
  }
  session.run("SELECT 1 FROM " + a +
              " JOIN CUMULATE(b, ts, INTERVAL '5 seconds', INTERVAL '10 "
              "seconds') AS b ON a.window_start = b.window_start AND a.k = b.k");
  EXPECT_EQ(session.rewritten().find("in the same window"), std::string::npos);
}

TEST_F(BindJoinTest, StateWithoutBoundIsWarnedOf) {
  EXPECT_EQ(join_on("b.ts >= a.ts"), "the same time to any time after");
  EXPECT_EQ(session.warnings(),
            "P0107 this keeps every row of \"a\" for ever, and its input never ends");
  join_on("b.ts <= a.expires");
  EXPECT_EQ(session.warnings(),
            "P0107 this keeps every row of \"b\" for ever, and its input never ends");
  join_on("b.ts BETWEEN a.ts AND a.expires");
  EXPECT_EQ(session.warnings(), "");
}

TEST_F(BindJoinTest, WhatWhereAsksOfInnerJoinsCountsAsOn) {
  const auto joined = [this](const std::string& from) {
    session.run("SELECT a.v FROM " + from);
    const std::string text = session.rewritten();
    return session.errors().empty() ? text.substr(0, text.find("  [")) : session.errors();
  };
  const std::string expected = joined("a JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts AND a.expires");
  EXPECT_NE(expected.find("JOIN by CAST(k AS BIGINT) = k, from the same time to expires"),
            std::string::npos);
  EXPECT_EQ(joined("a, b WHERE a.k = b.k AND b.ts BETWEEN a.ts AND a.expires"), expected);
  EXPECT_EQ(joined("a CROSS JOIN b WHERE a.k = b.k AND b.ts BETWEEN a.ts AND a.expires"), expected);
  EXPECT_EQ(joined("a JOIN b ON a.k = b.k WHERE b.ts BETWEEN a.ts AND a.expires"), expected);
  EXPECT_EQ(joined("a LEFT JOIN b ON a.v < b.w WHERE a.k = b.k").substr(0, 5), "P0001");
  EXPECT_EQ(joined("a, b WHERE a.v < b.w").substr(0, 5), "P0001");
  EXPECT_EQ(joined("a, b").substr(0, 5), "P0001");
  EXPECT_EQ(joined("a, b WHERE ts = b.ts"), "S0204 column \"ts\" is ambiguous");
}

TEST_F(BindJoinTest, EachOfSeveralJoinsTakesWhatIsAboutItsColumns) {
  session.run(
      "SELECT a.v FROM a, b, a AS c WHERE a.v + b.w > c.v AND c.k = a.k AND a.ts = c.ts AND "
      "a.ts = b.ts AND b.k = a.k AND a.v < b.w AND c.v = 3");
  EXPECT_EQ(session.errors(), "");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT v\n"
            "   └─ JOIN by k = k, from the same time, where v + w > v  "
            "[query/interval_join#2: as pairs come]\n"
            "      ├─ SELECT k, v, w\n"
            "      │  └─ JOIN by CAST(k AS BIGINT) = k, from the same time, where v < w  "
            "[query/interval_join#1: as pairs come]\n"
            "      │     ├─ FROM a (k, v)  (shared #1)\n"
            "      │     └─ FROM b (k, w)\n"
            "      └─ WHERE v = 3\n"
            "         └─ FROM a (k, v)  (shared #1, see above)\n");
}

// Where it is known which side's time is the later one, and no row comes out without that side.
TEST_F(BindJoinTest, AWindowGoesByTheLaterTime) {
  const auto errors_of = [this](const std::string& kind, const std::string& time) {
    session.run("SELECT count(*) FROM TUMBLE((SELECT a.ts AS l, b.ts AS r FROM a " + kind +
                " JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '1 hour'), " +
                time + ", INTERVAL '1 minute') GROUP BY window_start, window_end");
    return session.errors().substr(0, 5);
  };
  EXPECT_EQ(errors_of("", "r"), "");
  EXPECT_EQ(errors_of("RIGHT", "r"), "");
  EXPECT_EQ(errors_of("", "l"), "P0102");
  EXPECT_EQ(errors_of("LEFT", "r"), "P0102");
  EXPECT_EQ(errors_of("FULL", "r"), "P0102");
  session.run(
      "SELECT count(*) FROM TUMBLE((SELECT ts FROM a ANTI JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts"
      " AND a.ts + INTERVAL '1 hour'), ts, INTERVAL '1 minute') GROUP BY window_start, window_end");
  EXPECT_EQ(session.errors(), "");
}

TEST_F(BindJoinTest, TheNearestRowIsSpelledInSeveralWays) {
  const auto joined = [this](const std::string& kind, const std::string& comparison) {
    session.run("SELECT a.v FROM a ASOF " + kind + " b ON a.k = b.k AND " + comparison);
    EXPECT_EQ(session.errors(), "");
    const std::string text = session.rewritten();
    const std::size_t begin = text.find(", the ") + 2;
    return text.substr(begin, text.find("  [") - begin);
  };
  EXPECT_EQ(joined("JOIN", "b.ts <= a.ts"), "the last row up to the same time");
  EXPECT_EQ(joined("LEFT JOIN", "a.ts > b.ts"), "the last row up to 1 microsecond before");
  EXPECT_EQ(joined("JOIN", "b.ts - a.ts <= INTERVAL '5 seconds'"),
            "the last row up to 5 seconds after");
  EXPECT_EQ(joined("JOIN", "a.ts <= b.ts"), "the first row from the same time on");
  EXPECT_EQ(joined("LEFT JOIN", "b.ts > a.ts + INTERVAL '1 minute'"),
            "the first row from 1 minute 1 microsecond after on");
}

// It is asked of the pairs.
TEST_F(BindJoinTest, WhereIsNoPartOfAJoinWithTheNearestRow) {
  session.run(
      "SELECT a.v FROM a ASOF JOIN b ON a.k = b.k AND b.ts <= a.ts WHERE b.w > 1 AND a.v < 2");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT v WHERE w > 1 AND v < 2\n"
            "   └─ ASOF JOIN by CAST(k AS BIGINT) = k, the last row up to the same time  "
            "[query/as_of_join#1: once the watermark has passed]\n"
            "      ├─ FROM a (k, v)\n"
            "      └─ FROM b (k, w)\n");
}

TEST_F(BindJoinTest, WhatIsKeptForTheNearestRowIsWarnedOf) {
  const auto warnings = [this](const std::string& comparison) {
    session.run("SELECT a.v FROM a ASOF JOIN b ON a.k = b.k AND " + comparison);
    return session.warnings();
  };
  EXPECT_EQ(
      warnings("b.ts <= a.ts"),
      "P0107 this keeps the last row of every key of \"b\" for ever, and its input never ends");
  EXPECT_EQ(
      warnings("b.ts >= a.ts"),
      "P0107 this keeps rows of \"a\" until one of their key follows in \"b\", be it never, and "
      "its input never ends");
  session.run("SET ttl = '1 day'");
  EXPECT_EQ(warnings("b.ts <= a.ts"), "");
}

TEST_F(BindJoinTest, ColumnsThatNobodyReadsAreNotKept) {
  session.run(
      "SELECT a.v FROM a LEFT JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '1 "
      "hour'"
      " WHERE b.w IS NULL");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT v WHERE w IS NULL\n"
            "   └─ LEFT JOIN by CAST(k AS BIGINT) = k, from the same time to 1 hour after  "
            "[query/interval_join#1: rows without a partner once the watermark has passed]\n"
            "      ├─ FROM a (k, v)\n"
            "      └─ FROM b (k, w)\n");
}

}  // namespace
}  // namespace thalweg::sql
