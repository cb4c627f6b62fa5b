#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "api/engine.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::HasSubstr;

constexpr int kRows = 100;

class WaitingReceiver final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override { return true; }
  void waiting(std::string_view /*why*/) override { waits.fetch_add(1); }

  std::atomic<int> waits{0};
};

// A job that copies one file to another, and keeps its state, on a disk that fails.
class FullDisk : public testing::Test {
 protected:
  FullDisk() {
    for (int i = 0; i < kRows; ++i) {
      input_ += "{\"a\":" + std::to_string(i) + "}\n";
    }
    begin_world();
  }

  void begin_world() {
    env_ = std::make_unique<FakeEnv>();
    env_->put("in.jsonl", input_);
  }

  RunReport run(OnFailure on_failure) {
    Engine engine(
        *env_,
        {.workers = 2, .state = {.directory = "s", .name = "job"}, .on_failure = on_failure});
    engine_ = &engine;
    return engine.execute(
        {.name = "test",
         .text = "CREATE TABLE i (a INT) WITH (connector = 'file', path = 'in.jsonl', "
                 "format = 'json');\n"
                 "CREATE TABLE o (a INT) WITH (connector = 'file', path = 'out.jsonl', "
                 "format = 'json');\n"
                 "INSERT INTO o SELECT a FROM i;"},
        receiver_);
  }

  std::unique_ptr<FakeEnv> env_;
  WaitingReceiver receiver_;
  Engine* engine_ = nullptr;  // While a job runs.
  std::string input_;
};

TEST_F(FullDisk, AJobWaitsForRoomAndThenEndsAsIfThereHadAlwaysBeenSome) {
  // The directories and the lock are there before there is no room.
  ASSERT_TRUE(env_->make_directories("s/job").ok());
  env_->set_disk_full(true);
  std::thread outside([this] {
    while (receiver_.waits.load() == 0) {
      std::this_thread::yield();
    }
    EXPECT_EQ(engine_->progress().waiting, "disk full");
    EXPECT_EQ(engine_->progress().rows_in, std::uint64_t{kRows});
    env_->set_disk_full(false);
  });
  const RunReport report = run(OnFailure::kWait);
  outside.join();
  EXPECT_EQ(report.outcome, Outcome::kDone);
  EXPECT_EQ(receiver_.waits.load(), 1);
  EXPECT_EQ(report.summary.rows_in, std::uint64_t{kRows});
  EXPECT_EQ(report.summary.rows_out, std::uint64_t{kRows});
  EXPECT_EQ(report.summary.waiting, "");
  EXPECT_EQ(env_->get("out.jsonl").size(), input_.size());
}

TEST_F(FullDisk, AJobThatIsToStopStopsAtOnce) {
  env_->set_disk_full(true);
  const RunReport report = run(OnFailure::kStop);
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0].message, HasSubstr("No space left on device"));
  EXPECT_EQ(receiver_.waits.load(), 0);
}

TEST_F(FullDisk, AStopEndsTheWait) {
  env_->set_disk_full(true);
  std::thread outside([this] {
    while (receiver_.waits.load() == 0) {
      std::this_thread::yield();
    }
    engine_->request_stop();
  });
  const RunReport report = run(OnFailure::kWait);
  outside.join();
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  EXPECT_THAT(report.problems[0].message, HasSubstr("No space left on device"));
}

// Each call that changes the disk fails once, and the job that is run again ends as it should.
TEST_F(FullDisk, OtherErrorsStopAtOnceAndLoseNothing) {
  ASSERT_EQ(run(OnFailure::kWait).outcome, Outcome::kDone);
  const std::uint64_t calls = env_->disk_calls();
  for (std::uint64_t call = 1; call <= calls; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    begin_world();
    env_->fail_disk_call(call, Fault::kError);
    (void)run(OnFailure::kWait);
    EXPECT_EQ(run(OnFailure::kWait).outcome, Outcome::kDone);
    EXPECT_EQ(env_->get("out.jsonl").size(), input_.size());
  }
  EXPECT_EQ(receiver_.waits.load(), 0);
}

}  // namespace
}  // namespace thalweg
