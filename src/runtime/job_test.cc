#include "runtime/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/memory_admission.h"
#include "base/random_cases.h"
#include "runtime/runtime_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;
using ::testing::IsEmpty;
using Partitions = std::vector<std::vector<TestRow>>;
using Rows = std::map<std::vector<std::string>, int>;

constexpr std::int64_t kMinute = 60'000'000;
constexpr std::int64_t kDelay = 10 * kMinute;
constexpr std::int64_t kHour = 60 * kMinute;

AggregateCall count_rows() {
  AggregateCall call;
  call.kind = AggregateKind::kCountStar;
  call.type = *aggregate_type(AggregateKind::kCountStar, {});
  return call;
}

AggregateCall sum_of(ExprPtr arg) {
  AggregateCall call;
  call.kind = AggregateKind::kSum;
  call.type = *aggregate_type(AggregateKind::kSum, std::vector<Type>{arg->type});
  call.args = {std::move(arg)};
  return call;
}

// key, window_start, count(*), sum(amount) by hour.
plan::NodePtr hourly(const plan::NodePtr& input) {
  plan::Aggregate aggregate{.window = plan::Window{.size_micros = kHour, .offset_micros = 0},
                            .keys = {key_column()},
                            .aggregates = {count_rows(), sum_of(amount_column())},
                            .emit = plan::Emit::kOnWindowClose};
  return plan::make_aggregate(input, aggregate, {"key"}, "out/window#1", "out");
}

plan::NodePtr by_key(const plan::NodePtr& input, plan::Emit emit) {
  plan::Aggregate aggregate{.window = std::nullopt,
                            .keys = {key_column()},
                            .aggregates = {count_rows(), sum_of(amount_column())},
                            .emit = emit};
  return plan::make_aggregate(input, aggregate, {"key"}, "out/group#1", "out");
}

// count(*) of all rows.
plan::NodePtr total(const plan::NodePtr& input) {
  plan::Aggregate aggregate{
      .window = std::nullopt, .keys = {}, .aggregates = {count_rows()}, .emit = plan::Emit::kAtEnd};
  return plan::make_aggregate(input, aggregate, {}, "out/total#1", "out");
}

// A job over the test table with one sink for each of the nodes.
class TestJob {
 public:
  struct Setup {
    JobOptions options;
    std::uint32_t block_rows = 64;
    std::int64_t delay = kDelay;
    OnError on_error = OnError::kSkip;
  };
  using MakeNodes = std::function<std::vector<plan::NodePtr>(const plan::NodePtr& scan)>;

  TestJob(const Partitions& partitions, const Setup& setup, const MakeNodes& make_nodes) {
    for (const std::vector<TestRow>& rows : partitions) {
      partitions_.push_back(std::make_unique<TestPartition>(rows, setup.block_rows));
    }
    const auto table = test_table(setup.delay);
    table->on_error = setup.on_error;
    plan::Plan plan;
    for (plan::NodePtr& node : make_nodes(plan::make_scan(table))) {
      plan.sinks.push_back(plan::make_sink(std::move(node), nullptr));
    }
    written_ = std::vector<Written>(plan.sinks.size());
    JobConnections connections;
    connections.make_source =
        [this](const Table&,
               const std::vector<std::uint32_t>& columns) -> Result<std::unique_ptr<Source>> {
      std::vector<TestPartition*> borrowed;
      for (const auto& partition : partitions_) {
        borrowed.push_back(partition.get());
      }
      return std::unique_ptr<Source>(std::make_unique<TestSource>(borrowed, columns));
    };
    connections.make_sink = [this](std::size_t sink,
                                   const plan::Node&) -> Result<std::unique_ptr<Sink>> {
      return std::unique_ptr<Sink>(std::make_unique<TestSink>(written_[sink]));
    };
    Result<std::unique_ptr<Job>> job =
        Job::make(plan::rewrite(plan), setup.options, connections, env_);
    EXPECT_TRUE(job.ok());
    job_ = std::move(job).take();
  }

  Job& job() { return *job_; }
  Written& written(std::size_t sink = 0) { return written_[sink]; }
  TestPartition& partition(std::size_t i = 0) { return *partitions_[i]; }
  FakeEnv& env() { return env_; }

