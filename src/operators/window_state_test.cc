// Windowed aggregates after a restart: what comes out goes on as if there had been none.
#include <gtest/gtest.h>

#include "operators/partial_aggregate.h"
#include "operators/restart_run.h"
#include "operators/window_aggregate.h"

namespace thalweg {
namespace {

using namespace fixture;

struct WindowCase {
  std::string name;
  WindowGrid grid;
  std::vector<AggregateCall> aggregates;
  WindowEmit emit = WindowEmit::kOnClose;
  std::int64_t lateness = 0;
  bool updating = false;
  std::vector<std::uint32_t> keys = {0, 1};
};

RestartCase restart_case(const WindowCase& kind) {
  return {.name = kind.name,
          .make =
              [kind] {
                WindowAggregateSpec spec{.aggregation = {}, .windows = {.grid = kind.grid}};
                for (const std::uint32_t key : kind.keys) {
                  spec.aggregation.keys.push_back(random_column(key));
                }
                spec.aggregation.aggregates = kind.aggregates;
                spec.aggregation.updating_input = kind.updating;
                spec.windows.lateness_micros = kind.lateness;
                spec.emit = kind.emit;
                spec.every_micros = kind.emit == WindowEmit::kEvery ? 20 : 0;
                return make_window_aggregate(std::move(spec));
              },
          .keys = kind.keys,
          .updating = kind.updating,
          .disorder = 40,
          .only_in_the_end = kind.emit == WindowEmit::kEvery};
}

// Such as windows that overlap compute from slices.
std::vector<AggregateCall> sliced_calls() {
  std::vector<AggregateCall> calls = {aggregate(AggregateKind::kCountStar)};
  for (const auto& [kind, column] :
       {std::pair{AggregateKind::kCount, 3U}, std::pair{AggregateKind::kSum, 7U},
        std::pair{AggregateKind::kSum, 6U}, std::pair{AggregateKind::kAvg, 5U},
        std::pair{AggregateKind::kMin, 4U}, std::pair{AggregateKind::kMax, 6U}}) {
    AggregateCall& call = calls.emplace_back();
    call.kind = kind;
    call.args = {random_column(column)};
    call.type = *aggregate_type(kind, {&call.args[0]->type, 1});
  }
  return calls;
}

TEST(WindowStateTest, WindowsAreToldOnceAcrossARestart) {
  const WindowGrid tumble(20, 3);
  const WindowGrid hop = WindowGrid::hop(7, 30, 1);
  const std::vector<AggregateCall> some = some_aggregate_calls();
  std::vector<RestartCase> cases;
  for (const WindowCase& kind : std::vector<WindowCase>{
           {.name = "rows", .grid = tumble, .aggregates = {aggregate(AggregateKind::kCountStar)}},
           {.name = "rows of one key",
            .grid = tumble,
            .aggregates = {aggregate(AggregateKind::kCountStar)},
            .keys = {0}},
           {.name = "tumble", .grid = tumble, .aggregates = some},
           {.name = "tumble without keys", .grid = tumble, .aggregates = some, .keys = {}},
           {.name = "tumble of changes", .grid = tumble, .aggregates = some, .updating = true},
           {.name = "hop", .grid = hop, .aggregates = sliced_calls()},
           {.name = "hop without keys", .grid = hop, .aggregates = sliced_calls(), .keys = {}},
           {.name = "hop with gaps",
            .grid = WindowGrid::hop(30, 7, 1),
            .aggregates = sliced_calls()},
           {.name = "cumulate",
            .grid = WindowGrid::cumulate(7, 30, 0),
            .aggregates = sliced_calls()},
           {.name = "hop of whole windows", .grid = hop, .aggregates = some},
       }) {
    cases.push_back(restart_case(kind));
  }
  expect_that_restarts_change_nothing(cases, 10);
}

TEST(WindowStateTest, WhatWasToldIsTakenBackAcrossARestart) {
  const WindowGrid tumble(20, 3);
  const WindowGrid hop = WindowGrid::hop(7, 30, 1);
  const std::vector<AggregateCall> some = some_aggregate_calls();
  std::vector<RestartCase> cases;
  for (const WindowCase& kind : std::vector<WindowCase>{
           {.name = "late rows", .grid = tumble, .aggregates = some, .lateness = 25},
           {.name = "late changes",
            .grid = tumble,
            .aggregates = some,
            .lateness = 25,
            .updating = true},
           {.name = "late rows without keys",
            .grid = hop,
            .aggregates = some,
            .lateness = 10,
            .keys = {}},
           {.name = "changes", .grid = hop, .aggregates = some, .emit = WindowEmit::kChanges},
           {.name = "changes of changes",
            .grid = tumble,
            .aggregates = some,
            .emit = WindowEmit::kChanges,
            .updating = true},
           {.name = "every", .grid = tumble, .aggregates = some, .emit = WindowEmit::kEvery},
           {.name = "every, of changes",
            .grid = tumble,
            .aggregates = some,
            .emit = WindowEmit::kEvery,
            .lateness = 10,
            .updating = true},
       }) {
    cases.push_back(restart_case(kind));
  }
  expect_that_restarts_change_nothing(cases, 10);
}

// A first stage and the aggregate behind it, as where rows change workers.
class TwoStages final : public Operator {
 public:
  explicit TwoStages(WindowAggregateSpec spec)
      : first_(make_partial_aggregate(
            {.aggregation = spec.aggregation, .windows = spec.windows, .groups_max = 9})) {
    spec.aggregation.input = AggregateInput::kPartials;
    second_ = make_window_aggregate(std::move(spec));
  }

