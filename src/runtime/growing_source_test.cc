// Partitions that come while a job reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "runtime/job.h"
#include "runtime/runtime_fixture.h"
#include "runtime/source_step.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::ElementsAre;

constexpr std::int64_t kSecond = 1'000'000;

// Tells what a test has put there. Borrows its partitions.
class GrowingSource final : public Source {
 public:
  explicit GrowingSource(std::vector<std::uint32_t> columns) : columns_(std::move(columns)) {}

  Status open() override { return {}; }
  bool bounded() const override { return false; }
  bool can_resume() const override { return true; }
  bool may_grow() const override { return true; }
  bool may_come(std::string_view) const override { return true; }
  std::vector<Partition*> partitions() override { return begins_with; }
  Result<std::vector<Partition*>> new_partitions() override {
    if (on_look) {
      on_look();
    }
    if (!failure.ok()) {
      return Status(failure);
    }
    return std::exchange(come, {});
  }
  std::unique_ptr<BlockReader> make_reader() override {
    return std::make_unique<TestReader>(columns_);
  }
  void epoch_counts(const std::vector<ReadPosition>& positions) override { counted = positions; }

  std::vector<Partition*> begins_with;
  std::vector<Partition*> come;
  std::function<void()> on_look;
  Status failure;
  std::vector<ReadPosition> counted;

 private:
  const std::vector<std::uint32_t> columns_;
};

std::unique_ptr<TestPartition> live_partition(std::string name, std::vector<TestRow> rows,
                                              std::uint32_t block_rows) {
  auto partition = std::make_unique<TestPartition>(std::move(rows), block_rows);
  partition->called = std::move(name);
  partition->live = true;
  return partition;
}

// One worker's step over a growing source, with watermarks that follow times at once.
class Scan {
 public:
  Scan() {
    const auto table = test_table(/*delay_micros=*/0);
    table->time_policy.idle_timeout = 30 * kSecond;
    scan_.table = table;
    scan_.output = {kAmountColumn, kTimeColumn};
    scan_.physical = physical_columns(*table, scan_.output, /*event_time=*/true);
    scan_.event_time = true;
    auto source = std::make_unique<GrowingSource>(scan_.physical);
    source_ = source.get();
    scan_.source = std::move(source);
    scan_.begun_nanos = env_.steady_nanos();
    context_.emplace(WorkerContext{.env = env_, .worker = 0, .dice = {}, .failure = {}});
    step_.emplace(*context_, scan_, signals_);
    step_->add_outlet(std::make_unique<RecordingOutlet>(sent_, room_));
  }

  GrowingSource& source() { return *source_; }
  FakeEnv& env() { return env_; }
  SourceStep& step() { return *step_; }
  const Status& failure() const { return context_->failure; }

  TestPartition& come(std::vector<TestRow> rows) {
    partitions_.push_back(
        live_partition("p" + std::to_string(partitions_.size()), std::move(rows), 1));
    source_->come.push_back(partitions_.back().get());
    return *partitions_.back();
  }

  // Claims a block, if there is one, and sends its rows on.
  void turn() {
    step_->run_once();
    step_->run_once();
  }

  // As sent last; nothing: never.
  std::optional<WatermarkMessage> watermark() const {
    for (auto message = sent_.rbegin(); message != sent_.rend(); ++message) {
      if (const auto* const found = std::get_if<WatermarkMessage>(&*message)) {
        return *found;
      }
    }
    return std::nullopt;
  }
  std::int64_t time() const { return watermark() ? watermark()->time.micros : -1; }

  std::vector<std::int64_t> amounts() const {
    std::vector<std::int64_t> all;
    for (const Message& message : sent_) {
      if (const auto* const batch = std::get_if<Batch>(&message)) {
        for (std::uint32_t i = 0; i < batch->num_rows(); ++i) {
          all.push_back(batch->columns[0].values<std::int64_t>()[batch->row(i)]);
        }
      }
    }
    return all;
  }

 private:
  FakeEnv env_;
  SharedScan scan_;
  SourceSignals signals_;
  GrowingSource* source_ = nullptr;
  std::vector<std::unique_ptr<TestPartition>> partitions_;
  std::vector<Message> sent_;
  bool room_ = true;
  std::optional<WorkerContext> context_;
  std::optional<SourceStep> step_;
};

TestRow row(std::int64_t amount, std::int64_t time) {
  return {.key = "k", .amount = amount, .time = time};
}

TEST(GrowingSource, AScanWithoutPartitionsWaitsForThemAndHoldsNobodyBackForLong) {
  Scan scan;
  scan.turn();
  EXPECT_FALSE(scan.step().finished());
  EXPECT_FALSE(scan.watermark() && scan.watermark()->idle);
  scan.env().advance_micros(31 * kSecond);
  scan.turn();
  ASSERT_TRUE(scan.watermark());
  EXPECT_TRUE(scan.watermark()->idle);

  scan.come({row(1, 100), row(2, 200)});
  scan.turn();
  scan.turn();
  EXPECT_THAT(scan.amounts(), ElementsAre(1, 2));
  EXPECT_FALSE(scan.watermark()->idle);
  EXPECT_EQ(scan.time(), 200);
  EXPECT_FALSE(scan.step().finished());
}