  std::uint64_t rejected(RowError error) const {
    return job_->progress().rejected[static_cast<std::size_t>(error)];
  }

 private:
  FakeEnv env_;
  std::vector<std::unique_ptr<TestPartition>> partitions_;
  std::vector<Written> written_;
  std::unique_ptr<Job> job_;
};

// What a line of JSON says for a key, as far as the earthquakes need it.
std::string field_of(const std::string& line, const std::string& name) {
  const std::size_t begin = line.find("\"" + name + "\":") + name.size() + 3;
  return line.substr(begin, line.find_first_of(",}", begin) - begin);
}

const std::vector<TestRow>& quakes() {
  static const std::vector<TestRow> kRows = [] {
    std::ifstream file(THALWEG_DATA_DIR "/quakes.jsonl");
    std::vector<TestRow> rows;
    for (std::string line; std::getline(file, line);) {
      rows.push_back({.key = field_of(line, "net"),
                      .amount = std::stoll(field_of(line, "sig")),
                      .time = std::stoll(field_of(line, "time")) * 1000});
    }
    return rows;
  }();
  return kRows;
}

// The same rows dealt out to partitions by turns.
Partitions deal(const std::vector<TestRow>& rows, std::size_t count) {
  Partitions partitions(count);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    partitions[i % count].push_back(rows[i]);
  }
  return partitions;
}

struct Reference {
  Rows hourly;
  std::uint64_t late = 0;
  std::uint64_t counted = 0;
};

// The rule of lateness, row by row: late when the row's window has ended by the watermark of its
// own partition just before it.
Reference row_by_row(const Partitions& partitions) {
  Reference reference;
  std::map<std::pair<std::int64_t, std::string>, std::pair<std::int64_t, std::int64_t>> windows;
  for (const std::vector<TestRow>& rows : partitions) {
    std::optional<std::int64_t> latest;
    for (const TestRow& row : rows) {
      const std::int64_t start = *row.time / kHour * kHour;  // No earthquake is from before 1970.
      if (latest && start + kHour <= *latest - kDelay) {
        ++reference.late;
      } else {
        auto& [count, sum] = windows[{start, row.key}];
        ++count;
        sum += row.amount;
        ++reference.counted;
      }
      latest = std::max(latest.value_or(*row.time), *row.time);
    }
  }
  const auto text = [](std::int64_t micros) {
    return to_string(Value{type_of(TypeKind::kTimestamp), micros});
  };
  for (const auto& [window, state] : windows) {
    const auto& [start, key] = window;
    reference.hourly[{text(start), text(start + kHour), text(start + kHour - 1), key,
                      std::to_string(state.first), std::to_string(state.second)}] = 1;
  }
  return reference;
}

std::vector<plan::NodePtr> hourly_and_total(const plan::NodePtr& scan) {
  const plan::NodePtr windows = hourly(scan);
  return {windows, total(windows)};
}

void expect_reference(const Partitions& partitions, const Reference& reference,
                      const TestJob::Setup& setup, const std::string& where) {
  TestJob job(partitions, setup, hourly_and_total);
  ASSERT_TRUE(job.job().run().ok()) << where;
  ASSERT_EQ(job.written(0).folded(), reference.hourly) << where;
  ASSERT_EQ(job.written(1).rows,
            (std::vector<std::vector<std::string>>{{std::to_string(reference.hourly.size())}}))
      << where;
  ASSERT_EQ(job.rejected(RowError::kLate), reference.late) << where;
  ASSERT_EQ(job.rejected(RowError::kLateAfterIdle), 0u) << where;
  ASSERT_EQ(job.job().progress().rows_in, reference.late + reference.counted) << where;
  ASSERT_EQ(job.written(0).completed, true);
}

class QuakesTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(QuakesTest, EveryInterleavingGivesTheAnswerOfTheRowByRowRule) {
  const Partitions partitions = deal(quakes(), GetParam());
  const Reference reference = row_by_row(partitions);
  ASSERT_GT(reference.late, 100u);
  ASSERT_GT(reference.hourly.size(), 300u);
  constexpr std::uint32_t kBatchRows[] = {7, 64, 1000, 4096};
  constexpr std::uint32_t kBlockRows[] = {10, 100, 400};
  for (std::uint64_t seed = 0; seed < random_cases(24); ++seed) {
    for (std::uint32_t workers = 1; workers <= 4; ++workers) {
      const TestJob::Setup setup{.options = {.workers = workers,
                                             .batch_rows = kBatchRows[(seed + workers) % 4],
                                             .interleaving_seed = seed},
                                 .block_rows = kBlockRows[seed % 3]};
      expect_reference(partitions, reference, setup,
                       "seed " + std::to_string(seed) + ", workers " + std::to_string(workers));
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

TEST_P(QuakesTest, ThreadsGiveTheAnswerOfTheRowByRowRule) {
  const Partitions partitions = deal(quakes(), GetParam());
  const Reference reference = row_by_row(partitions);
  for (std::uint32_t workers = 1; workers <= 4; ++workers) {
    for (const std::uint32_t batch_rows : {1, 7, 4096}) {
      const TestJob::Setup setup{.options = {.workers = workers, .batch_rows = batch_rows},
                                 .block_rows = 50};
      expect_reference(
          partitions, reference, setup,
          std::to_string(workers) + " workers, batches of " + std::to_string(batch_rows));
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Partitions, QuakesTest, ::testing::Values(1, 3));

std::vector<TestRow> numbered(std::int64_t count, std::int64_t keys) {
  std::vector<TestRow> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.push_back({.key = "k" + std::to_string(i % keys), .amount = i, .time = i});
  }
  return rows;
}

Rows sums_by_key(const std::vector<TestRow>& rows) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> sums;
  for (const TestRow& row : rows) {
    ++sums[row.key].first;
    sums[row.key].second += row.amount;
  }
  Rows texts;
  for (const auto& [key, sum] : sums) {
    texts[{key, std::to_string(sum.first), std::to_string(sum.second)}] = 1;
  }
  return texts;
}

TEST(JobTest, ChangesFoldToTheSameAnswerWithAnyNumberOfWorkers) {
  const std::vector<TestRow> rows = numbered(3000, 17);
  for (std::uint32_t workers = 1; workers <= 4; ++workers) {
    for (const std::uint32_t batch_rows : {1, 7, 4096}) {
      TestJob job({rows}, {.options = {.workers = workers, .batch_rows = batch_rows}},
                  [](const plan::NodePtr& scan) {
                    return std::vector{by_key(scan, plan::Emit::kChanges)};
                  });
      ASSERT_TRUE(job.job().run().ok());
      ASSERT_EQ(job.written().folded(), sums_by_key(rows));
    }
  }
}

TEST(JobTest, FullQueuesSlowAJobDownButNeverStopIt) {
  // One key: everything goes to one worker, in messages of one row.
  const std::vector<TestRow> rows = numbered(20'000, 1);
  for (const std::optional<std::uint64_t> seed : {std::optional<std::uint64_t>(), {3}, {4}}) {
    TestJob job(
        {rows},
        {.options = {.workers = 4, .batch_rows = 1, .interleaving_seed = seed}, .block_rows = 100},
        [](const plan::NodePtr& scan) { return std::vector{by_key(scan, plan::Emit::kChanges)}; });
    ASSERT_TRUE(job.job().run().ok());
    ASSERT_EQ(job.written().folded(), sums_by_key(rows));
  }
}

TEST(JobTest, WhatIsReadAndNotYetWrittenIsBounded) {
  const std::vector<TestRow> rows = numbered(50'000, 1);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    TestJob job(
        {rows},
        {.options = {.workers = 3, .batch_rows = 5, .interleaving_seed = seed}, .block_rows = 20},
        [](const plan::NodePtr& scan) { return std::vector{by_key(scan, plan::Emit::kChanges)}; });
    // Of each worker: a queue, a block in hand, and some batches between its steps.
    constexpr std::int64_t kInsideMax = 3 * (32 * 5 + 3 * 20 + 16 * 5);
    std::int64_t inside_max = 0;
    job.written().on_write = [&] {
      const std::int64_t counted = std::stoll(job.written().rows.back()[1]);
      inside_max = std::max(inside_max, job.partition().claimed() - counted);
      return Status();
    };
    ASSERT_TRUE(job.job().run().ok());
    EXPECT_LE(inside_max, kInsideMax) << "seed " << seed;
  }
}

TEST(JobTest, AFailingWorkerStopsTheJobWithItsError) {
  for (const std::optional<std::uint64_t> seed : {std::optional<std::uint64_t>(), {1}}) {
    TestJob job({numbered(10'000, 100)},
                {.options = {.workers = 4, .batch_rows = 10, .interleaving_seed = seed}},
                [](const plan::NodePtr& scan) { return std::vector{scan}; });
    job.written().on_write = [&job] {
      return job.written().rows.size() < 500 ? Status() : unavailable("the sink is full");
    };
    const Status status = job.job().run();
    EXPECT_EQ(status.message(), "the sink is full");
    EXPECT_EQ(job.written().completed, false);
    EXPECT_LT(job.written().rows.size(), 10'000u);
  }
}

TEST(JobTest, AFailingSourceStopsTheJobWithItsError) {
  for (const std::optional<std::uint64_t> seed : {std::optional<std::uint64_t>(), {1}}) {
    TestJob job({numbered(1000, 10)}, {.options = {.workers = 3, .interleaving_seed = seed}},
                [](const plan::NodePtr& scan) { return std::vector{hourly(scan)}; });
    job.partition().fail_at = 500;
    EXPECT_EQ(job.job().run().message(), "the disk is gone");
    EXPECT_EQ(job.written().completed, false);
  }
}

TEST(JobTest, ARefusedRowStopsTheJobOnlyWhenAskedTo) {
  std::vector<TestRow> rows = numbered(100, 3);
  rows[50].time = std::nullopt;
  const auto pass = [](const plan::NodePtr& scan) { return std::vector{hourly(scan)}; };
  TestJob skipping({rows}, {.options = {.workers = 2}}, pass);
  EXPECT_TRUE(skipping.job().run().ok());
  EXPECT_EQ(skipping.rejected(RowError::kNullTime), 1u);
  ASSERT_EQ(skipping.job().progress().examples.size(), 1u);
  EXPECT_EQ(skipping.job().progress().examples[0].error, RowError::kNullTime);
  EXPECT_THAT(skipping.job().progress().examples[0].detail,
              ::testing::HasSubstr("the event time \"time\""));

  TestJob failing({rows}, {.options = {.workers = 2}, .on_error = OnError::kFail}, pass);
  EXPECT_EQ(failing.job().run().code(), Code::kRowFailed);
}

TEST(JobTest, AStopWritesWhatWasReadAndLeavesOpenWindowsOpen) {
  // The first window is closed by the last row's watermark; the second stays open.
  std::vector<TestRow> rows{{.key = "a", .amount = 1, .time = 0},
                            {.key = "a", .amount = 2, .time = kHour - 1},
                            {.key = "a", .amount = 3, .time = kHour + kDelay}};
  TestJob job({rows}, {.options = {.workers = 2}},
              [](const plan::NodePtr& scan) { return std::vector{hourly(scan), scan}; });
  job.partition().live = true;
  // The result of the first window is what asks for the stop.
  job.written(0).on_write = [&job] {
    job.job().request_stop();
    return Status();
  };
  ASSERT_TRUE(job.job().run().ok());
  EXPECT_EQ(job.written(0).rows.size(), 1u);
  EXPECT_EQ(job.written(0).rows[0][4], "2");
  EXPECT_EQ(job.written(1).rows.size(), 3u);
  EXPECT_EQ(job.written(0).completed, true);
}

TEST(JobTest, AnEmptyInputClosesNoWindowAndCountsOnce) {
  for (std::uint32_t workers = 1; workers <= 4; ++workers) {
    for (const Partitions& partitions : {Partitions{}, Partitions{{}, {}}}) {
      TestJob job(partitions, {.options = {.workers = workers}}, hourly_and_total);
      ASSERT_TRUE(job.job().run().ok());
      EXPECT_THAT(job.written(0).rows, IsEmpty());
      EXPECT_EQ(job.written(1).rows, (std::vector<std::vector<std::string>>{{"0"}}));
    }
  }
}

TEST(JobTest, EveryRowIsAccountedFor) {
  std::vector<TestRow> rows = numbered(1000, 10);
  rows[3].time = std::nullopt;
  TestJob job({rows}, {.options = {.workers = 3, .batch_rows = 16}}, [](const plan::NodePtr& scan) {
    return std::vector{plan::make_filter(scan, call("<", {amount_column(), bigint(400)}))};
  });
  ASSERT_TRUE(job.job().run().ok());
  const JobProgress progress = job.job().progress();
  EXPECT_EQ(progress.rows_in, 1000u);
  EXPECT_EQ(progress.rows_out, job.written().rows.size());
  std::uint64_t rejected = 0;
  for (const std::uint64_t count : progress.rejected) {
    rejected += count;
  }
  EXPECT_EQ(progress.rows_in, progress.rows_out + progress.rows_filtered + rejected);
}

TEST(JobTest, ProgressCanBeReadWhileTheJobRuns) {
  TestJob job({numbered(20'000, 50)}, {.options = {.workers = 3, .batch_rows = 8}},
              [](const plan::NodePtr& scan) { return std::vector{hourly(scan)}; });
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    std::uint64_t before = 0;
    while (!done.load()) {
      const JobProgress progress = job.job().progress();
      EXPECT_GE(progress.rows_in, before);
      before = progress.rows_in;
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(job.job().run().ok());
  done.store(true);
  reader.join();
  EXPECT_EQ(job.job().progress().rows_in, 20'000u);
  EXPECT_TRUE(job.job().progress().partitions.at(0).ended);
}

constexpr std::uint64_t kMemory = std::uint64_t{1} << 30;

std::vector<plan::NodePtr> rows_and_counts(const plan::NodePtr& scan) {
  return {scan, by_key(scan, plan::Emit::kAtEnd)};
}

TEST(JobTest, AJobAtItsMemoryLimitPausesAndGoesOnToTheSameAnswer) {
  TestJob free({quakes()}, {.options = {.workers = 2}}, rows_and_counts);
  ASSERT_TRUE(free.job().run().ok());

  TestJob tight({quakes()}, {.options = {.workers = 2, .memory_limit_bytes = kMemory}},
                rows_and_counts);
  tight.env().set_memory(2 * kMemory, kMemory + 1);
  Status status;
  std::thread running([&] { status = tight.job().run(); });
  while (!tight.job().progress().waits_for_memory) {
    std::this_thread::yield();
  }
  EXPECT_EQ(tight.partition().claimed(), 0);
  tight.env().set_memory(2 * kMemory, kMemory / 2);
  running.join();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_FALSE(tight.job().progress().waits_for_memory);
  EXPECT_EQ(tight.written(0).folded(), free.written(0).folded());
  EXPECT_EQ(tight.written(1).folded(), free.written(1).folded());
}

TEST(JobTest, AJobFarBeyondItsMemoryLimitEndsAndNamesWhatTakesMost) {
  for (const std::optional<std::uint64_t> seed : {std::optional<std::uint64_t>(), {7}}) {
    TestJob job({quakes()},
                {.options = {.workers = 2,
                             .batch_rows = 16,
                             .interleaving_seed = seed,
                             .memory_limit_bytes = kMemory}},
                rows_and_counts);
    job.partition().live = true;  // It would never end by itself.
    job.written(0).on_write = [&] {
      job.env().set_memory(2 * kMemory, job.written(0).rows.size() > 500 ? 2 * kMemory : 0);
      return Status();
    };
    const Status status = job.job().run();
    EXPECT_EQ(status.code(), Code::kNoMemory);
    EXPECT_THAT(status.message(), ::testing::HasSubstr("(out/group#1)"));
    EXPECT_EQ(job.written(0).completed, false);
  }
}

TEST(JobTest, WhoCannotHaveALargePieceEndsTheJob) {
  TestJob job({quakes()}, {.options = {.workers = 2, .memory_limit_bytes = kMemory}},
              rows_and_counts);
  job.env().set_memory(2 * kMemory, kMemory);
  job.written(0).on_write = [] {
    admit_memory(kMemory);
    return Status();
  };
  const Status status = job.job().run();
  EXPECT_EQ(status.code(), Code::kNoMemory);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("1.0 GiB more at once"));
}

}  // namespace
}  // namespace thalweg
