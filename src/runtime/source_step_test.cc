#include "runtime/source_step.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/runtime_fixture.h"

namespace thalweg {
namespace {

using namespace fixture;

constexpr std::int64_t kDelay = 20;

// Rows numbered by `amount`, in an order that is late now and then.
std::vector<TestRow> draw_rows(std::uint64_t seed, std::int64_t count) {
  std::mt19937_64 dice(seed);
  std::vector<TestRow> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    TestRow row{.key = "k", .amount = i, .time = i * 5 - static_cast<std::int64_t>(dice() % 60)};
    if (dice() % 40 == 0) {
      row.time = std::nullopt;
    }
    rows.push_back(row);
  }
  return rows;
}

// The watermark just before each row, by number: the largest time so far less the delay.
std::map<std::int64_t, std::int64_t> expected_stamps(const std::vector<TestRow>& rows) {
  std::map<std::int64_t, std::int64_t> stamps;
  std::int64_t watermark = kStartOfTime.micros;
  for (const TestRow& row : rows) {
    if (row.time) {
      stamps[row.amount] = watermark;
      watermark = std::max(watermark, *row.time - kDelay);
    }
  }
  return stamps;
}

// One scan of one partition, read by some workers.
class Reading {
 public:
  struct Options {
    std::uint32_t workers = 1;
    std::uint32_t block_rows = 10;
    std::uint32_t batch_rows = 4096;
    bool watermark_is_an_expression = false;
  };

  Reading(std::vector<TestRow> rows, Options options)
      : partition_(std::move(rows), options.block_rows) {
    const auto table = test_table(kDelay);
    if (options.watermark_is_an_expression) {
      table->watermark->delay_micros = std::nullopt;
      table->watermark->bound =
          call("-", {time_column(), literal("00:00:00.00002", type_of(TypeKind::kInterval))});
    }
    scan_.table = table;
    scan_.output = {kAmountColumn, kTimeColumn};
    scan_.physical = physical_columns(*table, scan_.output, /*event_time=*/true);
    scan_.event_time = true;
    scan_.source =
        std::make_unique<TestSource>(std::vector<TestPartition*>{&partition_}, scan_.physical);
    scan_.add(partition_);
    for (std::uint32_t worker = 0; worker < options.workers; ++worker) {
      Worker& made = *workers_.emplace_back(
          std::make_unique<Worker>(Worker{.context = {.env = env_,
                                                      .worker = worker,
                                                      .batch_rows = options.batch_rows,
                                                      .dice = {},
                                                      .failure = {}}}));
      made.step = std::make_unique<SourceStep>(made.context, scan_, signals_);
      made.step->add_outlet(std::make_unique<RecordingOutlet>(made.sent, made.room));
    }
  }

  SourceStep& step(std::size_t worker) { return *workers_[worker]->step; }
  const std::vector<Message>& sent(std::size_t worker) const { return workers_[worker]->sent; }
  std::size_t workers() const { return workers_.size(); }
  SourceSignals& signals() { return signals_; }
  TestPartition& partition() { return partition_; }
  void set_room(std::size_t worker, bool room) { workers_[worker]->room = room; }

  // Runs the workers in an order drawn from the seed until all have ended.
  void run(std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    while (!all_finished()) {
      Worker& worker = *workers_[dice() % workers_.size()];
      worker.room = dice() % 4 != 0;
      worker.step->run_once();
    }
  }

 private:
  struct Worker {
    WorkerContext context;
    std::vector<Message> sent;
    bool room = true;
    std::unique_ptr<SourceStep> step;
  };

  bool all_finished() const {
    return std::ranges::all_of(workers_,
                               [](const auto& worker) { return worker->step->finished(); });
  }

  FakeEnv env_;
  TestPartition partition_;
  SharedScan scan_;
  SourceSignals signals_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

std::vector<std::int64_t> amounts(const Batch& batch) {
  const auto all = batch.columns[0].values<std::int64_t>();
  std::vector<std::int64_t> values;
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    values.push_back(all[batch.row(i)]);
  }
  return values;
}

// Every row is there once with its stamp; where a batch has none, none of its rows is older.
void expect_stamps(const Reading& reading, const std::map<std::int64_t, std::int64_t>& expected,
                   const std::string& where) {
  std::size_t rows = 0;
  for (std::size_t worker = 0; worker < reading.workers(); ++worker) {
    for (const Message& message : reading.sent(worker)) {
      const auto* batch = std::get_if<Batch>(&message);
      if (batch == nullptr) {
        continue;
      }
      const auto row_times = batch->event_time->values<std::int64_t>();
      for (std::uint32_t i = 0; i < batch->num_rows(); ++i, ++rows) {
        const RowIndex row = batch->row(i);
        const auto stamp = expected.find(amounts(*batch)[i]);
        ASSERT_NE(stamp, expected.end()) << where;
        if (batch->stamps) {
          ASSERT_EQ(batch->stamps->values<std::int64_t>()[row], stamp->second) << where;
        } else {
          ASSERT_GE(row_times[row], stamp->second) << where;
        }
        ASSERT_GE(row_times[row], batch->time_min.micros);
        ASSERT_LE(row_times[row], batch->time_max.micros);
      }
    }
  }
  ASSERT_EQ(rows, expected.size()) << where;
}

TEST(SourceStepTest, AStampDependsOnTheRowsPlaceInItsPartitionAlone) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const std::vector<TestRow> rows = draw_rows(seed, 300);
    const auto expected = expected_stamps(rows);
    for (const std::uint32_t workers : {1, 2, 4}) {
      for (const std::uint32_t batch_rows : {1, 7, 4096}) {
        for (const bool expression : {false, true}) {
          Reading reading(rows, {.workers = workers,
                                 .block_rows = static_cast<std::uint32_t>(1 + seed % 60),
                                 .batch_rows = batch_rows,
                                 .watermark_is_an_expression = expression});
          reading.run(seed);
          expect_stamps(reading, expected, "seed " + std::to_string(seed));
          if (::testing::Test::HasFatalFailure()) {
            return;
          }
        }
      }
    }
  }
}

