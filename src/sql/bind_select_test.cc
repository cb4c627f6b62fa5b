#include <gtest/gtest.h>

#include "sql/test_session.h"

namespace thalweg::sql {
namespace {

class BindSelectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    session.run(
        "CREATE TABLE orders (id BIGINT, \"user\" TEXT, amount NUMERIC(10, 2), ts TIMESTAMP,"
        " place STRUCT<lat REAL, lon REAL>) WITH (connector = 'events');"
        "CREATE TABLE clicks (page TEXT, dateTime TIMESTAMP, ms INT)"
        " WITH (connector = 'events', live = true);"
        "CREATE TABLE visits (page TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts)"
        " WITH (connector = 'events', live = true);");
    ASSERT_EQ(session.errors(), "");
  }

  std::string columns_of(std::string_view query) {
    session.run(query);
    return session.errors().empty() ? session.columns() : session.errors();
  }
  std::string error_of(std::string_view query) {
    session.run(query);
    return session.errors();
  }

  TestSession session;
};

TEST_F(BindSelectTest, NamesColumnsAsPostgresAndSpellsThemAsDeclared) {
  EXPECT_EQ(
      columns_of("SELECT datetime, upper(page), ms + 1, count(*) OVER_ FROM clicks GROUP BY ALL"),
      "dateTime TIMESTAMP, upper TEXT, ?column? INT, OVER_ BIGINT");
  EXPECT_EQ(columns_of("SELECT 1, 'a' AS b, NULL AS c, 1.50, 3000000000, true"),
            "?column? INT, b TEXT, c TEXT, ?column? NUMERIC(3,2), ?column? BIGINT, "
            "?column? BOOLEAN");
}

TEST_F(BindSelectTest, ExpandsStars) {
  EXPECT_EQ(columns_of("SELECT *, c.ms AS again FROM clicks c"),
            "page TEXT, dateTime TIMESTAMP, ms INT, again INT");
  EXPECT_EQ(columns_of("SELECT c.* EXCLUDE (page) FROM clicks c"), "dateTime TIMESTAMP, ms INT");
  EXPECT_EQ(columns_of("SELECT * REPLACE (ms * 2 AS ms) FROM clicks"),
            "page TEXT, dateTime TIMESTAMP, ms INT");
}

TEST_F(BindSelectTest, ReachesIntoStructs) {
  EXPECT_EQ(columns_of("SELECT place.lat, orders.place.lon, (place).lat AS x FROM orders"),
            "lat REAL, lon REAL, x REAL");
  EXPECT_EQ(error_of("SELECT place.lng FROM orders"),
            "S0221 there is no field \"lng\" in STRUCT<lat REAL, lon REAL>");
}

TEST_F(BindSelectTest, AnUnknownColumnComesWithTheNearestAndAllThereAre) {
  EXPECT_EQ(error_of("SELECT usr FROM orders"),
            "S0203 column \"usr\" does not exist in \"orders\"");
  EXPECT_EQ(session.place(), "usr");
  EXPECT_EQ(session.label(), "did you mean \"user\"?");
  EXPECT_EQ(session.notes().substr(0, 30), "columns: id BIGINT, user TEXT,");
}

TEST_F(BindSelectTest, AllErrorsOfAStatementAreFound) {
  EXPECT_EQ(error_of("SELECT a, b FROM orders WHERE c = 1"),
            "S0203 column \"c\" does not exist in \"orders\"\n"
            "S0203 column \"a\" does not exist in \"orders\"\n"
            "S0203 column \"b\" does not exist in \"orders\"");
}

TEST_F(BindSelectTest, TextsInQuotesTakeTheTypeTheyMeet) {
  EXPECT_EQ(error_of("SELECT id FROM orders WHERE ts > '2024-01-01' AND id = '7'"), "");
  EXPECT_EQ(error_of("SELECT id FROM orders WHERE ts > 'yesterday'"),
            "S0208 'yesterday' is not a valid TIMESTAMP");
  EXPECT_EQ(session.place(), "'yesterday'");
}

