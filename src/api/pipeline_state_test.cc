#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "api/pipeline_fixture.h"
#include "thalweg/thalweg.h"

// Pipelines of a program that keep their state: what they know at the next start, and checkpoints
// that are asked for.
namespace thalweg {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class PipelineStateTest : public testing::Test {
 protected:
  PipelineStateTest() { std::filesystem::remove_all(directory_); }
  ~PipelineStateTest() override { std::filesystem::remove_all(directory_); }

  // Keeps state, and writes an epoch when it ends or is asked for.
  SessionOptions options(std::uint32_t workers = 2) const {
    return {.workers = workers,
            .batch_rows = 64,
            .state = {.directory = directory_ + "/state"},
            .checkpoint_interval_micros = 3'600'000'000};
  }

  const std::string directory_ = (std::filesystem::temp_directory_path() /
                                  ("thalweg-pipeline-state-" + std::to_string(::getpid())))
                                     .string();
};

struct Seen {
  std::int64_t bids = 0;
  double spent = 0;
};
struct Standing {
  std::int32_t bidder;
  std::int64_t bids;
  double spent;
  friend bool operator==(const Standing&, const Standing&) = default;
};

// What each bidder has bid so far, told at every bid.
class Tally final : public KeyedProcessor<std::int32_t, Bid, Seen, Standing> {
 public:
  void process(const Bid& bid, Seen& seen, Context& context) override {
    ++seen.bids;
    seen.spent += bid.price.value_or(0);
    context.emit({context.key(), seen.bids, seen.spent});
  }
};

using Standings = std::map<std::int32_t, Standing>;

// Stops itself after so many results; 0: goes on to the end.
RunReport run_tally(const std::vector<Bid>& bids, const SessionOptions& options,
                    std::size_t stop_after, Standings& standings) {
  Pipeline pipeline("tally");
  std::size_t results = 0;
  pipeline.source(bids).key_by<&Bid::bidder>().process(Tally()).sink([&](const Standing& row) {
    Standing& kept = standings.try_emplace(row.bidder, row).first->second;
    kept = row.bids > kept.bids ? row : kept;
    if (++results == stop_after) {
      pipeline.request_stop();
    }
  });
  return pipeline.run(options);
}

TEST_F(PipelineStateTest, GoesOnFromWhereItStopped) {
  const std::vector<Bid> bids = random_bids(60'000, 51);
  Standings expected;
  ASSERT_EQ(run_tally(bids, {.workers = 1}, 0, expected).outcome, Outcome::kDone);
  Standings standings;
  const RunReport first = run_tally(bids, options(2), 100, standings);
  ASSERT_EQ(first.outcome, Outcome::kStopped) << first.problems[0].text;
  EXPECT_FALSE(first.summary.resumed);
  EXPECT_LT(first.summary.rows_in, bids.size());
  SessionOptions again = options(3);
  std::optional<ResumedRun> told;
  again.state.on_resume = [&](const ResumedRun& run) { told = run; };
  const RunReport second = run_tally(bids, again, 0, standings);
  ASSERT_EQ(second.outcome, Outcome::kDone) << second.problems[0].text;
  ASSERT_TRUE(second.summary.resumed);
  EXPECT_EQ(second.summary.resumed->epoch, first.summary.epoch);
  EXPECT_EQ(second.summary.resumed->rows, 100U);  // One of each bidder.
  ASSERT_TRUE(told);
  EXPECT_EQ(told->rows, 100U);
  EXPECT_EQ(second.summary.rows_in, bids.size());
  EXPECT_EQ(standings, expected);
  const RunReport third = run_tally(bids, options(), 0, standings);
  ASSERT_TRUE(third.summary.resumed);
  EXPECT_TRUE(third.summary.resumed->finished);
}

TEST_F(PipelineStateTest, FewerRowsThanHaveBeenReadAreRefused) {
  const std::vector<Bid> bids = random_bids(60'000, 52);
  Standings standings;
  ASSERT_EQ(run_tally(bids, options(), 1, standings).outcome, Outcome::kStopped);
  const RunReport report = run_tally(random_bids(10, 52), options(), 0, standings);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text, HasSubstr("the source \"Bid\" has fewer rows than the"));
}

TEST_F(PipelineStateTest, RowsThatCannotBeReadAgainAreRefused) {
  const Input<Bid> input;
  Pipeline pipeline("pushed");
  pipeline.source(input).key_by<&Bid::bidder>().process(Tally()).sink([](const Standing&) {});
  const RunReport report = pipeline.run(options());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].text, HasSubstr("cannot be read again"));
}

struct Line {
  std::int64_t key;
};
struct Count {
  std::int64_t key;
  std::int64_t lines;
};
struct Lines {
  std::int64_t n = 0;
};
class CountLines final : public KeyedProcessor<std::int64_t, Line, Lines, Count> {
 public:
  void process(const Line& line, Lines& lines, Context& context) override {
    context.emit({line.key, ++lines.n});
  }
};

// Follows a file that a test writes.
class CheckpointNowTest : public PipelineStateTest {
 protected:
  CheckpointNowTest() {
    std::filesystem::create_directories(directory_);
    pipeline_
        .source<Line>(connector("file", {{"path", path_}, {"format", "json"}, {"follow", "true"}}),
                      "lines")
        .key_by<&Line::key>()
        .process(CountLines())
        .sink([this](const Count&) { ++results_; });
  }

