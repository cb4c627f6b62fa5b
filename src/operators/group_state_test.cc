// Groups and their aggregates after a restart: what comes out goes on as if there had been none.
#include "operators/group_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "operators/group_aggregate.h"
#include "operators/random_rows.h"
#include "operators/state_fixture.h"

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

std::vector<GroupCase> group_cases() {
  const AggregateCall rows = aggregate(AggregateKind::kCountStar);
  return {
      {.name = "rows of an integer key",
       .keys = {0},
       .aggregates = {rows},
       .emit = GroupEmit::kAtEnd},
      {.name = "rows of two keys", .keys = {0, 1}, .aggregates = {rows}, .emit = GroupEmit::kAtEnd},
      {.name = "rows of fixed keys",
       .keys = {0, 10},
       .aggregates = {rows},
       .emit = GroupEmit::kAtEnd},
      {.name = "rows of no key", .keys = {}, .aggregates = {rows}, .emit = GroupEmit::kAtEnd},
      {.name = "at the end",
       .keys = {0},
       .aggregates = some_aggregate_calls(),
       .emit = GroupEmit::kAtEnd},
      {.name = "at the end, of rows taken back",
       .keys = {0, 1},
       .aggregates = some_aggregate_calls(),
       .emit = GroupEmit::kAtEnd,
       .updating = true},
      {.name = "every aggregate", .keys = {0}, .aggregates = every_aggregate_call()},
      {.name = "every aggregate of rows taken back",
       .keys = {0},
       .aggregates = every_aggregate_call(),
       .updating = true},
      {.name = "no key", .keys = {}, .aggregates = some_aggregate_calls()},
      {.name = "no key, of rows taken back",
       .keys = {},
       .aggregates = some_aggregate_calls(),
       .updating = true},
      {.name = "keys that go", .keys = {0, 1}, .aggregates = some_aggregate_calls(), .ttl = 40},
      {.name = "keys that go, of rows taken back",
       .keys = {1, 0},
       .aggregates = some_aggregate_calls(),
       .updating = true,
       .ttl = 40},
  };
}

// Feeds random batches to an operator, and to what is made anew from its state now and then.
class GroupRun {
 public:
  GroupRun(const GroupCase& kind, std::uint64_t seed)
      : kind_(kind),
        make_(maker(kind)),
        random_(seed),
        workers_(kind.keys.empty() ? 1 : 1 + static_cast<std::uint32_t>(random_() % 3)),
        original_(start(make_)) {}

  void run() {
    for (int step = 0; step < 40; ++step) {
      feed_all();
      if (random_() % 4 == 0) {
        saved_.save(original_, 1 + static_cast<std::uint32_t>(random_() % 20));
        if (random_() % 3 == 0) {
          saved_.merge(original_.tables);
        }
        if (random_() % 2 == 0) {
          restore();
        }
      }
    }
    advance_all(kEndOfTime);
  }

 private:
  void restore() {
    restored_.clear();
    for (std::uint32_t worker = 0; worker < workers_; ++worker) {
      restored_.push_back(saved_.restore(make_, EventTime{now_}, worker, workers_));
    }
    if (random_() % 2 == 0 && workers_ == 1) {  // Goes on from there, as after a second crash.
      original_ = std::move(restored_[0]);
      restored_.clear();
    }
  }

  void feed_all() {
    now_ += static_cast<std::int64_t>(random_() % 12);
    const std::vector<std::int64_t> micros(1 + random_() % 6, now_);
    const Batch batch =
        kind_.updating ? random_changes(random_, micros, there_) : random_batch(random_, micros);
    CollectingEmitter out;
    feed(*original_.op, batch, out);
    std::vector<CollectingEmitter> outs(restored_.size());
    for (std::size_t i = 0; i < restored_.size(); ++i) {
      Batch own = batch;
      if (!kind_.keys.empty()) {
        std::vector<Column> keys;
        for (const std::uint32_t key : kind_.keys) {
          keys.push_back(batch.columns[key]);
        }
        own = gather(batch,
                     rows_of_worker(keys, batch.length, static_cast<std::uint32_t>(i), workers_));
      }
      if (own.length > 0) {
        feed(*restored_[i].op, own, outs[i]);
      }
    }
    expect_same(out, outs);
    advance_all(EventTime{now_});
  }

  void advance_all(EventTime now) {
    CollectingEmitter out;
    advance(*original_.op, now, out);
    std::vector<CollectingEmitter> outs(restored_.size());
    std::uint64_t expired = 0;
    for (std::size_t i = 0; i < restored_.size(); ++i) {
      advance(*restored_[i].op, now, outs[i]);
      expired += outs[i].expired;
    }
    if (!restored_.empty()) {
      EXPECT_EQ(expired, out.expired);
    }
    expect_same(out, outs);
  }

  static void expect_same(const CollectingEmitter& out,
                          const std::vector<CollectingEmitter>& outs) {
    if (outs.empty()) {
      return;
    }
    std::vector<const CollectingEmitter*> all;
    for (const CollectingEmitter& each : outs) {
      all.push_back(&each);
    }
    EXPECT_EQ(sorted_rows(all), sorted_rows({&out}));
  }

  const GroupCase kind_;
  const MakeOperator make_;
  Dice random_;
  const std::uint32_t workers_;
  KeptOperator original_;
  std::vector<KeptOperator> restored_;
  SavedState saved_;
  std::vector<Batch> there_;
  std::int64_t now_ = 0;
};

TEST(GroupStateTest, WhatComesOutGoesOnAsIfThereHadBeenNoRestart) {
  for (const GroupCase& kind : group_cases()) {
    const std::uint64_t seeds = kind.aggregates.size() > 20 ? 8 : 25;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      SCOPED_TRACE(kind.name + ", seed " + std::to_string(seed));
      GroupRun(kind, seed).run();
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
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
