// A job with a large state is killed and started again: how fast the state comes back, how long it
// is until the first new result, and whether more workers than wrote it are slower.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "bench.h"
#include "checkpoint/inspect.h"
#include "kept_job.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kGroups = 19'000'000;  // About 1 GiB on the disk.
constexpr std::uint64_t kNewRows = 1'000;
constexpr double kGibPerSecondFloor = 0.6;
constexpr double kFirstResultPromised = 2.5;
constexpr std::chrono::milliseconds kLook{20};

// Whether an epoch that holds all rows has been decided.
bool holds(const std::string& directory, std::uint64_t rows) {
  const auto found = StateInspection::open(system_env(), directory, "bench");
  return found.ok() && !found.value()->record().sources.empty() &&
         found.value()->record().sources[0].partitions[0].position ==
             static_cast<std::int64_t>(rows);
}

// Runs the job in a process of its own, and kills that when its state is on the disk.
Status run_and_kill(KeptJob job) {
  job.input.ends = false;
  job.interval_micros = 100'000;
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(run(job).ok() ? 0 : 1);
  }
  while (child > 0 && !holds(job.directory, job.input.rows)) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) {
      return unavailable("the job that makes the state ended early");
    }
    std::this_thread::sleep_for(kLook);
  }
  if (child < 0 || ::kill(child, SIGKILL) != 0 || ::waitpid(child, nullptr, 0) != child) {
    return unavailable("cannot run and kill a process");
  }
  return {};
}

// Starts again over a copy of the state.
Result<KeptRun> restart(const Settings& settings, KeptJob job, const std::string& state,
                        std::uint32_t workers) {
  TW_TRY_ASSIGN(const StateFolder copy, StateFolder::make(settings.data_folder));
  std::error_code error;
  std::filesystem::copy(state, copy.path(), std::filesystem::copy_options::recursive, error);
  if (error) {
    return unavailable("cannot copy the state: " + error.message());
  }
  job.directory = copy.path();
  job.workers = workers;
  job.input.rows += kNewRows;
  return run(job);
}

Status run_bench(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  KeptJob job = many_groups(settings.scaled(kGroups));
  job.directory = folder.path();
  TW_TRY(run_and_kill(job));
  const double gib = static_cast<double>(folder.bytes()) / (1U << 30);
  KeptRun one{.restore_seconds = 1e9, .first_result_seconds = 1e9};
  KeptRun four = one;
  for (int round = 0; round < settings.rounds(3); ++round) {
    for (KeptRun* const best : {&one, &four}) {
      TW_TRY_ASSIGN(const KeptRun seen,
                    restart(settings, job, folder.path(), best == &one ? 1 : 4));
      best->restore_seconds = std::min(best->restore_seconds, seen.restore_seconds);
      best->first_result_seconds = std::min(best->first_result_seconds, seen.first_result_seconds);
      best->restored_rows = seen.restored_rows;
    }
  }
  if (one.restored_rows != job.input.rows || four.restored_rows != job.input.rows) {
    return {Code::kCorrupt, "not all rows of state came back"};
  }
  const double mrows = static_cast<double>(job.input.rows) * 1e-6;
  report.promises.push_back({.name = "recover",
                             .measured = one.restore_seconds / gib,
                             .promised = 1 / kGibPerSecondFloor,
                             .unit = fmt::format("s per GiB, of {:.2f} GiB", gib)});
  report.promises.push_back({.name = "recover_first_result",
                             .measured = one.first_result_seconds,
                             .promised = kFirstResultPromised,
                             .unit = "s from the start"});
  report.figures.push_back({.name = "restore_scale",
                            .rows = job.input.rows,
                            .engine_mrows_s = mrows / four.restore_seconds,
                            .limit_mrows_s = mrows / one.restore_seconds});
  return {};
}

}  // namespace

Bench bench_recover() {
  return {.name = "recover",
          .text = "state of 1 GiB read back after kill -9; by four workers against one",
          .floor = 0.6,
          .aim = 0.9,
          .run = run_bench};
}

}  // namespace thalweg::bench