  void write_lines(int count) {
    std::ofstream file(path_, std::ios::app);
    for (int i = 0; i < count; ++i) {
      file << "{\"key\": " << i << "}\n";
    }
  }
  void await_results(std::int64_t count) {
    while (results_.load() < count) {
      std::this_thread::sleep_for(1ms);
    }
  }

  const std::string path_ = directory_ + "/lines.jsonl";
  Pipeline pipeline_{"count"};
  std::atomic<std::int64_t> results_{0};
};

// Tells a key a second after its line, whether lines come or not.
class Remind final : public KeyedProcessor<std::int64_t, Line, Lines, Count> {
 public:
  explicit Remind(std::atomic<int>& waiting) : waiting_(waiting) {}
  void process(const Line&, Lines& lines, Context& context) override {
    ++lines.n;
    context.set_wall_timer(context.now() + 1s);
    ++waiting_;
  }
  void on_timer(const Timer&, Lines& lines, Context& context) override {
    context.emit({context.key(), lines.n});
  }

 private:
  std::atomic<int>& waiting_;
};

TEST_F(PipelineStateTest, WallTimersFireAfterARestartThoughNoRowComes) {
  std::filesystem::create_directories(directory_);
  const std::string path = directory_ + "/lines.jsonl";
  std::ofstream(path) << "{\"key\": 1}\n{\"key\": 2}\n";
  std::atomic<int> waiting = 0;
  std::atomic<int> told = 0;
  const auto run_until = [&](const std::atomic<int>& count) {
    Pipeline pipeline("remind");
    pipeline
        .source<Line>(connector("file", {{"path", path}, {"format", "json"}, {"follow", "true"}}),
                      "lines")
        .key_by<&Line::key>()
        .process(Remind(waiting))
        .sink([&](const Count&) { ++told; });
    std::future<RunReport> run =
        std::async(std::launch::async, [&] { return pipeline.run(options()); });
    while (count.load() < 2) {
      std::this_thread::sleep_for(1ms);
    }
    pipeline.request_stop();
    EXPECT_EQ(run.get().outcome, Outcome::kStopped);
  };
  run_until(waiting);
  run_until(told);
  EXPECT_EQ(waiting, 2);  // No line has been read again.
}

TEST_F(CheckpointNowTest, HoldsWhatHasBeenRead) {
  write_lines(5);
  std::future<RunReport> run =
      std::async(std::launch::async, [this] { return pipeline_.run(options()); });
  await_results(5);
  const Checkpoint first = pipeline_.checkpoint_now().get();
  EXPECT_EQ(first.problem, "");
  EXPECT_EQ(first.epoch, 1U);
  EXPECT_EQ(pipeline_.progress().epoch, 1U);
  std::string rows;
  EXPECT_EQ(export_checkpoint(directory_ + "/state", "count",
                              [&](std::string_view lines) {
                                rows += lines;
                                return true;
                              }),
            "");
  EXPECT_EQ(std::ranges::count(rows, '\n'), 5) << rows;
  write_lines(7);
  await_results(12);
  std::vector<std::future<Checkpoint>> several;
  for (int i = 0; i < 4; ++i) {
    several.push_back(pipeline_.checkpoint_now());
  }
  for (std::future<Checkpoint>& each : several) {
    const Checkpoint checkpoint = each.get();
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.problem;
    EXPECT_GT(checkpoint.epoch, 1U);
  }
  std::future<Checkpoint> last = pipeline_.checkpoint_now();
  pipeline_.request_stop();
  EXPECT_EQ(run.get().outcome, Outcome::kStopped);
  EXPECT_TRUE(last.get().ok());
}

TEST_F(CheckpointNowTest, SaysWhyThereIsNone) {
  EXPECT_THAT(pipeline_.checkpoint_now().get().problem, HasSubstr("it is not running"));
  write_lines(1);
  std::future<RunReport> run =
      std::async(std::launch::async, [this] { return pipeline_.run({.workers = 1}); });
  await_results(1);
  const Checkpoint checkpoint = pipeline_.checkpoint_now().get();
  EXPECT_THAT(checkpoint.problem, HasSubstr("it was given no state directory"));
  pipeline_.request_stop();
  EXPECT_EQ(run.get().outcome, Outcome::kStopped);
}

TEST_F(CheckpointNowTest, TellsOfADirectoryThatIsGone) {
  write_lines(1);
  std::future<RunReport> run =
      std::async(std::launch::async, [this] { return pipeline_.run(options()); });
  await_results(1);
  std::filesystem::remove_all(directory_ + "/state");
  const Checkpoint checkpoint = pipeline_.checkpoint_now().get();
  EXPECT_FALSE(checkpoint.ok());
  EXPECT_THAT(checkpoint.problem, HasSubstr("no checkpoint of \"count\": "));
  EXPECT_EQ(checkpoint.epoch, 0U);
  EXPECT_NE(run.get().outcome, Outcome::kDone);
}

}  // namespace
}  // namespace thalweg