TEST(GrowingSource, APartitionThatComesHoldsTheWatermarkUntilItHasFollowed) {
  Scan scan;
  scan.come({row(1, 100), row(2, 200), row(3, 300), row(4, 400)});
  scan.turn();
  EXPECT_EQ(scan.time(), 100);
  scan.come({row(11, 150), row(12, 350)});
  scan.turn();  // That one is furthest behind.
  EXPECT_THAT(scan.amounts(), ElementsAre(1, 11));
  EXPECT_EQ(scan.time(), 100);
  scan.turn();
  EXPECT_EQ(scan.time(), 150);
  scan.turn();
  scan.turn();
  scan.turn();
  EXPECT_THAT(scan.amounts(), ElementsAre(1, 11, 2, 12, 3, 4));
  EXPECT_EQ(scan.time(), 350);
}

TEST(GrowingSource, APartitionWithoutRowsIsIdleAfterAWhile) {
  Scan scan;
  scan.come({row(1, 100), row(2, 200), row(3, 300)});
  scan.turn();
  scan.come({});
  scan.turn();
  EXPECT_THAT(scan.amounts(), ElementsAre(1, 2));
  EXPECT_EQ(scan.time(), 100);
  scan.env().advance_micros(31 * kSecond);
  scan.turn();
  EXPECT_THAT(scan.amounts(), ElementsAre(1, 2, 3));
  EXPECT_EQ(scan.time(), 300);
}

TEST(GrowingSource, WhatNeverPassesEndsTheJob) {
  Scan scan;
  scan.source().failure = invalid_argument("no right to look");
  scan.turn();
  EXPECT_EQ(scan.failure().message(), "no right to look");
}

// What a crash leaves: the topic, so to speak, and what readers of the sink see.
struct World {
  struct Part {
    std::string name;
    std::vector<TestRow> rows;
    std::uint64_t comes_at = 0;
  };
  std::vector<Part> parts;
  std::uint64_t looks = 0;  // For new partitions, in all lives.

  using Rows = std::vector<std::pair<std::vector<std::string>, int>>;
  std::map<std::uint64_t, Rows> prepared;
  std::map<std::vector<std::string>, int> seen;

  void show(std::uint64_t epoch) {
    for (const auto& [texts, change] : prepared[epoch]) {
      if ((seen[texts] += change) == 0) {
        seen.erase(texts);
      }
    }
    prepared.erase(epoch);
  }
};

class EpochSink final : public Sink {
 public:
  explicit EpochSink(World& world) : world_(world) {}

  Status recover(const EpochStart& start) override {
    decided_ = start.decided;
    while (!world_.prepared.empty() && world_.prepared.begin()->first <= decided_) {
      world_.show(world_.prepared.begin()->first);
    }
    world_.prepared.clear();
    return {};
  }
  Status open() override { return {}; }
  Status prepare(std::uint64_t epoch) override {
    world_.prepared[epoch] = std::exchange(written_[epoch], {});
    return {};
  }
  Status commit(std::uint64_t epoch) override {
    world_.show(epoch);
    return {};
  }
  bool is_exactly_once() const override { return true; }
  std::unique_ptr<SinkWriter> make_writer() override {
    return std::make_unique<Writer>(*this, decided_ + 1);
  }
  Status close(bool) override { return {}; }

 private:
  class Writer final : public SinkWriter {
   public:
    Writer(EpochSink& sink, std::uint64_t epoch) : sink_(sink), epoch_(epoch) {}
    Status write(const Batch& batch) override {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        const RowIndex at = batch.row(i);
        std::vector<std::string> texts;
        for (const Value& value : CollectingEmitter::row_values(batch, at)) {
          texts.push_back(to_string(value));
        }
        sink_.written_[epoch_].emplace_back(
            texts, batch.changes ? batch.changes->values<std::int16_t>()[at] : 1);
      }
      return {};
    }
    Status flush() override { return {}; }
    Status end_epoch(std::uint64_t epoch) override {
      epoch_ = epoch + 1;
      return {};
    }

   private:
    EpochSink& sink_;
    std::uint64_t epoch_;
  };

  World& world_;
  std::uint64_t decided_ = 0;
  std::map<std::uint64_t, World::Rows> written_;  // By epoch: not safe yet.
};

AggregateCall aggregate_of(AggregateKind kind, std::vector<ExprPtr> args) {
  AggregateCall call;
  call.kind = kind;
  std::vector<Type> types;
  for (const ExprPtr& arg : args) {
    types.push_back(arg->type);
  }
  call.type = *aggregate_type(kind, types);
  call.args = std::move(args);
  return call;
}

