#include <gtest/gtest.h>

#include "sql/test_session.h"

namespace thalweg::sql {
namespace {

class BindDdlTest : public ::testing::Test {
 protected:
  std::string error_of(std::string_view script) {
    session.run(script);
    return session.errors();
  }

  TestSession session;
};

TEST_F(BindDdlTest, DeclaresColumnsKeysAndWatermark) {
  session.run(
      "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, at BIGINT, ts AS (to_timestamp(at)),"
      " WATERMARK FOR ts AS ts - INTERVAL '1 minute')"
      " WITH ('connector' = 'events', live = true, timestamp_unit = 's', on_error = 'fail')");
  ASSERT_EQ(session.errors(), "");
  const TablePtr table = session.catalog().find_table("T");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->primary_key, std::vector<std::uint32_t>{0});
  EXPECT_TRUE(table->columns[0].not_null);
  EXPECT_NE(table->columns[2].computed, nullptr);
  EXPECT_EQ(table->watermark->column, 2u);
  EXPECT_EQ(table->watermark->delay_micros, 60'000'000);
  EXPECT_FALSE(table->bounded);
  EXPECT_EQ(table->on_error, OnError::kFail);
  EXPECT_EQ(table->format, "json");
  EXPECT_EQ(table->options.text("timestamp_unit"), "s");
}

TEST_F(BindDdlTest, WatermarksOtherThanADelayAreKeptWhole) {
  session.run("CREATE TABLE t (ts TIMESTAMP, WATERMARK FOR ts AS date_trunc('hour', ts))");
  ASSERT_EQ(session.errors(), "");
  EXPECT_EQ(session.catalog().find_table("t")->watermark->delay_micros, std::nullopt);
  session.run("CREATE TABLE u (ts TIMESTAMP, WATERMARK FOR ts)");
  EXPECT_EQ(session.catalog().find_table("u")->watermark->delay_micros, 0);
  EXPECT_EQ(error_of("CREATE TABLE v (ts TEXT, WATERMARK FOR ts)"),
            "S0209 the event time \"ts\" must be a TIMESTAMP, not TEXT");
}

TEST_F(BindDdlTest, AConnectorMayKnowItsColumns) {
  session.run(
      "CREATE TABLE bids (WATERMARK FOR datetime) WITH (connector = 'events', shape = 'own');"
      "SELECT * FROM bids");
  ASSERT_EQ(session.errors(), "");
  EXPECT_EQ(session.columns(), "dateTime TIMESTAMP, price BIGINT");
}

TEST_F(BindDdlTest, WithoutWithATableIsKeptInMemory) {
  session.run("CREATE TABLE t (a INT, b TEXT)");
  const TablePtr table = session.catalog().find_table("t");
  EXPECT_EQ(table->connector, "memory");
  EXPECT_NE(table->memory, nullptr);
}

TEST_F(BindDdlTest, DeclaringTwice) {
  EXPECT_EQ(error_of("CREATE TABLE t (a INT); CREATE TABLE T (a INT)"),
            "S0202 \"T\" is declared already");
  EXPECT_EQ(error_of("CREATE TABLE IF NOT EXISTS t (b INT); SELECT a FROM t"), "");
  EXPECT_EQ(error_of("CREATE OR REPLACE TABLE t (b INT); SELECT b FROM t"), "");
  EXPECT_EQ(error_of("CREATE TABLE u (a INT, A TEXT)"), "S0202 column \"A\" is declared already");
  EXPECT_EQ(error_of("DROP TABLE t; SELECT b FROM t"), "S0201 table \"t\" does not exist");
  EXPECT_EQ(error_of("DROP TABLE IF EXISTS t"), "");
}

TEST_F(BindDdlTest, OptionsAreChecked) {
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) WITH (connector = 'evnts')"),
            "C0101 there is no connector \"evnts\"");
  EXPECT_EQ(session.label(), "did you mean \"events\"?");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) WITH (live = true)"), "C0104 WITH names no connector");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) WITH (connector = 'events', lve = true)"),
            "C0201 unknown option \"lve\" for connector events");
  EXPECT_EQ(session.place(), "lve");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT) WITH (connector = 'events', format = 'jsn')"),
            "C0102 there is no format \"jsn\"");
  EXPECT_EQ(error_of("CREATE TABLE t (a INT METADATA) WITH (connector = 'events')"),
            "C0108 connector events has no metadata, and \"a\" asks for it");
  EXPECT_EQ(error_of("CREATE SINK s (a INT) WITH (connector = 'events')"),
            "C0103 connector events can only be read from");
}

