#include <gtest/gtest.h>

#include "sql/test_session.h"

namespace thalweg::sql {
namespace {

class BindWindowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    session.run(
        "CREATE TABLE clicks (page TEXT, ts TIMESTAMP, ms INT,"
        " WATERMARK FOR ts AS ts - INTERVAL '5 seconds')"
        " WITH (connector = 'events', live = true);"
        "CREATE TABLE plain (ts TIMESTAMP, v INT) WITH (connector = 'events');");
    ASSERT_EQ(session.errors(), "");
  }

  std::string error_of(std::string_view query) {
    session.run(query);
    return session.errors();
  }

  TestSession session;
};

TEST_F(BindWindowTest, GroupingByTheBoundsIsAWindowAggregate) {
  session.run(
      "SELECT window_start, page, count(*) AS n FROM TUMBLE(clicks, ts, INTERVAL '1 hour')"
      " GROUP BY window_start, window_end, page");
  EXPECT_EQ(session.errors(), "");
  EXPECT_EQ(session.warnings(), "");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT window_start, page, count(*) AS n\n"
            "   └─ TUMBLE 1 hour -> count(*) by page  [query/window#1: final at window close]\n"
            "      └─ FROM clicks (page)\n");
  EXPECT_FALSE(session.plan().sinks[0]->updating);
}

TEST_F(BindWindowTest, TheLongFormAndNamesGiveTheSamePlan) {
  session.run(
      "SELECT window_end, max(ms) FROM TUMBLE(clicks, ts, INTERVAL '90 seconds')"
      " GROUP BY window_end");
  std::string expected = session.rewritten();
  session.run(
      "SELECT window_end, max(ms) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts),"
      " INTERVAL '90 seconds')) GROUP BY window_end");
  // The second SELECT of a script has a name of its own.
  expected.replace(expected.find("query/"), 6, "query2/");
  EXPECT_EQ(session.rewritten(), expected);
  EXPECT_NE(expected.find("TUMBLE 1 minute 30 seconds -> max(ms)"), std::string::npos);
}

TEST_F(BindWindowTest, WindowsPassThroughViewsFiltersAndAliases) {
  session.run(
      "CREATE VIEW windowed AS SELECT window_start AS ws, page AS p, ms"
      " FROM TUMBLE(clicks, ts, INTERVAL '1 hour') WHERE ms > 3;"
      "SELECT ws, sum(ms) FROM (SELECT ws, ms FROM windowed) AS s GROUP BY ws");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT ws, sum(ms) AS sum\n"
            "   └─ TUMBLE 1 hour -> sum(ms)  [query/window#1: final at window close]\n"
            "      └─ FROM clicks (ms) WHERE ms > 3\n");
}

TEST_F(BindWindowTest, GroupingByOtherThingsIsNoWindow) {
  session.run("SELECT page, count(*) FROM TUMBLE(clicks, ts, INTERVAL '1 hour') GROUP BY page");
  EXPECT_TRUE(session.plan().sinks[0]->updating);
}

TEST_F(BindWindowTest, WindowsOverWindows) {
  const std::string minutes =
      "CREATE VIEW minutes AS SELECT window_start, window_end, window_time, count(*) AS n"
      " FROM TUMBLE(clicks, ts, INTERVAL '1 minute') GROUP BY window_start, window_end;";
  session.run(minutes +
              "SELECT window_start, sum(n) FROM TUMBLE((SELECT window_time AS t, n FROM minutes),"
              " t, INTERVAL '1 hour') GROUP BY window_start");
  EXPECT_EQ(session.errors(), "");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT window_start, sum(n) AS sum\n"
            "   └─ TUMBLE 1 hour -> sum(n)  [query/window#1: final at window close]\n"
            "      └─ SELECT count(*) AS n\n"
            "         └─ TUMBLE 1 minute -> count(*)  [minutes/window#1: final at window close]\n"
            "            └─ FROM clicks (no columns)\n");
}

