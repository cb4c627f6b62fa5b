// How long the worker stops for an epoch while a tenth of a large state changes between two, what
// an epoch writes, and what memory new base images take. The worker is watched from outside: by how
// long it does not turn to its source. Stops in which the machine below had taken the processors
// away, as it does from one that uses more than its share, are not the worker's and left out.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "bench.h"
#include "kept_job.h"
#include "process_memory.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kGroups = 9'000'000;  // About 1 GiB in memory.
constexpr int kEpochs = 30;                   // One a second.
constexpr double kPauseMillisPromised = 20;
constexpr double kPeakPromised = 1.5;

// Of time that the machine below has taken from this one's processors so far, from /proc.
std::uint64_t stolen_ticks() {
  constexpr int kPlace = 8;  // Behind the line's name.
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  std::uint64_t ticks = 0;
  for (int i = 0; i < kPlace; ++i) {
    stat >> ticks;
  }
  return ticks;
}

// The longest time between two turns, in each second.
class Turns {
 public:
  explicit Turns(std::uint64_t from_row) : from_row_(from_row) {}

  void note(std::uint64_t next_row) {
    const double now = seconds_now(Clock::kWall);
    bool is_ours = true;
    if (now - last_ > kLongSeconds || now - looked_ > kLookSeconds) {
      const std::uint64_t before = std::exchange(stolen_, stolen_ticks());
      is_ours = now - last_ <= kLongSeconds || stolen_ == before;
      looked_ = now;
    }
    if (!is_ours && next_row >= from_row_) {
      ++left_out_;
    } else if (next_row >= from_row_ && last_ != 0) {
      begin_ = begin_ == 0 ? now : begin_;
      const auto second = static_cast<std::size_t>(now - begin_);
      longest_.resize(std::max(longest_.size(), second + 1));
      longest_[second] = std::max(longest_[second], now - last_);
    }
    last_ = now;
  }

  // Of the 99th of a hundred seconds.
  double p99() const {
    std::vector<double> sorted = longest_;
    std::ranges::sort(sorted);
    return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * 99 / 100];
  }
  std::uint64_t left_out() const { return left_out_; }

 private:
  static constexpr double kLongSeconds = 0.005;
  static constexpr double kLookSeconds = 0.01;

  const std::uint64_t from_row_;
  double looked_ = 0;
  std::uint64_t stolen_ = 0;  // As of then.
  std::uint64_t left_out_ = 0;
  double begin_ = 0;
  double last_ = 0;
  std::vector<double> longest_;
};

Status run_bench(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  const std::uint64_t groups = settings.scaled(kGroups);
  const std::uint64_t epochs = settings.quick ? kEpochs / 3 : kEpochs;
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  KeptJob job = many_groups(groups);
  job.directory = folder.path();
  job.interval_micros = 1'000'000;
  // The first tenth once more without a measure, so that writing all of the state is over.
  const std::uint64_t changes = groups / 10;
  const std::uint64_t measured_from = groups + 5 * changes;
  Turns turns(measured_from);
  TW_TRY_ASSIGN(const MemoryGrowth memory, MemoryGrowth::begin());
  std::uint64_t loaded_bytes = 0;
  job.input.rows = measured_from + epochs * changes;
  job.input.rows_per_second = changes;
  job.input.paced_from = groups;
  job.input.on_turn = [&](std::uint64_t next_row) {
    turns.note(next_row);
    if (next_row >= groups && loaded_bytes == 0) {
      const Result<std::uint64_t> bytes = memory.bytes_max();
      loaded_bytes = bytes.ok() ? bytes.value() : 0;
    }
  };
  TW_TRY(run(job).status());
  TW_TRY_ASSIGN(const std::uint64_t peak_bytes, memory.bytes_max());
  report.promises.push_back(
      {.name = "epoch_pause",
       .measured = turns.p99() * 1e3,
       .promised = kPauseMillisPromised,
       .unit = fmt::format("ms ({} stolen stops left out)", turns.left_out())});
  report.promises.push_back(
      {.name = "memory_peak",
       .measured = static_cast<double>(peak_bytes) / static_cast<double>(loaded_bytes),
       .promised = kPeakPromised,
       .unit = "of the state in memory"});
  return {};
}

}  // namespace

Bench bench_epoch_pause() {
  return {.name = "epoch_pause",
          .text = "longest stop for an epoch: 1 GiB of state, a tenth of it changed, p99",
          .run = run_bench};
}

}  // namespace thalweg::bench
