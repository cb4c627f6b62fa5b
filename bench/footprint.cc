// What the program costs before it does anything: the time of the smallest query, and the memory of
// one that waits for its first row.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "bench.h"
#include "process_memory.h"

namespace thalweg::bench {
namespace {

constexpr double kStartMillisPromised = 50;
constexpr double kIdleMegabytesPromised = 60;
constexpr std::chrono::milliseconds kSettleTime{500};

// The program, with standard output thrown away.
class Program {
 public:
  Program(std::vector<std::string> arguments, int standard_input) {
    arguments.insert(arguments.begin(), THALWEG_PROGRAM);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
      pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    started_ =
        posix_spawn(&pid_, THALWEG_PROGRAM, &actions, nullptr, pointers.data(), environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
  }

  int pid() const { return pid_; }

  // Whether it ended well.
  bool wait() const {
    int status = 0;
    return started_ && waitpid(pid_, &status, 0) == pid_ && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
  }

 private:
  pid_t pid_ = 0;
  bool started_ = false;
};

Status measure_start(const Settings& settings, Report& report) {
  double best_seconds = 1e9;
  for (int round = 0; round < settings.rounds(21); ++round) {
    const double begin = seconds_now(Clock::kWall);
    if (!Program({"-c", "SELECT 1"}, STDIN_FILENO).wait()) {
      return unavailable("the program does not answer SELECT 1");
    }
    best_seconds = std::min(best_seconds, seconds_now(Clock::kWall) - begin);
  }
  report.promises.push_back({.name = "start",
                             .measured = best_seconds * 1e3,
                             .promised = kStartMillisPromised,
                             .unit = "ms"});
  return {};
}

Status measure_idle(Report& report) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return unavailable("there is no pipe");
  }
  const Program program({"--quiet", "-c",
                         "CREATE TABLE t (a BIGINT) WITH (connector = 'stdin', format = 'json'); "
                         "SELECT a, count(*) FROM t GROUP BY a"},
                        ends[0]);
  std::this_thread::sleep_for(kSettleTime);
  const Result<std::uint64_t> bytes = resident_bytes(std::to_string(program.pid()).c_str());
  close(ends[1]);  // The end of its input, and so of the program.
  close(ends[0]);
  const bool ended = program.wait();
  if (!bytes.ok() || !ended) {
    return bytes.ok() ? unavailable("the program failed while idle") : bytes.status();
  }
  report.promises.push_back({.name = "idle_memory",
                             .measured = static_cast<double>(bytes.value()) * 1e-6,
                             .promised = kIdleMegabytesPromised,
                             .unit = "MB"});
  return {};
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY(measure_start(settings, report));
  return measure_idle(report);
}

}  // namespace

Bench bench_footprint() {
  return {.name = "footprint", .text = "start-up time, memory of an idle query", .run = run};
}

}  // namespace thalweg::bench
