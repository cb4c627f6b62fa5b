#include "runtime/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "runtime/job_graph.h"

namespace thalweg {
namespace {

constexpr int kIdleSpins = 64;   // Turns without work before a worker gives its core away,
constexpr int kIdleYields = 64;  // and before it sleeps,
constexpr std::chrono::microseconds kIdleSleepMin{50};
constexpr std::chrono::microseconds kIdleSleepMax{2000};  // doubling up to this.

class JobImpl final : public Job {
 public:
  JobImpl(const JobOptions& options, std::unique_ptr<JobGraph> graph, Env& env)
      : options_(options), graph_(std::move(graph)), env_(env) {}

  Status run() override;
  void request_stop() override { graph_->signals.stop.store(true, std::memory_order_relaxed); }
  JobProgress progress() const override;

 private:
  void run_threads();
  void run_worker(Worker& worker);
  void run_stepped();
  void fail(const Status& status);
  void add_source_progress(JobProgress& progress) const;

  const JobOptions options_;
  const std::unique_ptr<JobGraph> graph_;
  Env& env_;
  std::atomic<bool> abort_{false};
  std::mutex mutex_;  // Guards failure_.
  Status failure_;
};

Status JobImpl::run() {
  if (options_.interleaving_seed) {
    run_stepped();
  } else {
    run_threads();
  }
  Status result;
  {
    const std::lock_guard lock(mutex_);
    result = failure_;
  }
  for (const auto& sink : graph_->sinks) {
    const Status closed = sink->close(result.ok());
    if (result.ok() && !closed.ok()) {
      result = closed;
    }
  }
  return result;
}

void JobImpl::run_threads() {
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < graph_->workers.size(); ++i) {
    threads.emplace_back([this, i] { run_worker(*graph_->workers[i]); });
  }
  run_worker(*graph_->workers[0]);
}

void JobImpl::run_worker(Worker& worker) {
  int idle = 0;
  auto sleep = kIdleSleepMin;
  while (!worker.finished() && !abort_.load(std::memory_order_relaxed)) {
    const bool moved = worker.turn();
    if (!worker.context().failure.ok()) {
      fail(worker.context().failure);
      return;
    }
    if (moved) {
      idle = 0;
      sleep = kIdleSleepMin;
    } else if (++idle == kIdleSpins) {
      if (const Status status = worker.flush(); !status.ok()) {
        fail(status);
        return;
      }
    } else if (idle > kIdleSpins + kIdleYields) {
      std::this_thread::sleep_for(sleep);
      sleep = std::min(sleep * 2, kIdleSleepMax);
    } else if (idle > kIdleSpins) {
      std::this_thread::yield();
    }
  }
  if (const Status status = worker.flush(); !status.ok()) {
    fail(status);
  }
}

// One thread plays all workers, the next one drawn each time.
void JobImpl::run_stepped() {
  std::mt19937_64 dice(*options_.interleaving_seed);
  std::vector<Worker*> running;
  for (const auto& worker : graph_->workers) {
    running.push_back(worker.get());
  }
  while (!running.empty()) {
    const std::size_t i = dice() % running.size();
    Worker& worker = *running[i];
    worker.turn();
    if (!worker.context().failure.ok()) {
      fail(worker.context().failure);
      return;
    }
    if (worker.finished()) {
      if (const Status status = worker.flush(); !status.ok()) {
        fail(status);
        return;
      }
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void JobImpl::fail(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) {
    failure_ = status;
  }
  abort_.store(true, std::memory_order_relaxed);
}

JobProgress JobImpl::progress() const {
  JobProgress progress;
  for (const GraphStep& step : graph_->steps) {
    OperatorProgress sum;
    sum.description = step.description;
    sum.explain_line = step.explain_line;
    std::uint64_t rejected = 0;
    for (const StepCounters* counters : step.counters) {
      sum.rows_in += counters->rows_in.get();
      sum.rows_out += counters->rows_out.get();
      sum.bytes_out += counters->bytes_out.get();
      sum.batches_in += counters->batches_in.get();
      sum.nanos += static_cast<std::int64_t>(counters->nanos.get());
      for (std::size_t reason = 0; reason < counters->rejected.size(); ++reason) {
        progress.rejected[reason] += counters->rejected[reason].get();
      }
      rejected += counters->rejected_sum();
      for (RejectedExample& example : counters->examples.all()) {
        example.origin = step.description;
        progress.examples.push_back(std::move(example));
      }
      sum.keys_expired += counters->keys_expired.get();
      sum.held += counters->held.load(std::memory_order_relaxed);
      sum.due = std::min(sum.due, EventTime{counters->due_micros.load(std::memory_order_relaxed)});
    }
    if (step.source) {
      progress.rows_in += sum.rows_in;
    } else if (step.sink) {
      progress.rows_out += sum.rows_in;
    }
    if (step.filters) {
      const std::uint64_t kept = sum.rows_out + rejected;
      progress.rows_filtered += sum.rows_in > kept ? sum.rows_in - kept : 0;
    }
    progress.operators.push_back(std::move(sum));
  }
  add_source_progress(progress);
  return progress;
}

void JobImpl::add_source_progress(JobProgress& progress) const {
  progress.watermark = kEndOfTime;
  const std::int64_t now_nanos = env_.steady_nanos();
  for (const auto& scan : graph_->scans) {
    for (const auto& board : scan->boards) {
      PartitionProgress partition;
      partition.source = scan->table->name;
      partition.name = std::string(board->partition().name());
      partition.timed = scan->event_time;
      partition.watermark = board->frontier();
      partition.ended = board->ended();
      partition.restarts = board->partition().restarts();
      if (!partition.ended && is_idle(*scan, *board, now_nanos)) {
        partition.idle_micros =
            (now_nanos - board->silent_since_nanos().value_or(now_nanos)) / 1000;
      }
      if (partition.timed && !partition.ended && !partition.idle_micros) {
        progress.watermark = std::min(progress.watermark, partition.watermark);
      }
      progress.partitions.push_back(std::move(partition));
    }
    const std::vector<RejectedExample> examples = scan->examples.all();
    progress.examples.insert(progress.examples.end(), examples.begin(), examples.end());
  }
  for (PartitionProgress& partition : progress.partitions) {
    partition.holds_back = partition.timed && !partition.ended && !partition.idle_micros &&
                           partition.watermark == progress.watermark;
  }
}

}  // namespace

Result<std::unique_ptr<Job>> Job::make(const plan::Plan& plan, const JobOptions& options,
                                       const JobConnections& connections, Env& env) {
  auto graph = std::make_unique<JobGraph>();
  TW_TRY(build_graph(plan, options, connections, env, *graph));
  return std::unique_ptr<Job>(std::make_unique<JobImpl>(options, std::move(graph), env));
}

}  // namespace thalweg