TEST_F(BindSelectTest, GroupsByExpressionsPositionsAndAliases) {
  EXPECT_EQ(columns_of("SELECT id % 7 AS m, count(*) AS n FROM orders GROUP BY id % 7"),
            "m BIGINT, n BIGINT");
  EXPECT_EQ(error_of("SELECT id % 7 AS m, count(*) FROM orders GROUP BY 1 HAVING count(*) > 2"),
            "");
  EXPECT_EQ(error_of("SELECT id % 7 AS m, m + count(*) FROM orders GROUP BY m"),
            "S0203 column \"m\" does not exist in \"orders\"");
  EXPECT_EQ(error_of("SELECT id % 7 AS m, count(*) FROM orders GROUP BY m ORDER BY sum(amount)"),
            "");
}

TEST_F(BindSelectTest, AnUngroupedColumnIsExplained) {
  EXPECT_EQ(error_of("SELECT \"user\", amount FROM orders GROUP BY 1"),
            "S0211 \"amount\" is neither grouped nor aggregated");
  EXPECT_EQ(session.place(), "amount");
}

TEST_F(BindSelectTest, AggregatesStandOnlyWhereTheyCan) {
  EXPECT_EQ(error_of("SELECT id FROM orders WHERE count(*) > 1"),
            "S0212 aggregates are not allowed in WHERE");
  EXPECT_EQ(error_of("SELECT sum(max(amount)) FROM orders"),
            "S0212 an aggregate cannot stand in another one");
  EXPECT_EQ(error_of("SELECT 1 FROM orders GROUP BY count(*)"),
            "S0212 aggregates are not allowed in GROUP BY");
}

TEST_F(BindSelectTest, EndlessInputCannotBeOrdered) {
  EXPECT_EQ(error_of("SELECT * FROM clicks ORDER BY ms"),
            "P0104 ORDER BY on an input that never ends must begin with event time");
  EXPECT_EQ(error_of("SELECT * FROM visits ORDER BY ts DESC"),
            "P0104 ORDER BY on an input that never ends must begin with event time");
  EXPECT_EQ(error_of("SELECT * FROM visits ORDER BY ts LIMIT 5"), "");  // The first rows are kept.
  EXPECT_EQ(error_of("SELECT ts + INTERVAL '1 day' AS later FROM visits ORDER BY later"),
            "P0104 ORDER BY on an input that never ends must begin with event time");
  EXPECT_EQ(error_of("SELECT * FROM clicks LIMIT 5 OFFSET 2"), "");
  EXPECT_EQ(error_of("SELECT * FROM visits ORDER BY ts LIMIT 5 OFFSET 2"), "");
  EXPECT_EQ(error_of("SELECT * FROM visits ORDER BY ts OFFSET 2"), "");
  EXPECT_EQ(error_of("SELECT * FROM clicks ORDER BY ms OFFSET 2"),
            "P0104 ORDER BY on an input that never ends must begin with event time");
  EXPECT_EQ(error_of("SELECT * FROM clicks ORDER BY ms LIMIT 5 OFFSET 2"),
            "P0104 OFFSET needs rows that stay in their place, and these move as rows come");
}

TEST_F(BindSelectTest, OrderIsCompletedByTheOtherColumns) {
  session.run("SELECT id, amount FROM orders ORDER BY amount DESC LIMIT 3");
  EXPECT_EQ(session.bound(),
            "result\n"
            "└─ ORDER BY amount DESC, id LIMIT 3  [query/sort#1]\n"
            "   └─ SELECT id, amount\n"
            "      └─ FROM orders (id, user, amount, ts, place)\n");
}

TEST_F(BindSelectTest, OrderByAnExpressionBesideTheList) {
  session.run("SELECT id FROM orders ORDER BY id % 7 DESC, 1");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT id\n"
            "   └─ ORDER BY id % 7 DESC, id  [query/sort#1]\n"
            "      └─ SELECT id, id % 7\n"
            "         └─ FROM orders (id)\n");
  EXPECT_EQ(session.columns(), "id BIGINT");
}

TEST_F(BindSelectTest, EndlessInputIsOrderedByEventTime) {
  session.run("SELECT page, ts FROM visits ORDER BY ts, page DESC");
  EXPECT_EQ(session.errors(), "");
  EXPECT_NE(session.bound().find("ORDER BY ts, page DESC  [query/sort#1: behind the watermark]"),
            std::string::npos)
      << session.bound();
  session.run(
      "SELECT window_start, count(*) AS n FROM TUMBLE(visits, ts, INTERVAL '1 minute') "
      "GROUP BY window_start, window_end ORDER BY window_start");
  EXPECT_EQ(session.errors(), "");
}