  Result<std::vector<StateTable*>> state_tables() override { return second_->state_tables(); }
  void restored(EventTime watermark) override {
    first_->restored(watermark);
    second_->restored(watermark);
  }
  Status before_epoch(Emitter& out) override {
    CollectingEmitter between;
    TW_TRY(first_->before_epoch(between));
    return pass_on(between, out).status();
  }
  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    CollectingEmitter between;
    EXPECT_TRUE(first_->process(0, std::move(batch), between).ok());
    return pass_on(between, out);
  }
  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    CollectingEmitter between;
    EXPECT_TRUE(first_->on_time(clock, now, between).ok());
    EXPECT_TRUE(pass_on(between, out).ok());
    return second_->on_time(clock, now, out);
  }
  Result<Progress> resume(Emitter& out) override { return second_->resume(out); }

 private:
  Result<Progress> pass_on(CollectingEmitter& between, Emitter& out) {
    for (Batch& batch : between.batches) {
      EXPECT_TRUE(second_->process(0, std::move(batch), out).ok());
    }
    return Progress::kDone;
  }

  std::unique_ptr<Operator> first_;
  std::unique_ptr<Operator> second_;
};

TEST(WindowStateTest, WhatIsInAFirstStageIsInTheSecondBeforeAnEpoch) {
  std::vector<RestartCase> cases;
  for (const WindowGrid& grid : {WindowGrid(20, 3), WindowGrid::hop(7, 30, 1)}) {
    cases.push_back({.name = grid.tumbles() ? "tumble" : "hop",
                     .make =
                         [grid] {
                           WindowAggregateSpec spec{.aggregation = {}, .windows = {.grid = grid}};
                           spec.aggregation.keys = {random_column(0), random_column(1)};
                           spec.aggregation.aggregates = sliced_calls();
                           return std::make_unique<TwoStages>(std::move(spec));
                         },
                     .keys = {0, 1},
                     .disorder = 40});
  }
  expect_that_restarts_change_nothing(cases, 10);
}

TEST(WindowStateTest, AClosedWindowIsOneDrop) {
  const RestartCase kind =
      restart_case({.name = "", .grid = WindowGrid(10, 0), .aggregates = some_aggregate_calls()});
  KeptOperator kept = start(kind.make);
  Dice random(1);
  CollectingEmitter out;
  feed(*kept.op, random_batch(random, std::vector<std::int64_t>(50, 5)), out);
  feed(*kept.op, random_batch(random, std::vector<std::int64_t>(50, 15)), out);
  SavedState saved;
  saved.save(kept, 1000);
  advance(*kept.op, EventTime{10}, out);
  for (StateTable* table : kept.tables) {
    StateChanges changes;
    ASSERT_TRUE(table->next_changes(1000, changes)) << table->schema().name;
    EXPECT_EQ(changes.dropped_to, EventTime{10});
    EXPECT_EQ(changes.erased_rows() + changes.put_rows(), 0U);
    EXPECT_FALSE(table->next_changes(1000, changes));
    EXPECT_EQ(table->schema().columns[table->schema().partition_columns].type,
              type_of(TypeKind::kTimestamp));
  }
}

TEST(WindowStateTest, ASliceIsWrittenOnceHoweverManyWindowsItIsIn) {
  const RestartCase kind =
      restart_case({.name = "", .grid = WindowGrid::hop(10, 50, 0), .aggregates = sliced_calls()});
  KeptOperator kept = start(kind.make);
  Dice random(1);
  CollectingEmitter out;
  feed(*kept.op, random_batch(random, std::vector<std::int64_t>(100, 5)), out);
  advance(*kept.op, EventTime{10}, out);  // Merged before it has been written.
  SavedState saved;
  saved.save(kept, 1000);
  const std::size_t groups = saved.rows(*kept.tables[0]);
  EXPECT_GT(groups, 10U);
  for (int time = 20; time < 50; time += 10) {
    advance(*kept.op, EventTime{time}, out);
    saved.save(kept, 1000);
    EXPECT_EQ(saved.changed_rows(*kept.tables[0]), groups);
    EXPECT_EQ(saved.rows(*kept.tables[0]), groups);
  }
  advance(*kept.op, EventTime{60}, out);
  saved.save(kept, 1000);
  EXPECT_EQ(saved.changed_rows(*kept.tables[0]), groups);
}

}  // namespace
}  // namespace thalweg
