#include "runtime/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <random>
#include <thread>
#include <utility>

#include "columnar/buffer_pool.h"
#include "env/thread_priority.h"
#include "runtime/epoch_keeper.h"
#include "runtime/job_graph.h"
#include "runtime/memory_watch.h"

namespace thalweg {
namespace {

constexpr int kIdleSpins = 64;   // Turns without work before a worker gives its core away,
constexpr int kIdleYields = 64;  // and before it sleeps,
constexpr std::uint64_t kTurnsUntilDecided = 4;  // Of a stepped job, about.
constexpr std::uint64_t kTurnsPerLook = 64;      // Of a stepped job, at its memory.
constexpr std::chrono::microseconds kIdleSleepMin{50};
constexpr std::chrono::microseconds kIdleSleepMax{2000};  // doubling up to this.
// An epoch is written while the workers go on: it is not to stop them for long where it takes turns
// with them on one processor.
constexpr int kEpochPrioritySteps = 5;

Status no_memory() {
  return {Code::kNoMemory,
          "there is no more memory; let it keep less: smaller windows, a ttl, fewer columns"};
}

void note_outage(std::optional<Outage> outage, JobProgress& progress) {
  if (outage && (!progress.outage || outage->seconds > progress.outage->seconds)) {
    progress.outage = std::move(outage);
  }
}

class JobImpl final : public Job {
 public:
  JobImpl(const JobOptions& options, std::unique_ptr<JobGraph> graph, Env& env)
      : options_(options), graph_(std::move(graph)), env_(env) {
    if (options_.epochs) {
      keeper_.emplace(*options_.epochs, *graph_, env_);
    }
    if (options_.memory_limit_bytes > 0) {
      watch_.emplace(options_.memory_limit_bytes, *graph_, env_);
    }
  }

  Status run() override;
  bool has_crashed() const override { return crashed_; }
  void request_stop() override { graph_->signals.stop.store(true, std::memory_order_relaxed); }
  void request_epoch(EpochAnswer answer) override;
  std::vector<std::size_t> at_least_once() const override;
  JobProgress progress() const override;

 private:
  Status run_to_end();
  void run_threads();
  // Calls run(admission), in which taking memory may be refused.
  template <typename Run>
  void run_admitted(Run run);
  void run_thread(Worker& worker) {
    run_admitted([&](WorkerAdmission& admission) { run_worker(worker, admission); });
  }
  void run_worker(Worker& worker, WorkerAdmission& admission);
  void watch_memory(const std::stop_token& stop);
  // Whether no worker has anything to do any more.
  bool all_finished() const { return finished_.load() == graph_->workers.size(); }
  // False: it was left lying.
  bool run_stepped(WorkerAdmission& admission);
  bool step_epochs(std::mt19937_64& dice);
  void fail(const Status& status);
  void add_source_progress(JobProgress& progress) const;

