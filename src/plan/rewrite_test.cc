#include <gtest/gtest.h>

#include "plan/build.h"

namespace thalweg::plan {
namespace {

ExprPtr column(std::uint32_t i, const char* name) {
  return column_expr(i, type_of(TypeKind::kBigint), name);
}

ExprPtr number(std::int64_t value) { return literal_expr(bigint_value(value)); }

ExprPtr call(const char* name, ExprPtr left, ExprPtr right) {
  const std::vector<ArgumentType> types = {{left->type, false}, {right->type, false}};
  const auto resolved = resolve_function(name, types);
  return call_expr(*resolved->overload, resolved->result_type, {left, right});
}

// t(a, b, c, ts), with a watermark on ts.
TablePtr table() {
  auto table = std::make_shared<Table>();
  table->name = "t";
  for (const char* name : {"a", "b", "c"}) {
    table->columns.push_back({.field = {name, type_of(TypeKind::kBigint)}});
  }
  table->columns.push_back({.field = {"ts", type_of(TypeKind::kTimestamp)}});
  table->watermark = Watermark{
      .column = 3, .bound = column_expr(3, type_of(TypeKind::kTimestamp), "ts"), .delay_micros = 0};
  return table;
}

std::string rewritten(const NodePtr& node) {
  return explain_text(rewrite({.sinks = {make_sink(node, nullptr)}}));
}

TEST(RewriteTest, PredicatesAndColumnsReachTheScan) {
  const NodePtr scan = make_scan(table());
  const NodePtr sum =
      make_project(scan, {column(0, "a"), call("+", column(1, "b"), number(1)), column(2, "c")},
                   {"a", "next", "c"});
  const NodePtr filter = make_filter(sum, call(">", column(1, "next"), number(5)));
  EXPECT_EQ(rewritten(make_project(filter, {column(0, "a")}, {"a"})),
            "result\n"
            "└─ SELECT a\n"
            "   └─ FROM t (a, b) WHERE b + 1 > 5\n");
}

TEST(RewriteTest, ConstantsAreFoldedAndTrueFiltersGone) {
  const NodePtr scan = make_scan(table());
  const NodePtr filter = make_filter(scan, call("<", number(1), number(2)));
  EXPECT_EQ(rewritten(make_project(filter, {call("+", number(1), number(2))}, {"three"})),
            "result\n"
            "└─ SELECT 3 AS three\n"
            "   └─ FROM t (no columns)\n");
}

TEST(RewriteTest, NeighbouringProjectionsBecomeOne) {
  NodePtr node = make_project(make_scan(table()), {column(1, "b"), column(0, "a")}, {"b", "a"});
  node = make_project(node, {column(1, "a"), call("*", column(0, "b"), number(2))}, {"a", "d"});
  node = make_project(node, {column(1, "d"), column(0, "a")}, {"d", "a"});
  EXPECT_EQ(rewritten(node),
            "result\n"
            "└─ SELECT b * 2 AS d, a\n"
            "   └─ FROM t (a, b)\n");
}

TEST(RewriteTest, NothingIsComputedTwice) {
  NodePtr node = make_project(make_scan(table()), {call("*", column(0, "a"), number(2))}, {"d"});
  node = make_project(node, {column(0, "d"), column(0, "d")}, {"x", "y"});
  EXPECT_EQ(rewritten(node),
            "result\n"
            "└─ SELECT d AS x, d AS y\n"
            "   └─ SELECT a * 2 AS d\n"
            "      └─ FROM t (a)\n");
}

TEST(RewriteTest, AFilterIsFusedIntoTheProjectionAboveIt) {
  AggregateCall count;
  count.type = type_of(TypeKind::kBigint);
  count.name = "count(*)";
  NodePtr node =
      make_aggregate(make_scan(table()), {.keys = {column(0, "a")}, .aggregates = {count}}, {"a"},
                     "q/aggregate#1", "q");
  node = make_filter(node, call(">", column(1, "count(*)"), number(1)));
  node = make_project(node, {column(1, "count(*)")}, {"n"});
  EXPECT_EQ(rewritten(node),
            "result\n"
            "└─ SELECT count(*) AS n HAVING count(*) > 1\n"
            "   └─ GROUP -> count(*) by a  [q/aggregate#1: final at the end of input]\n"
            "      └─ FROM t (a)\n");
}

TEST(RewriteTest, ConditionsOnKeysPassTheAggregate) {
  NodePtr node =
      make_aggregate(make_scan(table()), {.keys = {column(0, "a")}}, {"a"}, "q/distinct#1", "q");
  node = make_filter(node, call(">", column(0, "a"), number(1)));
  EXPECT_EQ(rewritten(node),
            "result\n"
            "└─ DISTINCT a  [q/distinct#1: final at the end of input]\n"
            "   └─ FROM t (a) WHERE a > 1\n");
}

TEST(RewriteTest, AWindowNobodyReadsIsNotAssigned) {
  const NodePtr window = make_assign_window(make_scan(table()), {.size_micros = 60'000'000});
  EXPECT_EQ(rewritten(make_project(window, {column(0, "a")}, {"a"})),
            "result\n"
            "└─ FROM t (a)\n");
  const ExprPtr start = column_expr(4, type_of(TypeKind::kTimestamp), "window_start");
  EXPECT_EQ(rewritten(make_project(window, {start}, {"window_start"})),
            "result\n"
            "└─ SELECT window_start\n"
            "   └─ TUMBLE 1 minute\n"
            "      └─ FROM t (no columns)\n");
}

TEST(RewriteTest, LimitsKeepFiltersAbove) {
  NodePtr node = make_sort(make_scan(table()), {.keys = {}, .limit = 3}, "q/sort#1", "q");
  node = make_filter(node, call(">", column(0, "a"), number(1)));
  EXPECT_EQ(rewritten(make_project(node, {column(0, "a")}, {"a"})),
            "result\n"
            "└─ WHERE a > 1\n"
            "   └─ LIMIT 3  [q/sort#1]\n"
            "      └─ FROM t (a)\n");
}

TEST(RewriteTest, WhatIsSharedStaysShared) {
  const NodePtr scan = make_scan(table());
  const NodePtr big = make_project(make_filter(scan, call(">", column(0, "a"), number(1))),
                                   {column(0, "a")}, {"a"});
  const NodePtr small = make_project(scan, {column(1, "b")}, {"a"});
  EXPECT_EQ(rewritten(make_union({big, small})),
            "result\n"
            "└─ UNION ALL\n"
            "   ├─ SELECT a WHERE a > 1\n"
            "   │  └─ FROM t (a, b)  (shared #1)\n"
            "   └─ SELECT b AS a\n"
            "      └─ FROM t (a, b)  (shared #1, see above)\n");
}

TEST(RewriteTest, OriginsAreAskedForBelowWhatDependsOnOrder) {
  AggregateCall first;
  first.kind = AggregateKind::kFirstValue;
  first.args = {column(1, "b")};
  first.type = type_of(TypeKind::kBigint);
  first.name = "first_value(b)";
  const NodePtr filter = make_filter(make_scan(table()), call(">", column(0, "a"), number(1)));
  const NodePtr node = make_aggregate(filter, {.keys = {column(0, "a")}, .aggregates = {first}},
                                      {"a"}, "q/aggregate#1", "q");
  const Plan plan = rewrite({.sinks = {make_sink(node, nullptr)}});
  const Node& aggregate = *plan.sinks[0]->inputs[0];
  EXPECT_FALSE(aggregate.needs_origin);
  EXPECT_TRUE(aggregate.inputs[0]->needs_origin);
}

TEST(RewriteTest, RewritingAgainChangesNothing) {
  const NodePtr scan = make_scan(table());
  const NodePtr filter = make_filter(scan, call(">", column(1, "b"), number(5)));
  const Plan once =
      rewrite({.sinks = {make_sink(make_project(filter, {column(0, "a")}, {"x"}), nullptr)}});
  EXPECT_EQ(explain_text(rewrite(once)), explain_text(once));
  EXPECT_EQ(once.sinks[0]->schema[0].name, "x");
}

TEST(RewriteTest, JsonTellsEveryStep) {
  const Plan plan = rewrite(
      {.sinks = {make_sink(make_project(make_scan(table()), {column(0, "a")}, {"a"}), nullptr)}});
  EXPECT_EQ(
      explain_json(plan),
      "{\"steps\":[{\"step\":0,\"kind\":\"scan\",\"text\":\"FROM t (a)\",\"inputs\":[],"
      "\"columns\":[{\"name\":\"a\",\"type\":\"BIGINT\"}],\"event_time\":\"hidden\","
      "\"bounded\":true,\"updating\":false},{\"step\":1,\"kind\":\"sink\",\"text\":\"result\","
      "\"inputs\":[0],\"columns\":[{\"name\":\"a\",\"type\":\"BIGINT\"}],"
      "\"event_time\":\"hidden\",\"bounded\":true,\"updating\":false}]}\n");
}

}  // namespace
}  // namespace thalweg::plan