TEST_F(BindDdlTest, MetadataIsAsTheConnectorHasIt) {
  session.run(
      "CREATE TABLE t (a INT, k BYTEA METADATA FROM 'key', \"offset\" BIGINT METADATA)"
      " WITH (connector = 'topic')");
  ASSERT_EQ(session.errors(), "");
  const TablePtr table = session.catalog().find_table("t");
  EXPECT_EQ(table->columns.at(1).metadata, "key");
  EXPECT_EQ(table->columns.at(2).metadata, "offset");

  EXPECT_EQ(error_of("CREATE TABLE v (k INT METADATA FROM 'key') WITH (connector = 'topic')"),
            "C0112 metadata 'key' of connector topic is TEXT, BYTEA, not INT");
  EXPECT_EQ(session.place(), "INT");
  EXPECT_EQ(error_of("CREATE TABLE v (o BIGINT METADATA FROM 'ofset') WITH (connector = 'topic')"),
            "C0108 connector topic has no metadata 'ofset'");
  EXPECT_EQ(session.label(), "did you mean \"offset\"?");
  EXPECT_EQ(error_of("CREATE TABLE v (o BIGINT METADATA) WITH (connector = 'topi')"),
            "C0101 there is no connector \"topi\"");
  session.run(
      "CREATE TABLE u (a INT, o BIGINT METADATA FROM 'offset') WITH (connector = 'topic');"
      "INSERT INTO u VALUES (1)");
  EXPECT_EQ(session.errors(), "");
}

TEST_F(BindDdlTest, InsertCastsAndFillsUp) {
  session.run(
      "CREATE TABLE t (a BIGINT, b TEXT, c DATE, d AS (a + 1));"
      "INSERT INTO t (c, a) VALUES ('2024-01-01', 1);"
      "INSERT INTO t SELECT 1, 'x', NULL;"
      "INSERT INTO t BY NAME SELECT 'x' AS b, 2 AS a");
  ASSERT_EQ(session.errors(), "");
  EXPECT_EQ(session.columns(), "a BIGINT, b TEXT, c DATE");
}

TEST_F(BindDdlTest, InsertThatDoesNotFit) {
  session.run("CREATE TABLE t (a INT, b TEXT); CREATE VIEW v AS SELECT 1 AS a");
  EXPECT_EQ(error_of("INSERT INTO t VALUES (1, 'x', 2)"),
            "S0214 \"t\" has 2 columns, and 3 values are given");
  EXPECT_EQ(session.place(), "1, 'x', 2");
  EXPECT_EQ(error_of("INSERT INTO t SELECT DATE '2024-01-01', 'x'"),
            "S0207 column \"a\" is INT, and the value for it is DATE");
  EXPECT_EQ(error_of("INSERT INTO t (a, bb) VALUES (1, 2)"),
            "S0203 column \"bb\" does not exist in \"t\"");
  EXPECT_EQ(error_of("INSERT INTO t VALUES ('one', 'x')"), "S0208 'one' is not a valid INT");
  EXPECT_EQ(error_of("INSERT INTO v VALUES (1)"),
            "S0219 \"v\" is a view, which cannot be written to");
}

