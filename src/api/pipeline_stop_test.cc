#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "thalweg/thalweg.h"

namespace thalweg {
namespace {

using namespace std::chrono_literals;

struct Tick {
  std::int64_t number;
  Timestamp time;
};

auto endless() {
  return [next = std::int64_t{0}]() mutable -> std::optional<Tick> {
    const std::int64_t number = next++;
    return Tick{number, {number * 1000}};
  };
}

class PipelineStopTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  SessionOptions options() const { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Workers, PipelineStopTest, testing::Values(1U, 4U));

TEST_P(PipelineStopTest, FromAnotherThreadWorksOffWhatWasRead) {
  std::promise<void> some;
  std::uint64_t rows = 0;
  Pipeline pipeline("stopped");
  pipeline.source<Tick>(endless()).sink([&](const Tick&) {
    if (++rows == 100) {
      some.set_value();
    }
  });
  std::thread stopping([&] {
    some.get_future().wait();
    EXPECT_GE(pipeline.progress().rows_in, 100U);
    pipeline.request_stop();
  });
  const RunReport report = pipeline.run(options());
  stopping.join();
  EXPECT_EQ(report.outcome, Outcome::kStopped);
  EXPECT_TRUE(report.summary.stopped);
  EXPECT_EQ(report.summary.rows_in, rows);
  EXPECT_EQ(report.summary.rows_out, rows);
}

TEST_P(PipelineStopTest, FromTheSinkItself) {
  Pipeline pipeline("enough");
  std::uint64_t rows = 0;
  pipeline.source<Tick>(endless()).sink([&](const Tick&) {
    if (++rows == 10) {
      pipeline.request_stop();
    }
  });
  EXPECT_EQ(pipeline.run(options()).outcome, Outcome::kStopped);
  EXPECT_GE(rows, 10U);
}

TEST_P(PipelineStopTest, BeforeTheRunEndsItAtOnceAndOnlyThatOne) {
  std::uint64_t rows = 0;
  Pipeline pipeline("early");
  pipeline.source(std::vector<Tick>(5)).sink([&](const Tick&) { ++rows; });
  pipeline.request_stop();
  EXPECT_EQ(pipeline.run(options()).outcome, Outcome::kStopped);
  rows = 0;
  EXPECT_EQ(pipeline.run(options()).outcome, Outcome::kDone);
  EXPECT_EQ(rows, 5U);
}

// A window that is still open gives no result: it is not final.
TEST_P(PipelineStopTest, OpenWindowsGiveNothing) {
  const Input<Tick> input;
  std::vector<Timestamp> windows;
  Pipeline pipeline("open");
  const auto ticks = pipeline.source(input).event_time<&Tick::time>(bounded_out_of_order(0s));
  ticks.window(tumbling(1s)).aggregate(count()).sink([&](const Record& row) {
    windows.push_back(row.time("window_start"));
    if (windows.size() == 2) {
      pipeline.request_stop();
    }
  });
  for (std::int64_t number = 0; number < 2500; ++number) {
    input.push({number, {number * 1000}});
  }
  const RunReport report = pipeline.run(options());
  EXPECT_EQ(report.outcome, Outcome::kStopped);
  EXPECT_EQ(windows, (std::vector<Timestamp>{{0}, {1'000'000}}));
  EXPECT_GT(report.summary.rows_held, 0U);
  EXPECT_FALSE(input.push({}));
}

// A row that comes slowly does not wait for others.
TEST_P(PipelineStopTest, SlowGeneratorsArePassedOnRowByRow) {
  std::atomic<bool> taken{true};
  std::int64_t next = 0;
  bool alone = true;
  Pipeline pipeline("slow");
  pipeline
      .source<Tick>([&]() -> std::optional<Tick> {
        if (next == 3) {
          return std::nullopt;
        }
        std::this_thread::sleep_for(8ms);  // As a device would: slow is what is tested.
        alone &= next == 0 || taken.load();
        taken.store(false);
        return Tick{next++, {}};
      })
      .sink([&](const Tick&) { taken.store(true); });
  EXPECT_EQ(pipeline.run({.workers = 1}).outcome, Outcome::kDone);
  EXPECT_TRUE(alone);
}

int run_main(Pipeline& pipeline, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "program");
  return thalweg::main(pipeline, static_cast<int>(arguments.size()),
                       const_cast<char**>(arguments.data()));
}

TEST(ProgramMainTest, ExitCodes) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  Pipeline good("good");
  good.source(std::vector<Tick>(3)).sink([](const Tick&) {});
  EXPECT_EQ(run_main(good, {"--workers", "2"}), 0);
  EXPECT_EQ(run_main(good, {"--explain"}), 0);
  EXPECT_EQ(run_main(good, {"--help"}), 0);
  EXPECT_EQ(run_main(good, {"--wokers", "2"}), 2);
  EXPECT_EQ(run_main(good, {"--workers", "two"}), 2);
  EXPECT_EQ(run_main(good, {"--workers"}), 2);
  Pipeline wrong("wrong");
  EXPECT_EQ(run_main(wrong, {}), 78);
  Pipeline missing("missing");
  missing.source<Tick>(connector("file", {{"path", "/no/such"}, {"format", "json"}}))
      .sink([](const Tick&) {});
  EXPECT_EQ(run_main(missing, {}), 75);
  Pipeline failing("failing");
  failing.source(std::vector<Tick>(3)).sink([](const Tick&) { throw std::runtime_error("no"); });
  EXPECT_EQ(run_main(failing, {"-q"}), 1);
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find("Tick"), std::string::npos) << out;
  EXPECT_NE(err.find("in 3 · out 3 ·"), std::string::npos) << err;
  EXPECT_NE(err.find("unknown flag --wokers"), std::string::npos) << err;
}

struct Ticks {
  std::int64_t count = 0;
};
class Counting final : public KeyedProcessor<std::int64_t, Tick, Ticks, Tick> {
 public:
  void process(const Tick& tick, Ticks& ticks, Context& context) override {
    if (++ticks.count > 1) {
      context.emit(tick);
    }
  }
};

TEST(ProgramMainTest, KeepsToAMemoryLimit) {
  testing::internal::CaptureStderr();
  Pipeline growing("growing");
  growing.source<Tick>(endless()).key_by<&Tick::number>().process(Counting()).sink([](const Tick&) {
  });
  EXPECT_EQ(run_main(growing, {"--set", "memory_limit=lots"}), 2);
  EXPECT_EQ(run_main(growing, {"--set", "memory_limit=1000000GiB"}), 78);
  EXPECT_EQ(run_main(growing, {"--set", "memory_limit=128MiB", "--workers", "2"}), 1);
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_NE(err.find("--set memory_limit=lots: the settings are"), std::string::npos) << err;
  EXPECT_NE(err.find("the machine, or the control group, has only"), std::string::npos) << err;
  EXPECT_NE(err.find("error: memory_limit is reached: the program has"), std::string::npos) << err;
}

TEST(ProgramMainTest, ASignalStopsInOrder) {
  Pipeline pipeline("signalled");
  std::uint64_t rows = 0;
  pipeline.source<Tick>(endless()).sink([&](const Tick&) {
    if (++rows == 50) {
      std::raise(SIGTERM);
    }
  });
  EXPECT_EQ(run_main(pipeline, {"-q"}), 0);
  EXPECT_GE(rows, 50U);
}

}  // namespace
}  // namespace thalweg