TEST_F(BindWindowTest, ABoundOfAWindowIsAtAKnownDistanceFromEventTime) {
  session.run(
      "SELECT window_start, sum(n) FROM TUMBLE((SELECT window_end AS t, count(*) AS n"
      " FROM TUMBLE(clicks, ts, INTERVAL '1 minute') GROUP BY window_end),"
      " t, INTERVAL '1 hour') GROUP BY window_start");
  EXPECT_EQ(session.errors(), "");
  const plan::Node* node = session.plan().sinks[0].get();
  while (std::get_if<plan::Aggregate>(&node->step) == nullptr) {
    node = node->inputs[0].get();
  }
  // window_end is one microsecond past event time, so the windows begin as much earlier.
  EXPECT_EQ(std::get<plan::Aggregate>(node->step).window->offset_micros, 3'600'000'000 - 1);
}

TEST_F(BindWindowTest, TheSameWindowAgain) {
  session.run(
      "SELECT window_start, max(n) FROM (SELECT window_start, window_end, page, count(*) AS n"
      " FROM TUMBLE(clicks, ts, INTERVAL '1 minute') GROUP BY window_start, window_end, page) AS p"
      " GROUP BY window_start, window_end");
  EXPECT_EQ(session.errors(), "");
  EXPECT_NE(session.bound().find("TUMBLE 1 minute -> max(n)"), std::string::npos);
}

TEST_F(BindWindowTest, DistinctRowsOfAWindowAreFinal) {
  session.run("SELECT DISTINCT page, window_start FROM TUMBLE(clicks, ts, INTERVAL '1 hour')");
  EXPECT_EQ(session.rewritten(),
            "result\n"
            "└─ SELECT page, window_start\n"
            "   └─ TUMBLE 1 hour -> distinct rows by page  "
            "[query/distinct#1: final at window close]\n"
            "      └─ FROM clicks (page)\n");
}

TEST_F(BindWindowTest, WithoutAWatermarkTheCureIsReadyToPaste) {
  EXPECT_EQ(
      error_of("SELECT count(*) FROM TUMBLE(plain, ts, INTERVAL '1 hour') GROUP BY window_end"),
      "P0101 TUMBLE needs event time, and \"plain\" has no watermark");
  EXPECT_EQ(session.place(), "plain");
  EXPECT_EQ(session.notes(),
            "add to CREATE TABLE plain: WATERMARK FOR ts AS ts - INTERVAL '5 seconds'");
}

TEST_F(BindWindowTest, AnAggregateWithoutAWindowLosesEventTime) {
  EXPECT_EQ(error_of("SELECT 1 FROM TUMBLE((SELECT max(ts) AS ts FROM clicks), ts,"
                     " INTERVAL '1 hour')"),
            "P0101 TUMBLE needs event time, and what it reads has no watermark");
}

TEST_F(BindWindowTest, OnlyEventTimeMakesWindows) {
  EXPECT_EQ(error_of("SELECT 1 FROM TUMBLE((SELECT ts + INTERVAL '1 day' AS t, ts FROM clicks),"
                     " t, INTERVAL '1 hour')"),
            "P0102 \"t\" is not the event time here");
  EXPECT_EQ(session.label(), "use ts");
  EXPECT_EQ(error_of("SELECT 1 FROM HOP(clicks, ts, INTERVAL '1 day', INTERVAL '1 month')"),
            "P0103 a size in months needs a slide in months");
  EXPECT_EQ(error_of("SELECT 1 FROM TUMBLE(clicks, ts, INTERVAL '0 seconds')"),
            "P0103 a window's size must be more than zero, not 0 seconds");
}

TEST_F(BindWindowTest, EmitOnWindowCloseNeedsAWindow) {
  EXPECT_EQ(error_of("SELECT page, count(*) FROM clicks GROUP BY page EMIT ON WINDOW CLOSE"),
            "P0105 EMIT ON WINDOW CLOSE needs a window, and this groups without one");
}

TEST_F(BindWindowTest, OrderDependentAggregatesAskForOrigins) {
  session.run(
      "SELECT window_start, first_value(ms) FROM TUMBLE(clicks, ts, INTERVAL '1 hour')"
      " GROUP BY window_start");
  const plan::Plan plan = plan::rewrite(session.plan());
  const plan::Node* node = plan.sinks[0].get();
  while (!node->inputs.empty()) {
    node = node->inputs[0].get();
  }
  EXPECT_TRUE(node->needs_origin);
  session.run(
      "SELECT window_start, max(ms) FROM TUMBLE(clicks, ts, INTERVAL '1 hour')"
      " GROUP BY window_start");
  const plan::Plan other = plan::rewrite(session.plan());
  EXPECT_FALSE(other.sinks[0]->inputs[0]->inputs[0]->inputs[0]->needs_origin);
}

}  // namespace
}  // namespace thalweg::sql
