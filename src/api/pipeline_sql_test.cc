#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "thalweg/thalweg.h"

namespace thalweg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

struct Order {
  std::string shop;
  double amount;
  Timestamp time;
};

std::vector<Order> orders() {
  std::vector<Order> rows;
  for (int i = 0; i < 120; ++i) {
    rows.push_back({i % 2 == 0 ? "north" : "south", i * 0.25, {std::int64_t{i} * 1'000'000}});
  }
  return rows;
}

class PipelineSqlTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  SessionOptions options() const { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Workers, PipelineSqlTest, testing::Values(1U, 4U));

TEST_P(PipelineSqlTest, ReadsSourcesAndNamedStreams) {
  std::vector<std::string> rows;
  Pipeline pipeline("sql");
  pipeline.source(orders()).event_time<&Order::time>(bounded_out_of_order(0s));
  pipeline.source(orders(), "Others")
      .event_time<&Order::time>(bounded_out_of_order(0s))
      .filter([](const Order& order) { return order.amount >= 15; })
      .as_table("large");
  pipeline
      .sql(
          "CREATE VIEW both AS SELECT * FROM \"order\" UNION ALL SELECT * FROM large;"
          "SELECT window_start, shop, count(*) AS n FROM TUMBLE(large, time, INTERVAL '1 minute')"
          " GROUP BY window_start, window_end, shop")
      .sink([&](const Record& row) {
        rows.push_back(row.text(0) + "|" + row.text("shop") + "|" + row.text("n"));
      });
  std::int64_t total = 0;
  pipeline.sql("SELECT count(*) AS n FROM both").sink([&](const Record& row) {
    total = row.integer("n");
  });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone)
      << (report.problems.empty() ? "" : report.problems[0].text);
  EXPECT_THAT(rows,
              UnorderedElementsAre("1970-01-01 00:01:00|north|30", "1970-01-01 00:01:00|south|30"));
  EXPECT_EQ(total, 180);
}

TEST_P(PipelineSqlTest, TakesRowsThatArePushedIn) {
  const Input<Order> input(8);
  std::map<std::string, double> sums;
  Pipeline pipeline("pushed");
  pipeline.source(input);
  pipeline.sql("SELECT shop, amount * 2 AS twice FROM \"order\" WHERE amount > 1")
      .sink([&](const Record& row) { sums[row.text("shop")] += row.number("twice"); });
  std::vector<std::thread> pushing;
  for (int thread = 0; thread < 3; ++thread) {
    pushing.emplace_back([&] {
      for (const Order& order : orders()) {
        EXPECT_TRUE(input.push(order));
      }
    });
  }
  std::thread closing([&] {
    for (std::thread& thread : pushing) {
      thread.join();
    }
    input.close();
  });
  const RunReport report = pipeline.run(options());
  closing.join();
  EXPECT_EQ(report.outcome, Outcome::kDone);
  std::map<std::string, double> expected;
  for (const Order& order : orders()) {
    if (order.amount > 1) {
      expected[order.shop] += 3 * 2 * order.amount;
    }
  }
  EXPECT_EQ(sums, expected);
  EXPECT_FALSE(input.push(orders()[0]));
}

TEST_P(PipelineSqlTest, ExecuteRunsInsertsWithThePipeline) {
  const std::string path = testing::TempDir() + "thalweg-execute.csv";
  std::size_t rows = 0;
  Pipeline pipeline("execute");
  pipeline.source(orders()).sink([&](const Order&) { ++rows; });
  pipeline.execute("CREATE SINK kept (shop TEXT, n BIGINT) WITH (connector = 'file', path = '" +
                   path + "', format = 'csv');" +
                   "INSERT INTO kept SELECT shop, count(*) FROM \"order\" GROUP BY shop");
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone)
      << (report.problems.empty() ? "" : report.problems[0].text);
  EXPECT_EQ(rows, 120U);
  EXPECT_EQ(report.summary.rows_in, 120U);  // Read once.
  EXPECT_EQ(report.summary.rows_out, 122U);
}

TEST_P(PipelineSqlTest, RecordsReadEveryTypeOfColumn) {
  bool seen = false;
  Pipeline pipeline("types");
  pipeline
      .sql(
          "SELECT 1::SMALLINT AS small, 12345678901 AS big, 1.25::NUMERIC(10,2) AS exact, "
          "0.5::DOUBLE AS part, true AS yes, 'text' AS word, NULL::BIGINT AS none, "
          "TIMESTAMP '2024-02-29 12:00:00.5' AS at, DATE '1970-01-03' AS day")
      .sink([&](const Record& row) {
        seen = true;
        EXPECT_EQ(row.size(), 9U);
        EXPECT_EQ(row.name(1), "big");
        EXPECT_EQ(row.integer("small"), 1);
        EXPECT_EQ(row.integer("big"), 12345678901);
        EXPECT_EQ(row.number("exact"), 1.25);
        EXPECT_EQ(row.integer("exact"), 1);
        EXPECT_EQ(row.number("part"), 0.5);
        EXPECT_TRUE(row.boolean("yes"));
        EXPECT_EQ(row.text("word"), "text");
        EXPECT_TRUE(row.is_null("none"));
        EXPECT_EQ(row.integer("none"), 0);
        EXPECT_EQ(row.text("none"), "");
        EXPECT_EQ(to_string(row.time("at")), "2024-02-29 12:00:00.5");
        EXPECT_EQ(row.integer("day"), 2);
        EXPECT_EQ(row.text("exact"), "1.25");
        EXPECT_EQ(row.change(), 1);
        EXPECT_TRUE(row.has("day"));
        EXPECT_FALSE(row.has("Day"));
      });
  const RunReport report = pipeline.run(options());
  EXPECT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  EXPECT_TRUE(seen);
}

