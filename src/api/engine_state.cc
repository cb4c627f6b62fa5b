#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "api/engine.h"
#include "api/script_runner.h"
#include "api/surviving_sink.h"
#include "checkpoint/decided_outside.h"
#include "checkpoint/manifest.h"
#include "checkpoint/room.h"
#include "checkpoint/savepoint.h"
#include "checkpoint/state_directory.h"
#include "connectors/registry.h"
#include "plan/walk.h"

namespace thalweg {
namespace {

// Lives that end in a crash; each may be longer than the one before.
constexpr int kCrashesMax = 8;
constexpr std::uint64_t kFirstTurnsMax = 64;

constexpr std::uint32_t kCrashWorkersMax = 4;

// Before a job that found no room on a disk, or no broker, is tried again, and between looks
// whether to stop.
constexpr std::chrono::milliseconds kWaitMin{250};
constexpr std::chrono::milliseconds kWaitMax{30'000};
constexpr std::chrono::milliseconds kWaitForBrokerMax{5'000};
constexpr std::chrono::milliseconds kLook{20};
// For a process whose place has been taken: what it has under way may take its time to end.
constexpr std::chrono::seconds kWaitForLockMax{30};

std::uint64_t last_epoch(const EpochStore& store) { return store.last() ? store.last()->epoch : 0; }

std::string what_is_waited_for(const Status& failure) {
  return failure.code() == Code::kNoSpace
             ? fmt::format("disk full: {}; it goes on when there is room", failure.message())
             : fmt::format("{}; it goes on when a broker answers", failure.message());
}

// Whether a process has the state.
bool is_locked(Env& env, const std::string& directory, const std::string& name) {
  const std::string file = fmt::format("{}/{}/{}", directory, name, kLockName);
  return env.file_size(file).ok() && env.file_size(file).value() && !env.lock_file(file).ok();
}

// Until the process that has the state, whose place has been taken, has ended; whoever needs the
// state finds out where it has not.
void wait_for_lock(Env& env, const std::string& directory, const std::string& name) {
  const auto until = std::chrono::steady_clock::now() + kWaitForLockMax;
  while (is_locked(env, directory, name) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLook);
  }
}

// What is left to go on from after the failure.
Status with_epoch(const Status& failure, std::uint64_t epoch) {
  return {failure.code(), epoch == 0 ? failure.message()
                                     : fmt::format("{}; the state stays that of epoch {}, from "
                                                   "which the same command goes on",
                                                   failure.message(), epoch)};
}

}  // namespace

AllowedChanges allowed_changes(const StateOptions& state) {
  return {.new_state = state.allow_new_state, .dropped_state = state.allow_dropped_state};
}

Status Engine::check_outlives(const Table& table) const {
  if (table.memory == nullptr || options_.state.directory.empty() || options_.crash_seed) {
    return {};
  }
  return invalid_argument(fmt::format(
      "the rows of \"{}\" are in memory and gone with the program, so that a job which keeps its "
      "state cannot use it; read it from a file, or write to one",
      table.name));
}

Result<Upgrade> Engine::judge(const EpochRecord& record, const plan::Plan& plan) const {
  TW_TRY_ASSIGN(const QueryState wanted, state_of(plan, env_));
  Upgrade upgrade = judge_upgrade(state_of(record), wanted, allowed_changes(options_.state));
  if (upgrade.verdict == Upgrade::Verdict::kRefused) {
    return invalid_argument(
        fmt::format("the state of \"{}\" is of another query:{}", record.job, upgrade.text));
  }
  if (record.finished && !upgrade.added.empty()) {
    return invalid_argument(fmt::format(
        "an earlier run of \"{}\" came to the end of its inputs, so that what is new in the query "
        "would not run: {}\nnothing has been touched; give this query another --name, or begin "
        "anew "
        "with --from-scratch, which keeps the old state under another name",
        record.job, fmt::join(upgrade.added, ", ")));
  }
  return upgrade;
}

std::string Engine::job_name(std::size_t number) const {
  const std::string& name = options_.state.name;
  return number == 1 ? name : fmt::format("{}-{}", name, number);
}

Status Engine::plans_of(const BoundScript& script, std::vector<plan::Plan>& plans) {
  const SessionOptions before = options_;
  looked_at_ = &plans;
  NoReceiver nobody;
  const Status status = ScriptRunner(*this, nobody).run(script);
  looked_at_ = nullptr;
  options_ = before;
  return status;
}

Status Engine::begin_with_savepoints(std::span<const plan::Plan> plans) {
  const StateOptions& state = options_.state;
  if (plans.empty() || std::exchange(has_begun_, true) || state.from_savepoints.empty()) {
    return {};
  }
  TW_TRY(check_savepoints(plans));
  for (std::size_t i = 0; i < state.from_savepoints.size(); ++i) {
    if (state.from_scratch) {
      TW_TRY(set_state_aside(env_, state.directory, job_name(i + 1)).status());
    }
    TW_TRY(restore_savepoint(env_, state.from_savepoints[i], state.directory, job_name(i + 1)));
  }
  return {};
}

Status Engine::check_savepoints(std::span<const plan::Plan> plans) const {
  const std::vector<std::string>& paths = options_.state.from_savepoints;
  const std::string jobs =
      plans.size() == 1 ? "1 job" : fmt::format("{} jobs, one after the other", plans.size());
  if (paths.size() > plans.size()) {
    return invalid_argument(
        fmt::format("there are {} savepoints, and what is run is {}; give "
                    "--from-savepoint once for each job, in their order",
                    paths.size(), jobs));
  }
  bool finished = false;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    TW_TRY_ASSIGN(const EpochRecord record, savepoint_record(env_, paths[i]));
    const Status judged = judge(record, plans[i]).status();
    if (!judged.ok() && plans.size() > 1) {
      return {judged.code(),
              fmt::format("{}\n{} was taken for job {} of {}; give --from-savepoint once for each "
                          "job that has state, in their order",
                          judged.message(), paths[i], i + 1, jobs)};
    }
    TW_TRY(judged);
    finished = record.finished;
  }
  if (finished && paths.size() < plans.size()) {
    // It may have gone on to the next job, which would begin with nothing here.
    const std::size_t next = paths.size() + 1;
    return invalid_argument(fmt::format(
        "job {} of {} would begin with nothing, though that before it had come to its end in {}; "
        "give --from-savepoint once for each job, in their order: savepoint create {} makes that "
        "of "
        "this one",
        next, jobs, paths.back(), job_name(next)));
  }
  return {};
}

Status Engine::find_decider(const std::string& name, const plan::Plan& plan) {
  decider_.reset();
  DeciderRequest request{.job = name,
                         .interval_micros = options_.checkpoint_interval_micros,
                         .stop_requested = world_.stop_requested};
  for (const plan::NodePtr& sink : plan.sinks) {
    const TablePtr& table = std::get<plan::Sink>(sink->step).table;
    if (table != nullptr && writes_out_) {
      request.sinks.push_back(table.get());
    }
  }
  if (!options_.crash_seed) {  // Else sinks outlive the job.
    TW_TRY_ASSIGN(decider_, make_decider(request));
  }
  return {};
}

// Before anybody is shut out: whether the state goes with what the one who runs the job has done.
Status Engine::check_take_over(const std::string& name, const plan::Plan& plan) {
  const StateOptions& state = options_.state;
  if (!state.take_over || state.from_scratch || jobs_ <= state.from_savepoints.size() ||
      is_locked(env_, state.directory, name)) {
    return {};
  }
  TW_TRY(find_decider(name, plan));
  return decider_ == nullptr
             ? Status()
             : check_goes_on(env_, fmt::format("{}/{}", state.directory, name), *decider_);
}

Status Engine::take_place(const std::string& name, const plan::Plan& plan) {
  PlaceRequest request{.job = name, .take_over = options_.state.take_over};
  for (const plan::NodePtr& node : plan::inputs_first(plan)) {
    if (const auto* scan = plan::step_of<plan::Scan>(*node)) {
      request.sources.push_back(scan->table.get());
    } else if (const auto* sink = plan::step_of<plan::Sink>(*node);
               sink != nullptr && sink->table != nullptr) {
      request.sinks.push_back(sink->table.get());
    }
  }
  if (writes_out_ && !options_.crash_seed) {
    TW_TRY_ASSIGN(place_, thalweg::take_place(world_, request));
  }
  return {};
}

Result<std::unique_ptr<EpochStore>> Engine::open_store(const std::string& name,
                                                       const plan::Plan& plan,
                                                       bool replaces_beginning) {
  TW_TRY(find_decider(name, plan));
  return EpochStore::open(env_, options_.state.directory, name,
                          {.decider = decider_.get(), .replaces_beginning = replaces_beginning});
}

Result<std::unique_ptr<EpochStore>> Engine::open_state(const std::string& name,
                                                       const plan::Plan& plan) {
  const StateOptions& state = options_.state;
  aside_.clear();
  TW_TRY(check_take_over(name, plan));
  TW_TRY(take_place(name, plan));
  if (state.take_over) {
    wait_for_lock(env_, state.directory, name);
  }
  if (state.from_scratch && jobs_ > state.from_savepoints.size()) {
    TW_TRY_ASSIGN(aside_, set_state_aside(env_, state.directory, name));
  }
  TW_TRY_ASSIGN(
      std::unique_ptr<EpochStore> store,
      open_store(name, plan, state.from_scratch || jobs_ <= state.from_savepoints.size()));
  if (!store->last()) {
    return store;
  }
  TW_TRY_ASSIGN(const Upgrade upgrade, judge(*store->last(), plan));
  changes_ = upgrade.verdict == Upgrade::Verdict::kKept ? upgrade.text : "";
  if (!upgrade.conversions.empty()) {
    TW_TRY(store->convert(upgrade.conversions));
  }
  return store;
}

Status Engine::run_with_state(const plan::Plan& plan, JobOptions options,
                              const JobConnections& connections, const std::vector<Answer>& answers,
                              ResultChannel& channel) {
  TW_TRY(begin_with_savepoints(std::span(&plan, 1)));
  options.epochs = EpochOptions{.store = nullptr,
                                .name = job_name(++jobs_),
                                .interval_micros = options_.checkpoint_interval_micros,
                                .rows = options_.checkpoint_rows,
                                .allow_new_inputs = options_.state.allow_new_state};
  if (options_.crash_seed) {
    return run_in_lives(plan, options, connections, answers, channel);
  }
  const Status status = run_through_failures(plan, options, connections, answers, channel);
  decider_.reset();
  place_.reset();
  return status;
}

bool Engine::may_wait() const {
  return !options_.state.directory.empty() && options_.on_failure == OnFailure::kWait &&
         !stop_requested();
}

// Nothing that failed is tried again: the job has ended, and another one goes on from the last
// epoch as after a crash, with files of its own.
Status Engine::run_through_failures(const plan::Plan& plan, JobOptions options,
                                    const JobConnections& connections,
                                    const std::vector<Answer>& answers, ResultChannel& channel) {
  const OutputFiles outputs = world_.outputs;
  TW_TRY_ASSIGN(std::unique_ptr<EpochStore> store, open_state(options.epochs->name, plan));
  std::chrono::milliseconds wait = kWaitMin;
  bool has_started = false;
  bool lacks_broker = false;
  while (true) {
    options.epochs->store = store.get();
    options.epochs->decider = decider_.get();
    options.epochs->place = place_.get();
    const std::uint64_t begun_at = last_epoch(*store);
    const JobEnd end = run_job(plan, options, connections, answers, channel);
    const std::uint64_t reached = last_epoch(*store);
    store.reset();
    has_started |= end.started;
    if (!has_started && !aside_.empty()) {
      // What stood in the way is there again for the command without --from-scratch.
      TW_TRY(bring_state_back(env_, options_.state.directory, options.epochs->name,
                              std::exchange(aside_, {})));
    }
    const Code failed = end.status.code();
    const bool for_room = failed == Code::kNoSpace;
    // Once it has run, one that does not come to running for want of a broker waits on.
    lacks_broker = end.started ? end.lacks_broker : lacks_broker && failed == Code::kUnavailable;
    if (!for_room && !lacks_broker && failed != Code::kNoMemory) {
      return end.status;
    }
    const Status failure = with_epoch(end.status, reached);
    if (!may_wait() || failed == Code::kNoMemory) {
      return failure;
    }
    if (for_room || end.started) {
      channel.waiting(what_is_waited_for(end.status));
    }
    // It may be another disk than the state's that is full.
    wait =
        reached > begun_at ? kWaitMin : std::min(2 * wait, for_room ? kWaitMax : kWaitForBrokerMax);
    TW_TRY_ASSIGN(store, open_after(failure, options.epochs->name, plan, wait));
    world_.outputs = outputs;
  }
}

Result<std::unique_ptr<EpochStore>> Engine::open_after(const Status& failure,
                                                       const std::string& name,
                                                       const plan::Plan& plan,
                                                       std::chrono::milliseconds wait) {
  while (wait_unless_stopped(wait, failure.code() == Code::kNoSpace)) {
    // Opening removes what the job that failed has left there.
    Result<std::unique_ptr<EpochStore>> opened =
        open_store(name, plan, /*replaces_beginning=*/false);
    const Status status =
        opened.ok() ? check_room(env_, options_.state.directory, name) : opened.status();
    if (status.ok()) {
      return opened;
    }
    if (status.code() != Code::kNoSpace && status.code() != failure.code()) {
      return status;
    }
  }
  return failure;
}

bool Engine::wait_unless_stopped(std::chrono::milliseconds time, bool for_room) {
  const std::int64_t begun = env_.steady_nanos();
  const double waited_before = seconds_waited_;
  for (std::chrono::milliseconds waited{0}; waited < time && !stop_requested(); waited += kLook) {
    std::this_thread::sleep_for(kLook);
    if (!for_room) {
      continue;
    }
    const std::lock_guard lock(mutex_);
    seconds_waited_ = waited_before + static_cast<double>(env_.steady_nanos() - begun) * 1e-9;
  }
  return !stop_requested();
}

Status Engine::run_in_lives(const plan::Plan& plan, JobOptions options, JobConnections connections,
                            const std::vector<Answer>& answers, ResultChannel& channel) {
  std::mt19937_64 dice(*options_.crash_seed);
  std::vector<std::unique_ptr<SurvivingSink>> sinks;
  for (std::size_t i = 0; i < plan.sinks.size(); ++i) {
    TW_TRY_ASSIGN(std::unique_ptr<Sink> sink, connections.make_sink(i, *plan.sinks[i]));
    sinks.push_back(std::make_unique<SurvivingSink>(std::move(sink)));
    TW_TRY(sinks.back()->open());
  }
  connections.make_sink = [&](std::size_t sink,
                              const plan::Node&) -> Result<std::unique_ptr<Sink>> {
    return sinks[sink]->make_life();
  };
  JobEnd end{.crashed = true};
  for (int life = 0; end.crashed; ++life) {
    const std::uint64_t turns_max = kFirstTurnsMax << life;
    options.workers = static_cast<std::uint32_t>(1 + dice() % kCrashWorkersMax);
    options.interleaving_seed = dice();
    options.crash_after_turns =
        life < kCrashesMax ? std::optional<std::uint64_t>(dice() % turns_max) : std::nullopt;
    TW_TRY_ASSIGN(const std::unique_ptr<EpochStore> store, open_state(options.epochs->name, plan));
    options.epochs->store = store.get();
    end = run_job(plan, options, connections, answers, channel);
  }
  Status status = end.status;
  for (const auto& sink : sinks) {
    const Status closed = sink->close(status.ok());
    status = status.ok() ? closed : status;
  }
  return status;
}

}  // namespace thalweg
