#include "simulate/simulated_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "checkpoint/inspect.h"
#include "connectors/registry.h"
#include "runtime/job.h"

namespace thalweg::tests {
namespace {

constexpr std::uint64_t kTurnsMax = 2'000'000;  // A job that takes longer is stuck.
constexpr const char* kState = "state";
constexpr const char* kName = "job";

JobConnections connect(World& world, const Bug* bug) {
  return {
      .make_source = [&world, bug](const Table& table, const std::vector<std::uint32_t>& columns)
          -> Result<std::unique_ptr<Source>> {
        TW_TRY_ASSIGN(std::unique_ptr<Source> source,
                      make_source(world, {.table = table, .columns = columns}));
        return bug != nullptr ? with_flaws(std::move(source), bug->source) : std::move(source);
      },
      .make_sink = [&world, bug](std::size_t /*sink*/,
                                 const plan::Node& node) -> Result<std::unique_ptr<Sink>> {
        const auto& step = std::get<plan::Sink>(node.step);
        TW_TRY_ASSIGN(std::unique_ptr<Sink> sink,
                      make_sink(world, {.table = *step.table, .key = step.key}));
        return bug != nullptr ? with_flaws(std::move(sink), bug->sink) : std::move(sink);
      }};
}

void make_directories(const Pipeline& pipeline, FakeEnv& disk) {
  for (const Output& output : pipeline.outputs) {
    (void)disk.make_directories(output.directory);
  }
}

}  // namespace

std::vector<Lines> undisturbed_run(const Pipeline& pipeline) {
  SimulatedEnv env(0);
  Dice dice(0);
  make_directories(pipeline, env.disk());
  (void)put_feed(pipeline.feed, dice, /*whole=*/true, env.disk());
  env.begin_life({});
  StandardInput input(env);
  World world{env, input};
  const Result<std::unique_ptr<Job>> job = Job::make(
      pipeline.plan, {.workers = 1, .interleaving_seed = 1}, connect(world, nullptr), env);
  TW_CHECK(job.ok());
  env.on_stop([&] { job.value()->request_stop(); });
  TW_CHECK(job.value()->run().ok());
  std::vector<Lines> all;
  for (const Output& output : pipeline.outputs) {
    all.push_back(read_output(output, env.disk()).take());
  }
  return all;
}

std::string compare_with_brute_force(const Pipeline& pipeline, const std::vector<Lines>& found) {
  for (std::size_t i = 0; i < pipeline.outputs.size() && !pipeline.feed.follows; ++i) {
    const Query& query = *pipeline.outputs[i].query;
    if (query.expected == nullptr) {
      continue;
    }
    Lines computed;
    for (const std::string& line : query.expected(pipeline.feed)) {
      ++computed[line];
    }
    if (const std::string difference = difference_of(computed, found[i]); !difference.empty()) {
      return fmt::format("{}, undisturbed, is not what was computed: {}", query.name, difference);
    }
  }
  return "";
}

SimulatedJob::SimulatedJob(const Pipeline& pipeline, const std::vector<Lines>& expected,
                           std::uint64_t seed, Decides decides, const Bug* bug)
    : pipeline_(pipeline),
      expected_(expected),
      bug_(bug),
      dice_(seed),
      env_(dice_()),
      seen_(pipeline.outputs.size()) {
  if (decides == Decides::kLedger) {
    ledger_.emplace(env_, seed, [this](std::string problem) { complain(std::move(problem)); });
  }
  make_directories(pipeline, env_.disk());
  env_.let_grow(put_feed(pipeline.feed, dice_, /*whole=*/false, env_.disk()));
}

void SimulatedJob::complain(std::string problem) {
  if (problem_.empty()) {
    problem_ = std::move(problem);
  }
}

LifeEnd SimulatedJob::live(const Life& life) {
  ++lives_;
  env_.begin_life({.mishap = life.mishap,
                   .stop_at_call = life.stop_at_call,
                   .loses_answers = life.loses_answers});
  LifeEnd end;
  {
    const std::unique_ptr<Env> broken = bug_ != nullptr ? with_flaws(env_, bug_->env) : nullptr;
    end = run(life, broken != nullptr ? *broken : env_);
  }
  check_status(end.status);
  env_.end_life(dice_());
  return end;
}

LifeEnd SimulatedJob::run(const Life& life, Env& env) {
  StandardInput input(env);
  World world{env, input};
  EpochDecider* const decider = ledger_ ? &*ledger_ : nullptr;
  const bool asks = bug_ == nullptr || !bug_->never_asks_decider;
  Result<std::unique_ptr<EpochStore>> opened =
      EpochStore::open(env, kState, kName,
                       {.merge = BaseMerge::kAtOnce,
                        .delta_bytes_min = life.delta_bytes_min,
                        .decider = asks ? decider : nullptr});
  if (!opened.ok()) {
    return {.status = opened.status()};
  }
  std::unique_ptr<EpochStore> store = std::move(opened).take();
  if (bug_ != nullptr) {
    store = with_flaws(std::move(store), bug_->store);
  }
  const JobOptions options{
      .workers = life.workers,
      .batch_rows = life.batch_rows,
      .interleaving_seed = life.interleaving,
      .epochs = EpochOptions{.store = store.get(), .decider = decider, .name = kName},
      .crash_after_turns = life.kill_after_turns.value_or(kTurnsMax),
      .epoch_turns = life.epoch_turns};
  Result<std::unique_ptr<Job>> made = Job::make(pipeline_.plan, options, connect(world, bug_), env);
  if (!made.ok()) {
    return {.status = made.status()};
  }
  const std::unique_ptr<Job> job = std::move(made).take();
  check_recovered();
  env_.on_stop([&] { job->request_stop(); });
  const Status status = job->run();
  env_.on_stop(nullptr);
  if (job->has_crashed() && !life.kill_after_turns) {
    complain("it does not come to an end");
  }
  const bool stopped = env_.calls() >= life.stop_at_call.value_or(UINT64_MAX);
  return {.status = status,
          .finished = status.ok() && !job->has_crashed() &&
                      (pipeline_.feed.follows ? env_.has_read_all() : !stopped)};
}

void SimulatedJob::check_status(const Status& status) {
  const bool is_of_the_world =
      status.code() == Code::kUnavailable || status.code() == Code::kNoSpace;
  if (!status.ok() && (!is_of_the_world || !env_.is_troubled())) {
    complain("it fails: " + status.message());
  }
}

// After a recovery what is seen is whole, never more than in the end, and never less than before.
void SimulatedJob::check_recovered() {
  for (std::size_t i = 0; i < pipeline_.outputs.size(); ++i) {
    Result<Lines> found = read_output(pipeline_.outputs[i], env_.disk());
    if (!found.ok()) {
      complain("after the recovery " + found.status().message());
      return;
    }
    Lines now = std::move(found).take();
    if (pipeline_.outputs[i].rows == Rows::kAppended) {
      for (const auto& [line, count] : now) {
        const auto wanted = expected_[i].find(line);
        if (wanted == expected_[i].end() || wanted->second < count) {
          complain(fmt::format("after the recovery there is too much: {} ({} times, not {})", line,
                               count, wanted == expected_[i].end() ? 0 : wanted->second));
        }
      }
      for (const auto& [line, count] : seen_[i]) {
        const auto still = now.find(line);
        if (still == now.end() || still->second < count) {
          complain("after the recovery a line is gone that was seen: " + line);
        }
      }
    }
    seen_[i] = std::move(now);
  }
}

void SimulatedJob::check_end() {
  for (std::size_t i = 0; i < pipeline_.outputs.size(); ++i) {
    const Output& output = pipeline_.outputs[i];
    const Result<Lines> found = read_output(output, env_.disk());
    if (!found.ok()) {
      complain(found.status().message());
      return;
    }
    if (const std::string difference = difference_of(expected_[i], found.value());
        !difference.empty()) {
      complain(fmt::format("{}: {}", output.query->name, difference));
    }
  }
  check_leftovers();
}

void SimulatedJob::check_leftovers() {
  FakeEnv& disk = env_.disk();
  for (const Output& output : pipeline_.outputs) {
    int owners = 0;
    for (const std::string& name : disk.list_directory(output.directory).take()) {
      const bool stays = name.ends_with("lock") || (name.ends_with(".owner") && ++owners == 1);
      if (name.starts_with('.') && !stays) {
        complain(fmt::format("{}/{} is left over", output.directory, name));
      }
    }
  }
  for (const std::string& problem : verify_state(disk, kState, kName)) {
    complain("its state is bad: " + problem);
  }
  // What no manifest names goes when the state is opened.
  const auto opened = EpochStore::open(disk, kState, kName);
  const auto inspected = StateInspection::open(disk, kState, kName);
  if (!opened.ok() || !inspected.ok()) {
    complain("its state cannot be opened");
    return;
  }
  std::set<std::string> named{"MANIFEST", "LOCK"};
  for (const FileSummary& file : inspected.value()->files()) {
    named.insert(file.name);
  }
  for (const std::string& name : disk.list_directory(fmt::format("{}/{}", kState, kName)).take()) {
    if (!named.contains(name)) {
      complain(fmt::format("{}/{}/{} is left over", kState, kName, name));
    }
  }
}

}  // namespace thalweg::tests