TEST_F(BindSelectTest, EndlessGroupsChangeAndWarn) {
  session.run("SELECT page, count(*) AS n FROM clicks GROUP BY page");
  EXPECT_EQ(session.errors(), "");
  EXPECT_EQ(session.warnings(), "P0107 this keeps every group for ever, and its input never ends");
  EXPECT_TRUE(session.plan().sinks[0]->updating);
  session.run("SELECT \"user\", count(*) FROM orders GROUP BY \"user\"");
  EXPECT_FALSE(session.plan().sinks[0]->updating);
  session.run("SELECT \"user\", count(*) FROM orders GROUP BY \"user\" EMIT CHANGES");
  EXPECT_TRUE(session.plan().sinks[0]->updating);
}

TEST_F(BindSelectTest, FirstRowsOfAnInputThatEndsChangeWhenAsked) {
  session.run("SELECT \"user\" FROM orders ORDER BY \"user\" LIMIT 3");
  EXPECT_FALSE(session.plan().sinks[0]->updating);
  session.run("SELECT \"user\" FROM orders ORDER BY \"user\" LIMIT 3 EMIT CHANGES");
  EXPECT_EQ(session.errors(), "");
  EXPECT_TRUE(session.plan().sinks[0]->updating);
}

TEST_F(BindSelectTest, UnionTakesCommonTypes) {
  EXPECT_EQ(columns_of("SELECT 1 AS a, NULL AS b UNION ALL SELECT 2.5, 'x'"),
            "a NUMERIC(11,1), b TEXT");
  EXPECT_EQ(error_of("SELECT 1 AS a UNION ALL SELECT DATE '2024-01-01'"),
            "S0207 column 1 of UNION, \"a\", is INT on one side and DATE on the other");
}

TEST_F(BindSelectTest, ACteUsedTwiceIsOneStep) {
  session.run(
      "WITH big AS (SELECT id FROM orders WHERE amount > 5)"
      " SELECT id FROM big WHERE id < 3 UNION ALL SELECT id FROM big");
  const plan::Plan plan = plan::rewrite(session.plan());
  const plan::Node& both = *plan.sinks[0]->inputs[0];
  EXPECT_EQ(both.inputs[0]->inputs[0], both.inputs[1]);
}

TEST_F(BindSelectTest, OperatorsAreNamedByWhatTheyStandUnder) {
  session.run(
      "CREATE VIEW per_user AS SELECT \"user\", count(*) AS n FROM orders GROUP BY 1;"
      "SELECT n, count(*) FROM per_user GROUP BY n;"
      "SELECT /*+ id('mine') */ max(n) FROM (SELECT DISTINCT n FROM per_user) AS d");
  const std::string text = session.bound();
  EXPECT_NE(text.find("[per_user/aggregate#1"), std::string::npos) << text;
  EXPECT_NE(text.find("[query/aggregate#1"), std::string::npos) << text;
  EXPECT_NE(text.find("[d/distinct#1"), std::string::npos) << text;
  EXPECT_NE(text.find("[mine: "), std::string::npos) << text;
}

TEST_F(BindSelectTest, FilesAndStandardInputAreTables) {
  EXPECT_EQ(columns_of("SELECT points.x FROM 'points.jsonl'"), "x BIGINT");
  EXPECT_EQ(columns_of("SELECT y FROM stdin"), "y BIGINT");
  EXPECT_EQ(error_of("SELECT 1 FROM 'nowhere.jsonl'"), "C0110 no such file");
}

TEST_F(BindSelectTest, WhatIsNotThereYetSaysSo) {
  for (const char* query :
       {"SELECT * FROM orders a JOIN orders b ON a.id < b.id", "SELECT * FROM orders, clicks",
        "SELECT (SELECT 1)", "SELECT EXISTS (SELECT 1)", "SELECT 1 IN (SELECT 1)",
        "SELECT 1 INTERSECT SELECT 2", "SELECT * FROM UNNEST(ARRAY[1])", "SELECT CAST(1 AS UUID)",
        "WITH RECURSIVE t AS (SELECT 1) SELECT 1"}) {
    const std::string errors = error_of(query);
    EXPECT_EQ(errors.substr(0, 5), "P0001") << query << ": " << errors;
    EXPECT_NE(session.place(), "") << query;
  }
}

}  // namespace
}  // namespace thalweg::sql
