// Groups and their aggregates after a restart: what comes out goes on as if there had been none.
#include "operators/group_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "operators/group_aggregate.h"
#include "operators/restart_run.h"

namespace thalweg {
namespace {

using namespace fixture;
using namespace std::string_view_literals;

struct GroupCase {
  std::string name;
  std::vector<std::uint32_t> keys;
  std::vector<AggregateCall> aggregates;
  GroupEmit emit = GroupEmit::kChanges;
  bool updating = false;
  std::int64_t ttl = 0;
};

MakeOperator maker(const GroupCase& kind) {
  return [kind] {
    GroupAggregateSpec spec;
    for (const std::uint32_t key : kind.keys) {
      spec.aggregation.keys.push_back(random_column(key));
    }
    spec.aggregation.aggregates = kind.aggregates;
    spec.aggregation.updating_input = kind.updating;
    spec.emit = kind.emit;
    spec.ttl = {.micros = kind.ttl};
    return make_group_aggregate(std::move(spec));
  };
}

std::vector<RestartCase> restart_cases(const std::vector<GroupCase>& kinds) {
  std::vector<RestartCase> cases;
  for (const GroupCase& kind : kinds) {
    cases.push_back(
        {.name = kind.name, .make = maker(kind), .keys = kind.keys, .updating = kind.updating});
  }
  return cases;
}

TEST(GroupStateTest, WhatComesOutGoesOnAsIfThereHadBeenNoRestart) {
  const AggregateCall rows = aggregate(AggregateKind::kCountStar);
  const std::vector<AggregateCall> some = some_aggregate_calls();
  const GroupEmit at_end = GroupEmit::kAtEnd;
  const std::vector<GroupCase> kinds = {
      {.name = "rows of an integer", .keys = {0}, .aggregates = {rows}, .emit = at_end},
      {.name = "rows of two keys", .keys = {0, 1}, .aggregates = {rows}, .emit = at_end},
      {.name = "rows of fixed keys", .keys = {0, 10}, .aggregates = {rows}, .emit = at_end},
      {.name = "rows of no key", .keys = {}, .aggregates = {rows}, .emit = at_end},
      {.name = "at the end", .keys = {0}, .aggregates = some, .emit = at_end},
      {.name = "at the end, of changes",
       .keys = {0, 1},
       .aggregates = some,
       .emit = at_end,
       .updating = true},
      {.name = "no key", .keys = {}, .aggregates = some},
      {.name = "no key, of changes", .keys = {}, .aggregates = some, .updating = true},
      {.name = "keys that go", .keys = {0, 1}, .aggregates = some, .ttl = 40},
      {.name = "keys that go, of changes",
       .keys = {1, 0},
       .aggregates = some,
       .updating = true,
       .ttl = 40},
  };
  expect_that_restarts_change_nothing(restart_cases(kinds), 10);
}

TEST(GroupStateTest, EveryAggregateOverEveryTypeGoesOn) {
  const std::vector<GroupCase> kinds = {
      {.name = "rows", .keys = {0}, .aggregates = every_aggregate_call()},
      {.name = "changes", .keys = {0}, .aggregates = every_aggregate_call(), .updating = true}};
  expect_that_restarts_change_nothing(restart_cases(kinds), 4);
}

TEST(GroupStateTest, AnEpochHasOnlyTheGroupsThatHaveChanged) {
  const GroupCase kind{.name = "", .keys = {0}, .aggregates = some_aggregate_calls()};
  KeptOperator kept = start(maker(kind));
  Dice random(1);
  CollectingEmitter out;
  feed(*kept.op, random_batch(random, std::vector<std::int64_t>(200, 0)), out);
  SavedState saved;
  saved.save(kept, 1000);
  EXPECT_EQ(saved.rows(*kept.tables[0]), 7U);  // Six keys and NULL.
  const std::size_t before = saved.changed_rows(*kept.tables[0]);
  saved.save(kept, 1000);
  EXPECT_EQ(saved.changed_rows(*kept.tables[0]), before);

  feed(*kept.op, random_batch(random, {5}), out);
  saved.save(kept, 1000);

  EXPECT_EQ(saved.changed_rows(*kept.tables[0]), before + 1);
}

TEST(GroupStateTest, GroupsWithoutRowsAreErased) {
  const GroupCase kind{
      .name = "", .keys = {0}, .aggregates = some_aggregate_calls(), .updating = true};
  KeptOperator kept = start(maker(kind));
  Dice random(1);
  CollectingEmitter out;
  Batch rows = random_batch(random, std::vector<std::int64_t>(50, 0));
  set_changes(rows, std::vector<int>(50, 1));
  feed(*kept.op, rows, out);
  SavedState saved;
  saved.save(kept, 1000);
  set_changes(rows, std::vector<int>(50, -1));
  feed(*kept.op, rows, out);
  saved.save(kept, 1000);
  for (const StateTable* table : kept.tables) {
    EXPECT_EQ(saved.rows(*table), 0U) << table->schema().name;
  }
}

TEST(GroupStateTest, TablesAreDealtOutByTheKeysOfTheExchange) {
  const GroupCase kind{.name = "", .keys = {1, 0}, .aggregates = some_aggregate_calls()};
  KeptOperator kept = start(maker(kind));
  ASSERT_EQ(kept.tables.size(), 4U);  // Groups, and the values of three arguments.
  for (const StateTable* table : kept.tables) {
    EXPECT_EQ(table->schema().partition_columns, 2U);
    EXPECT_EQ(table->schema().columns[0].type, type_of(TypeKind::kText));
    EXPECT_EQ(table->schema().columns[1].type, type_of(TypeKind::kBigint));
  }
  EXPECT_EQ(kept.tables[0]->schema().key_columns, 2U);
  EXPECT_EQ(kept.tables[1]->schema().key_columns, 3U);
}

TEST(GroupStateTest, BytesThatNoAggregateWritesAreRefused) {
  const GroupCase kind{
      .name = "", .keys = {0}, .aggregates = every_aggregate_call(), .updating = true};
  KeptOperator kept = start(maker(kind));
  Dice random(1);
  CollectingEmitter out;
  Batch rows = random_batch(random, std::vector<std::int64_t>(50, 0));
  feed(*kept.op, rows, out);
  StateChanges changes;
  ASSERT_TRUE(kept.tables[0]->next_changes(1000, changes));
  const Schema& columns = kept.tables[0]->schema().columns;
  std::size_t lists = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type.kind != TypeKind::kBytea) {
      continue;
    }
    ++lists;
    for (const std::string_view bytes : {""sv, "\x02"sv, "\x01"sv, "\x01\x05\0\0\0abc"sv}) {
      ColumnBuilder builder(columns[i].type);
      for (std::uint32_t row = 0; row < changes.put_rows(); ++row) {
        builder.append_text(bytes);
      }
      StateChanges broken = changes;
      broken.puts[i] = builder.finish();
      KeptOperator fresh(maker(kind));
      const Status status = fresh.tables[0]->apply(broken);
      EXPECT_EQ(status.ok(), bytes == "\x01") << columns[i].name;  // No rows are a list too.
      EXPECT_EQ(status.code() == Code::kCorrupt, bytes != "\x01");
    }
  }
  EXPECT_GT(lists, 10U);
}

}  // namespace
}  // namespace thalweg