TEST(SourceStepTest, NoRowFollowsAWatermarkThatItsStampHadNotReached) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<TestRow> rows = draw_rows(seed, 300);
    auto stamps = expected_stamps(rows);
    Reading reading(rows, {.workers = 3, .block_rows = 8, .batch_rows = 3});
    reading.run(seed);
    for (std::size_t worker = 0; worker < reading.workers(); ++worker) {
      EventTime watermark = kStartOfTime;
      for (const Message& message : reading.sent(worker)) {
        if (const auto* time = std::get_if<WatermarkMessage>(&message)) {
          ASSERT_GT(time->time, watermark) << "seed " << seed;
          watermark = time->time;
        } else if (const auto* batch = std::get_if<Batch>(&message)) {
          for (const std::int64_t amount : amounts(*batch)) {
            ASSERT_GE(stamps[amount], watermark.micros) << "seed " << seed << ", row " << amount;
          }
        }
      }
    }
  }
}

TEST(SourceStepTest, OrderedRowsCarryNoStamps) {
  std::vector<TestRow> rows;
  for (std::int64_t i = 0; i < 100; ++i) {
    rows.push_back({.key = "k", .amount = i, .time = i});
  }
  Reading reading(rows, {.block_rows = 30});
  reading.run(1);
  for (const Message& message : reading.sent(0)) {
    if (const auto* batch = std::get_if<Batch>(&message)) {
      EXPECT_FALSE(batch->stamps.has_value());
    }
  }
}

TEST(SourceStepTest, ARowWithoutTimeIsCountedAndTheOthersGoOn) {
  Reading reading({{.key = "a", .amount = 0, .time = 10},
                   {.key = "b", .amount = 1, .time = std::nullopt},
                   {.key = "c", .amount = 2, .time = 30}},
                  {});
  reading.run(1);
  const auto& counters = reading.step(0).counters();
  EXPECT_EQ(counters.rows_in.get(), 3u);
  EXPECT_EQ(counters.rows_out.get(), 2u);
  EXPECT_EQ(counters.rejected[static_cast<std::size_t>(RowError::kNullTime)].get(), 1u);
}

TEST(SourceStepTest, BeforeABarrierStandsABeginningOfThePartitionAndBehindItTheRest) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const std::vector<TestRow> rows = draw_rows(seed, 200);
    Reading reading(rows, {.workers = 3, .block_rows = 5, .batch_rows = 2});
    std::mt19937_64 dice(seed);
    for (std::uint64_t turns = dice() % 150; turns > 0; --turns) {
      reading.step(dice() % 3).run_once();
    }
    reading.signals().epoch_requested.store(1);
    reading.run(seed);
    std::int64_t last_before = -1;
    std::int64_t first_after = 1'000'000;
    int barriers = 0;
    for (std::size_t worker = 0; worker < reading.workers(); ++worker) {
      bool behind = false;
      for (const Message& message : reading.sent(worker)) {
        if (std::holds_alternative<BarrierMessage>(message)) {
          ++barriers;
          behind = true;
        } else if (const auto* batch = std::get_if<Batch>(&message)) {
          for (const std::int64_t amount : amounts(*batch)) {
            last_before = behind ? last_before : std::max(last_before, amount);
            first_after = behind ? std::min(first_after, amount) : first_after;
          }
        }
      }
    }
    ASSERT_LT(last_before, first_after) << "seed " << seed;
    // A worker whose partitions had ended by then may end without one.
    ASSERT_LE(barriers, 3);
  }
}

TEST(SourceStepTest, AStopEndsAfterTheBlockInHand) {
  Reading reading(draw_rows(1, 100), {.block_rows = 10, .batch_rows = 4});
  reading.step(0).run_once();  // Claims the first block.
  reading.signals().stop.store(true);
  reading.run(1);
  std::size_t rows = 0;
  for (const Message& message : reading.sent(0)) {
    if (const auto* batch = std::get_if<Batch>(&message)) {
      rows += batch->num_rows();
    }
  }
  EXPECT_EQ(reading.partition().claimed(), 10u);
  EXPECT_GT(rows, 0u);
  EXPECT_LE(rows, 10u);
  const auto* end = std::get_if<EndMessage>(&reading.sent(0).back());
  ASSERT_NE(end, nullptr);
  EXPECT_TRUE(end->stopped);
}

TEST(SourceStepTest, WithoutRoomNothingIsClaimed) {
  Reading reading(draw_rows(1, 100), {});
  reading.set_room(0, false);
  EXPECT_FALSE(reading.step(0).run_once());
  EXPECT_EQ(reading.partition().claimed(), 0u);
}

}  // namespace
}  // namespace thalweg