// Counts and sums by key, of a source that grows, over crashes.
class Lives {
 public:
  explicit Lives(std::uint64_t seed) : dice_(seed) {
    std::int64_t amount = 0;
    for (std::uint32_t i = 0; i < 5; ++i) {
      World::Part part{.name = "p" + std::to_string(i), .rows = {}, .comes_at = dice_() % 120};
      for (std::uint64_t rows = dice_() % 30; rows > 0; --rows) {
        part.rows.push_back({.key = std::to_string(dice_() % 4), .amount = ++amount, .time = 0});
        auto& [count, sum] = wanted_[part.rows.back().key];
        ++count;
        sum += amount;
      }
      world_.parts.push_back(std::move(part));
    }
  }

  void live(bool crashes) {
    const EpochStoreOptions merged{.merge = BaseMerge::kAtOnce, .delta_bytes_min = 0};
    auto store = EpochStore::open(env_, "state", "job", merged).take();
    const EpochOptions epochs{.store = store.get(), .name = "job"};
    JobOptions options{.workers = static_cast<std::uint32_t>(1 + dice_() % 3),
                       .batch_rows = 2,
                       .interleaving_seed = dice_(),
                       .epochs = epochs};
    if (crashes) {
      options.crash_after_turns = dice_() % 600;
    }
    plan::Plan plan;
    plan::Aggregate aggregate{.window = std::nullopt,
                              .keys = {key_column()},
                              .aggregates = {aggregate_of(AggregateKind::kCountStar, {}),
                                             aggregate_of(AggregateKind::kSum, {amount_column()})},
                              .emit = plan::Emit::kChanges};
    plan.sinks.push_back(
        plan::make_sink(plan::make_aggregate(plan::make_scan(test_table(0)), aggregate, {"key"},
                                             "out/group#1", "out"),
                        nullptr));
    JobConnections connections;
    connections.make_source = [this](const Table&, const std::vector<std::uint32_t>& columns)
        -> Result<std::unique_ptr<Source>> { return make_source(columns); };
    connections.make_sink = [this](std::size_t,
                                   const plan::Node&) -> Result<std::unique_ptr<Sink>> {
      return std::unique_ptr<Sink>(std::make_unique<EpochSink>(world_));
    };
    auto job = Job::make(plan::rewrite(plan), options, connections, env_);
    ASSERT_TRUE(job.ok()) << job.status().message();
    job_ = std::move(job).take();
    const Status ended = job_->run();
    EXPECT_TRUE(ended.ok()) << ended.message();
    job_.reset();
  }

  void expect_all_counted_once() const {
    std::map<std::vector<std::string>, int> wanted;
    for (const auto& [key, sums] : wanted_) {
      wanted[{key, std::to_string(sums.first), std::to_string(sums.second)}] = 1;
    }
    EXPECT_EQ(world_.seen, wanted);
  }

  int came_while_read = 0;  // Partitions.

 private:
  // Some of the partitions that there are it does not see at once.
  std::unique_ptr<Source> make_source(const std::vector<std::uint32_t>& columns) {
    auto source = std::make_unique<GrowingSource>(columns);
    open_.clear();
    to_come_.clear();
    for (const World::Part& part : world_.parts) {
      open_.push_back(live_partition(part.name, part.rows, 3));
      if (part.comes_at <= world_.looks && dice_() % 3 != 0) {
        source->begins_with.push_back(open_.back().get());
      } else {
        to_come_.emplace_back(std::max(part.comes_at, world_.looks + dice_() % 40),
                              open_.back().get());
      }
    }
    source->on_look = [this, into = source.get()] { look(*into); };
    return source;
  }

  void look(GrowingSource& source) {
    ++world_.looks;
    std::erase_if(to_come_, [&](const auto& entry) {
      if (entry.first > world_.looks) {
        return false;
      }
      source.come.push_back(entry.second);
      ++came_while_read;
      return true;
    });
    const bool all_read = to_come_.empty() && std::ranges::all_of(open_, [](const auto& partition) {
                            return partition->claimed() == partition->rows().size();
                          });
    if (all_read) {
      job_->request_stop();
    }
  }

  FakeEnv env_;
  std::mt19937_64 dice_;
  World world_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> wanted_;
  std::vector<std::unique_ptr<TestPartition>> open_;
  std::vector<std::pair<std::uint64_t, TestPartition*>> to_come_;
  std::unique_ptr<Job> job_;
};

TEST(GrowingSource, EveryRowOfPartitionsThatComeCountsOnceOverCrashes) {
  int came_while_read = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    Lives lives(seed);
    for (int life = 0; life < 4; ++life) {
      lives.live(/*crashes=*/true);
    }
    lives.live(/*crashes=*/false);
    lives.expect_all_counted_once();
    came_while_read += lives.came_while_read;
    if (testing::Test::HasFailure()) {
      return;
    }
  }
  EXPECT_GT(came_while_read, 150);
}

}  // namespace
}  // namespace thalweg
