// Sessions after a restart: what comes out goes on as if there had been none.
#include <gtest/gtest.h>

#include "operators/restart_run.h"
#include "operators/session_aggregate.h"
#include "operators/session_rows.h"

namespace thalweg {
namespace {

using namespace fixture;

struct SessionCase {
  std::string name;
  std::vector<AggregateCall> aggregates;
  WindowEmit emit = WindowEmit::kOnClose;
  std::int64_t lateness = 0;
  std::vector<std::uint32_t> keys = {0};
  std::int64_t gap = 10;
};

RestartCase restart_case(const SessionCase& kind) {
  return {.name = kind.name,
          .make =
              [kind] {
                SessionAggregateSpec spec{.gap_micros = kind.gap,
                                          .lateness_micros = kind.lateness,
                                          .emit = kind.emit,
                                          .every_micros = kind.emit == WindowEmit::kEvery ? 20 : 0};
                for (const std::uint32_t key : kind.keys) {
                  spec.aggregation.keys.push_back(random_column(key));
                }
                spec.aggregation.aggregates = kind.aggregates;
                return make_session_aggregate(std::move(spec));
              },
          .keys = kind.keys,
          .disorder = 60,
          .only_in_the_end = kind.emit == WindowEmit::kEvery};
}

TEST(SessionStateTest, SessionsAreToldOnceAcrossARestart) {
  std::vector<RestartCase> cases;
  for (const SessionCase& kind : std::vector<SessionCase>{
           {.name = "rows", .aggregates = {aggregate(AggregateKind::kCountStar)}},
           {.name = "sessions", .aggregates = some_aggregate_calls()},
           {.name = "short sessions", .aggregates = some_aggregate_calls(), .gap = 2},
           {.name = "two keys", .aggregates = some_aggregate_calls(), .keys = {1, 0}},
           {.name = "no key", .aggregates = some_aggregate_calls(), .keys = {}, .gap = 1}}) {
    cases.push_back(restart_case(kind));
  }
  expect_that_restarts_change_nothing(cases, 12);
}

TEST(SessionStateTest, WhatWasToldOfSessionsIsTakenBackAcrossARestart) {
  const std::vector<AggregateCall> some = some_aggregate_calls();
  std::vector<RestartCase> cases;
  for (const SessionCase& kind : std::vector<SessionCase>{
           {.name = "late rows", .aggregates = some, .lateness = 25},
           {.name = "late rows of short sessions", .aggregates = some, .lateness = 25, .gap = 2},
           {.name = "changes", .aggregates = some, .emit = WindowEmit::kChanges},
           {.name = "changes without keys",
            .aggregates = some,
            .emit = WindowEmit::kChanges,
            .keys = {},
            .gap = 2},
           {.name = "late changes",
            .aggregates = some,
            .emit = WindowEmit::kChanges,
            .lateness = 20,
            .gap = 3},
           {.name = "every", .aggregates = some, .emit = WindowEmit::kEvery},
           {.name = "every, of short sessions",
            .aggregates = some,
            .emit = WindowEmit::kEvery,
            .lateness = 20,
            .gap = 2}}) {
    cases.push_back(restart_case(kind));
  }
  expect_that_restarts_change_nothing(cases, 16);
}

TEST(SessionStateTest, RowsWaitForTheirSessionAcrossARestart) {
  std::vector<RestartCase> cases;
  for (const std::vector<std::uint32_t>& keys :
       {std::vector<std::uint32_t>{0}, std::vector<std::uint32_t>{1, 0},
        std::vector<std::uint32_t>{}}) {
    cases.push_back({.name = std::to_string(keys.size()) + " keys",
                     .make =
                         [keys] {
                           SessionRowsSpec spec{.gap_micros = 4};
                           for (const std::uint32_t key : keys) {
                             spec.keys.push_back(random_column(key));
                           }
                           for (const RandomColumn& column : random_columns()) {
                             spec.input_types.push_back(column.type);
                           }
                           return make_session_rows(std::move(spec));
                         },
                     .keys = keys,
                     .disorder = 60});
  }
  expect_that_restarts_change_nothing(cases, 12);
}

// More sessions than are renumbered at, with epochs between: numbers change, the state does not.
TEST(SessionStateTest, NumbersAnewLoseNoChange) {
  for (const std::int64_t lateness : {0, 7}) {
    const RestartCase kind = restart_case({.name = "",
                                           .aggregates = {aggregate(AggregateKind::kCountStar)},
                                           .lateness = lateness,
                                           .gap = 1});
    KeptOperator kept = start(kind.make);
    Dice random(3);
    SavedState saved;
    CollectingEmitter out;
    for (std::int64_t time = 0; time < 24'000; time += 40) {
      std::vector<std::int64_t> micros;
      for (std::int64_t i = 0; i < 40; ++i) {
        micros.push_back(time + static_cast<std::int64_t>(random() % 40));
      }
      feed(*kept.op, random_batch(random, micros), out);
      advance(*kept.op, EventTime{time}, out);
      if (random() % 5 == 0) {
        saved.save(kept, 1000);
      }
    }
    saved.save(kept, 1000);
    const KeptOperator restored = saved.restore(kind.make, EventTime{23'960});
    CollectingEmitter expected;
    CollectingEmitter found;
    advance(*kept.op, kEndOfTime, expected);
    advance(*restored.op, kEndOfTime, found);
    EXPECT_GT(expected.rows().size(), 10U);
    EXPECT_EQ(sorted_rows({&found}), sorted_rows({&expected}));
    EXPECT_LT(saved.rows(*kept.tables[0]), 200U);
    saved.save(kept, 1000);
    for (const StateTable* table : kept.tables) {
      EXPECT_EQ(saved.rows(*table), 0U) << table->schema().name;
    }
  }
}

}  // namespace
}  // namespace thalweg