TEST_F(BindDdlTest, ChangesNeedASinkThatTakesThem) {
  session.run(
      "CREATE TABLE clicks (page TEXT) WITH (connector = 'events', live = true);"
      "CREATE SINK out WITH (connector = 'log');"
      "CREATE SINK latest WITH (connector = 'upsert');"
      "CREATE TABLE mem (page TEXT, n BIGINT)");
  const std::string query = " SELECT page, count(*) AS n FROM clicks GROUP BY page";
  EXPECT_EQ(error_of("INSERT INTO out" + query),
            "P0106 \"out\" can only be added to, and out/aggregate#1 changes rows it has given "
            "(GROUP -> count(*) by page)");
  EXPECT_EQ(error_of("INSERT INTO latest" + query), "");
  EXPECT_EQ(session.columns(), "page TEXT, n BIGINT");
  EXPECT_EQ(error_of("INSERT INTO mem" + query),
            "P0108 \"mem\" is kept in memory, and these rows never end");
  EXPECT_EQ(error_of("INSERT INTO out SELECT page FROM clicks"), "");
}

TEST_F(BindDdlTest, ASinkMayBeDeclaredWithItsQuery) {
  session.run(
      "CREATE TABLE clicks (page TEXT, ms INT) WITH (connector = 'events');"
      "CREATE SINK slow WITH (connector = 'log') AS SELECT page FROM clicks WHERE ms > 100");
  ASSERT_EQ(session.errors(), "");
  EXPECT_EQ(session.bound(),
            "INSERT INTO slow\n"
            "└─ SELECT page\n"
            "   └─ WHERE ms > 100\n"
            "      └─ FROM clicks (page, ms)\n");
}

TEST_F(BindDdlTest, InsertsOfAStatementSetShareTheirSource) {
  session.run(
      "CREATE TABLE clicks (page TEXT, ms INT) WITH (connector = 'events');"
      "CREATE TABLE a (page TEXT); CREATE TABLE b (ms INT);"
      "BEGIN STATEMENT SET; INSERT INTO a SELECT page FROM clicks WHERE ms > 1;"
      "INSERT INTO b SELECT ms FROM clicks; END");
  ASSERT_EQ(session.errors(), "");
  EXPECT_EQ(session.rewritten(),
            "INSERT INTO a\n"
            "└─ SELECT page WHERE ms > 1\n"
            "   └─ FROM clicks (page, ms)  (shared #1)\n"
            "INSERT INTO b\n"
            "└─ SELECT ms\n"
            "   └─ FROM clicks (page, ms)  (shared #1, see above)\n");
}

TEST_F(BindDdlTest, DescribeShowExplainAndSet) {
  session.run(
      "CREATE TABLE t (a INT, b TEXT[]); DESCRIBE t; SHOW TABLES;"
      "EXPLAIN (FORMAT json) SELECT a FROM t; SET workers = 4");
  ASSERT_EQ(session.errors(), "");
  const auto& described = std::get<BoundRows>(session.statements()[1]);
  EXPECT_EQ(to_string(described.rows[1][1]), "TEXT[]");
  EXPECT_EQ(to_string(std::get<BoundRows>(session.statements()[2]).rows[0][0]), "t");
  EXPECT_TRUE(std::get<BoundExplain>(session.statements()[3]).json);
  EXPECT_EQ(std::get<BoundSet>(session.statements()[4]).value, "4");
}

TEST_F(BindDdlTest, SettingsOfFlinkAreTakenOver) {
  session.run("SET 'parallelism.default' = '4'; SET 'execution.checkpointing.interval' = '10s'");
  ASSERT_EQ(session.errors(), "");
  EXPECT_EQ(std::get<BoundSet>(session.statements()[0]).name, "workers");
  EXPECT_EQ(std::get<BoundSet>(session.statements()[1]).name, "checkpoint_interval");
}

TEST_F(BindDdlTest, SettingsOfFlinkThatChangeResultsAreRefused) {
  EXPECT_EQ(error_of("SET 'table.exec.source.idle-timeout' = '5s'"),
            "C0201 there is no setting \"table.exec.source.idle-timeout\"");
  EXPECT_EQ(error_of("SET 'table.exec.emit.early-fire.enabled' = 'true'"),
            "C0201 there is no setting \"table.exec.emit.early-fire.enabled\"");
}

}  // namespace
}  // namespace thalweg::sql