TEST_P(PipelineSqlTest, AMistypedColumnOfARecordIsNoSilence) {
  Pipeline pipeline("mistyped");
  pipeline.sql("SELECT 1 AS bids, 'a' AS word").sink([](const Record& row) { row.integer("bid"); });
  RunReport report = pipeline.run(options());
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text,
              HasSubstr("there is no column \"bid\"; there are bids, word"));

  Pipeline other("wrong-type");
  other.sql("SELECT 'a' AS word").sink([](const Record& row) { row.number("word"); });
  report = other.run(options());
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  EXPECT_THAT(report.problems[0].text, HasSubstr("column \"word\" is TEXT, not a number"));
}

struct Doubled {
  std::int64_t n;
  std::optional<std::string> word;
};

TEST_P(PipelineSqlTest, RecordsFilterAndMap) {
  std::vector<std::int64_t> values;
  Pipeline pipeline("records");
  pipeline.sql("SELECT * FROM (VALUES (1, 'a'), (2, NULL), (3, 'c')) AS t (n, word)")
      .filter([](const Record& row) { return !row.is_null("word"); })
      .map([](const Record& row) { return Doubled{row.integer("n") * 2, row.text("word")}; })
      .sink([&](const Doubled& row) { values.push_back(row.n); });
  ASSERT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_THAT(values, UnorderedElementsAre(2, 6));
}

TEST_P(PipelineSqlTest, CastsWhatAStructWants) {
  std::vector<Doubled> rows;
  Pipeline pipeline("casts");
  pipeline.sql("SELECT 2.5::DOUBLE AS word, '7' AS n").as<Doubled>().sink([&](const Doubled& row) {
    rows.push_back(row);
  });
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.outcome, Outcome::kDone) << report.problems[0].text;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].n, 7);
  EXPECT_EQ(rows[0].word, "2.5");
}

std::string problems_of(Pipeline& pipeline) {
  const RunReport report = pipeline.run({.workers = 1});
  EXPECT_EQ(report.outcome, Outcome::kInvalid);
  std::string text;
  for (const Problem& problem : report.problems) {
    text += problem.text;
  }
  return text;
}

TEST(PipelineSqlErrorTest, MistakesAreShownInTheText) {
  Pipeline pipeline("wrong");
  pipeline.source(orders());
  pipeline.sql("SELECT shop,\n  amuont FROM \"order\"").sink([](const Record&) {});
  const std::string text = problems_of(pipeline);
  EXPECT_THAT(text, HasSubstr("wrong, sql:2:3"));
  EXPECT_THAT(text, HasSubstr("amuont"));
}

TEST(PipelineSqlErrorTest, ARunNeedsAQueryWhoseRowsAreTaken) {
  Pipeline insert("insert");
  insert.sql("CREATE VIEW v AS SELECT 1 AS a").sink([](const Record&) {});
  EXPECT_THAT(problems_of(insert), HasSubstr("the last statement is no query"));

  Pipeline twice("twice");
  twice.sql("SELECT 1; SELECT 2").sink([](const Record&) {});
  EXPECT_THAT(problems_of(twice), HasSubstr("nobody takes the rows of a query"));

  Pipeline select("select");
  select.execute("SELECT 1");
  EXPECT_THAT(problems_of(select), HasSubstr("nobody takes the rows of a query"));
}

TEST(PipelineSqlErrorTest, TablesInMemoryAreASessions) {
  Pipeline pipeline("memory");
  pipeline.sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1); SELECT * FROM t")
      .sink([](const Record&) {});
  EXPECT_THAT(problems_of(pipeline), HasSubstr("table \"t\" is kept in memory"));
}

// Whoever pushes is let go when a run ends, whatever the outcome.
TEST(PipelineSqlErrorTest, AnInvalidPipelineClosesItsInputs) {
  const Input<Order> input(1);
  Pipeline pipeline("closed");
  pipeline.source(input).key_by({"nothing"}).aggregate(count()).sink([](const Record&) {});
  std::thread pushing([&] {
    while (input.push(orders()[0])) {
    }
  });
  EXPECT_EQ(pipeline.run().outcome, Outcome::kInvalid);
  pushing.join();
}

TEST_P(PipelineSqlTest, ItsFirstRowsAreAllThatIsReadFor) {
  constexpr int kMany = 3'000'000;  // Without end, but for a test that has failed.
  int asked = 0;
  std::vector<std::string> shops;
  Pipeline pipeline("first");
  pipeline.source<Order>(
      [&asked]() -> std::optional<Order> {
        if (++asked > kMany) {
          return std::nullopt;
        }
        return Order{"north", 1, {asked}};
      },
      "orders");
  pipeline.sql("SELECT * FROM orders LIMIT 3")
      .as<Order>()
      .filter([](const Order& order) { return order.amount > 0; })
      .sink([&](const Order& order) { shops.push_back(order.shop); });
  EXPECT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_THAT(shops, ElementsAre("north", "north", "north"));
  EXPECT_LT(asked, kMany);
}

}  // namespace
}  // namespace thalweg