  const JobOptions options_;
  const std::unique_ptr<JobGraph> graph_;
  Env& env_;
  std::optional<EpochKeeper> keeper_;
  std::optional<MemoryWatch> watch_;
  bool crashed_ = false;
  std::atomic<bool> abort_{false};
  std::atomic<std::size_t> finished_{0};  // Workers whose steps have all finished,
  std::atomic<std::size_t> still_{0};     // and those that have had nothing to do for a while.
  std::mutex mutex_;                      // Guards failure_.
  Status failure_;
};

Status JobImpl::run() {
  Status result = run_to_end();
  if (keeper_) {
    keeper_->close(crashed_ ? Status(Code::kUnavailable, "the job has crashed") : result);
  }
  return result;
}

void JobImpl::request_epoch(EpochAnswer answer) {
  if (keeper_) {
    keeper_->request(std::move(answer));
  } else {
    answer(invalid_argument("it keeps no state: it was given no state directory"));
  }
}

Status JobImpl::run_to_end() {
  if (watch_) {
    fail(watch_->look(Activity::kMoving));  // Before anything is read.
  }
  if (graph_->resumed.was_finished) {
    // Files that have come since would be read behind the end of all results.
  } else if (!options_.interleaving_seed) {
    run_threads();
  } else {
    run_admitted([this](WorkerAdmission& admission) { crashed_ = !run_stepped(admission); });
  }
  if (crashed_) {
    return {};
  }
  Status result;
  {
    const std::lock_guard lock(mutex_);
    result = failure_;
  }
  if (result.code() == Code::kNoMemory && watch_) {
    for (const auto& worker : graph_->workers) {
      worker->note_kept();
    }
    result = watch_->failure();  // Now that it can be told what takes most.
  }
  if (keeper_ && result.ok() && !graph_->resumed.was_finished) {
    result = keeper_->decide_last();
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
    threads.emplace_back([this, i] { run_thread(*graph_->workers[i]); });
  }
  if (keeper_) {
    threads.emplace_back([this] {
      lower_thread_priority(kEpochPrioritySteps);
      fail(keeper_->run(
          [this] { return all_finished() || abort_.load(std::memory_order_relaxed); }));
    });
  }
  std::optional<std::jthread> watching;  // Until all workers have ended.
  if (watch_) {
    watching.emplace([this](const std::stop_token& stop) { watch_memory(stop); });
  }
  run_thread(*graph_->workers[0]);
  threads.clear();
}

template <typename Run>
void JobImpl::run_admitted(Run run) {
  WorkerAdmission admission(watch_ ? &*watch_ : nullptr);
  const AdmissionScope scope(&admission);
  try {
    run(admission);
  } catch (const std::bad_alloc&) {
    fail(no_memory());
  }
}

void JobImpl::watch_memory(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::unique_lock lock(mutex);
  Status status;
  while (status.ok()) {
    ended.wait_for(lock, stop, watch_->until_next_look(), [] { return false; });
    if (stop.stop_requested()) {
      return;
    }
    const bool is_still = still_.load(std::memory_order_relaxed) == graph_->workers.size();
    status = watch_->look(is_still ? Activity::kStill : Activity::kMoving);
  }
  fail(status);
}

void JobImpl::run_worker(Worker& worker, WorkerAdmission& admission) {
  int idle = 0;
  auto sleep = kIdleSleepMin;
  bool finished = false;
  bool is_still = false;
  // Where state is kept, an epoch may still be in the making when a worker has finished.
  while (!abort_.load(std::memory_order_relaxed) && !(keeper_ ? all_finished() : finished)) {
    bool moved = worker.turn();
    admission.note_filled();
    if (keeper_) {
      moved |= keeper_->look_at(worker);
    }
    if (!finished && worker.finished()) {
      finished = true;
      finished_.fetch_add(1);
      if (keeper_ && all_finished()) {
        keeper_->wake();
      }
    }
    if (!worker.context().failure.ok()) {
      fail(worker.context().failure);
      return;
    }
    if (moved) {
      idle = 0;
      sleep = kIdleSleepMin;
      if (std::exchange(is_still, false)) {
        still_.fetch_sub(1);
      }
    } else if (++idle == kIdleSpins) {
      if (const Status status = worker.flush(); !status.ok()) {
        fail(status);
        return;
      }
      if (!std::exchange(is_still, true)) {
        still_.fetch_add(1);
      }
    } else if (idle > kIdleSpins + kIdleYields) {
      if (watch_ && watch_->is_pausing()) {
        release_pooled_buffers();
      }
      std::this_thread::sleep_for(sleep);
      sleep = std::min(sleep * 2, kIdleSleepMax);
    } else if (idle > kIdleSpins) {
      std::this_thread::yield();
    }
  }
  if (!is_still) {
    still_.fetch_add(1);
  }
  if (const Status status = worker.flush(); !status.ok()) {
    fail(status);
  }
}

// One thread plays all workers, the next one drawn each time.
bool JobImpl::run_stepped(WorkerAdmission& admission) {
  std::mt19937_64 dice(*options_.interleaving_seed);
  std::uint64_t turns = 0;
  std::uint64_t looks = 0;
  bool moved = true;  // Anything, since the last look.
  std::vector<Worker*> running;
  for (const auto& worker : graph_->workers) {
    running.push_back(worker.get());
  }
  while (!running.empty() && !abort_.load(std::memory_order_relaxed)) {
    if (options_.crash_after_turns && turns++ == *options_.crash_after_turns) {
      return false;
    }
    if (watch_ && ++looks % kTurnsPerLook == 0) {
      const Status status =
          watch_->look(std::exchange(moved, false) ? Activity::kMoving : Activity::kStill);
      if (!status.ok()) {
        fail(status);
        return true;
      }
    }
    if (keeper_ && !step_epochs(dice)) {
      return true;
    }
    const std::size_t i = dice() % running.size();
    Worker& worker = *running[i];
    moved |= worker.turn();
    admission.note_filled();
    if (!worker.context().failure.ok()) {
      fail(worker.context().failure);
      return true;
    }
    if (worker.finished()) {
      if (const Status status = worker.flush(); !status.ok()) {
        fail(status);
        return true;
      }
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return true;
}

// Epochs begin and are decided at moments that are drawn, too. False when one has failed.
bool JobImpl::step_epochs(std::mt19937_64& dice) {
  Status status;
  if (!keeper_->in_the_making()) {
    if (keeper_->is_wanted() || dice() % options_.epoch_turns == 0) {
      keeper_->begin();
    }
  } else {
    for (const auto& worker : graph_->workers) {
      keeper_->look_at(*worker);
    }
    if (keeper_->is_complete() && dice() % kTurnsUntilDecided == 0) {
      status = keeper_->decide();
    }
  }
  if (!status.ok()) {
    fail(status);
  }
  return status.ok();
}

void JobImpl::fail(const Status& status) {
  if (status.ok()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) {
      failure_ = status;
    }
    abort_.store(true, std::memory_order_relaxed);
  }
  if (keeper_) {
    keeper_->wake();
  }
}

std::vector<std::size_t> JobImpl::at_least_once() const {
  std::vector<std::size_t> sinks;
  for (std::size_t i = 0; keeper_ && !graph_->resumed.was_finished && i < graph_->sinks.size();
       ++i) {
    if (!graph_->sinks[i]->is_exactly_once()) {
      sinks.push_back(i);
    }
  }
  return sinks;
}

JobProgress JobImpl::progress() const {
  JobProgress progress;
  for (const GraphStep& step : graph_->steps) {
    OperatorProgress sum;
    sum.description = step.description;
    sum.explain_line = step.explain_line;
    for (const StepCounters* counters : step.counters) {
      sum.rows_in += counters->rows_in.get();
      sum.rows_out += counters->rows_out.get();
      sum.bytes_out += counters->bytes_out.get();
      sum.batches_in += counters->batches_in.get();
      sum.nanos += static_cast<std::int64_t>(counters->nanos.get());
      for (RejectedExample& example : counters->examples.all()) {
        example.origin = step.description;
        progress.examples.push_back(std::move(example));
      }
      sum.held += counters->held.load(std::memory_order_relaxed);
      sum.due = std::min(sum.due, EventTime{counters->due_micros.load(std::memory_order_relaxed)});
    }
    progress.operators.push_back(std::move(sum));
  }
  RunTotals totals = total(graph_->steps, counts_of);
  add_totals(totals, graph_->before);
  progress.rows_in = totals.rows_in;
  progress.rows_out = totals.rows_out;
  progress.rows_filtered = totals.rows_filtered;
  progress.keys_expired = totals.keys_expired;
  progress.rejected = totals.rejected;
  add_source_progress(progress);
  if (keeper_) {
    progress.epochs = graph_->resumed;
    progress.epochs->decided = keeper_->decided();
  }
  for (const auto& scan : graph_->scans) {
    note_outage(scan->source->outage(), progress);
  }
  for (const auto& sink : graph_->sinks) {
    note_outage(sink->outage(), progress);
  }
  if (watch_) {
    progress.waits_for_memory = watch_->is_pausing();
    progress.paused_nanos = watch_->paused_nanos();
  }
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
    if (scan->boards.empty() && scan->source->may_grow()) {
      progress.without_partitions = scan->table->name;
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
  // What earlier runs have kept may not fit any more.
  std::optional<MemoryWatch> watch;
  if (options.memory_limit_bytes > 0) {
    watch.emplace(options.memory_limit_bytes, *graph, env);
  }
  WorkerAdmission admission(watch ? &*watch : nullptr);
  const AdmissionScope scope(&admission);
  try {
    TW_TRY(build_graph(plan, options, connections, env, *graph));
  } catch (const std::bad_alloc&) {
    return watch ? watch->failure() : no_memory();
  }
  return std::unique_ptr<Job>(std::make_unique<JobImpl>(options, std::move(graph), env));
}

}  // namespace thalweg
