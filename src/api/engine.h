#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/result_sink.h"
#include "api/running_job.h"
#include "connectors/connector.h"
#include "plan/plan.h"
#include "runtime/upgrade.h"
#include "sql/binder.h"
#include "thalweg/session.h"

namespace thalweg {

// Sources and sinks that a program brings itself, by the table that stands for them in the plan.
struct ProgramConnections {
  using MakeSource =
      std::function<Result<std::unique_ptr<Source>>(const std::vector<std::uint32_t>& columns)>;
  using MakeSink = std::function<Result<std::unique_ptr<Sink>>()>;
  std::map<const Table*, MakeSource> sources;
  std::map<const Table*, MakeSink> sinks;
};

// A query whose rows are asked for: which sink of the plan, and what is said of it.
struct Answer {
  std::size_t sink = 0;
  ResultHeader header;
};

// What a session and a pipeline are made of: the catalogue, and plans that run against the world.
// One thread executes at a time; request_stop() and progress() may come from any other.
class Engine {
 public:
  Engine(Env& env, SessionOptions options);

  RunReport execute(const Script& script, ResultReceiver& receiver);
  std::vector<Problem> validate(const Script& script);
  Explanation explain(const Script& script, ExplainOptions options);

  // Runs one plan to its end. `answers` are its sinks without a table.
  Status run(const plan::Plan& plan, const std::vector<Answer>& answers, ResultReceiver& receiver);

  // The plan as it runs here.
  plan::Plan rewritten(const plan::Plan& plan) const;
  // What execute() would run, job by job.
  RunReport look_at_plans(const Script& script, std::vector<plan::Plan>& plans);
  Problem problem_of(const Script& script, const Status& status) const;

  // Sets the counts of what follows to nothing.
  void begin_run();
  // Of the run under way, or else of the next one; at a run's end it is forgotten.
  void request_stop();
  void forget_stop();
  // See Job::request_epoch().
  void request_epoch(const EpochAnswer& answer);
  bool stop_requested() const { return stop_requested_.load(); }
  RunProgress progress() const;

  World& world() { return world_; }
  sql::Catalog& catalog() { return *catalog_; }
  ProgramConnections& program() { return program_; }
  SessionOptions& options() { return options_; }

  // The statements of a script, bound; nothing where there was an error.
  struct BoundScript {
    struct Item {
      std::size_t statement = 0;
      sql::BoundStatement bound;
    };
    std::vector<Item> items;
  };
  std::optional<BoundScript> bind(const Script& script, sql::Catalog& catalog,
                                  Diagnostics& diagnostics);

 private:
  class RunScope;

  // One job from its making to its end.
  struct JobEnd {
    Status status = {};
    bool crashed = false;  // See SessionOptions::crash_seed.
    bool started = false;
    bool lacks_broker = false;  // It has failed while something that it needs was away.
  };
  JobEnd run_job(const plan::Plan& plan, const JobOptions& options,
                 const JobConnections& connections, const std::vector<Answer>& answers,
                 ResultChannel& channel);
  Status run_with_state(const plan::Plan& plan, JobOptions options,
                        const JobConnections& connections, const std::vector<Answer>& answers,
                        ResultChannel& channel);
  // The same with a crash now and then, see SessionOptions::crash_seed.
  Status run_in_lives(const plan::Plan& plan, JobOptions options, JobConnections connections,
                      const std::vector<Answer>& answers, ResultChannel& channel);
  // Fails where the table's rows are gone with the process, in a job that is to go on after it.
  Status check_outlives(const Table& table) const;
  // The job's state, made to be that of the plan; an error where it is that of another query.
  Result<std::unique_ptr<EpochStore>> open_state(const std::string& name, const plan::Plan& plan);
  // As it is, with a new decider where the plan's sinks need one.
  Result<std::unique_ptr<EpochStore>> open_store(const std::string& name, const plan::Plan& plan,
                                                 bool replaces_beginning);
  Status find_decider(const std::string& name, const plan::Plan& plan);
  // Keeps other processes from running the job, and refuses where one does.
  Status check_take_over(const std::string& name, const plan::Plan& plan);
  Status take_place(const std::string& name, const plan::Plan& plan);
  Result<Upgrade> judge(const EpochRecord& record, const plan::Plan& plan) const;
  // Of the run's number-th job that keeps state, from 1.
  std::string job_name(std::size_t number) const;
  // Before anything runs: judges the savepoints that the jobs of these plans are to begin with, and
  // makes their states of them. Once a run.
  Status begin_with_savepoints(std::span<const plan::Plan> plans);
  Status check_savepoints(std::span<const plan::Plan> plans) const;
  // What the script would run, job by job.
  Status plans_of(const BoundScript& script, std::vector<plan::Plan>& plans);
  // Waits for what has failed to be there again, and goes on from the last epoch: see OnFailure.
  Status run_through_failures(const plan::Plan& plan, JobOptions options,
                              const JobConnections& connections, const std::vector<Answer>& answers,
                              ResultChannel& channel);
  // Whether what has failed may be waited for.
  bool may_wait() const;
  // 0: none. An error: more than there is.
  Result<std::uint64_t> memory_limit(const SessionOptions& options) const;
  // Looks for it now and then. When a stop is asked for: the failure.
  Result<std::unique_ptr<EpochStore>> open_after(const Status& failure, const std::string& name,
                                                 const plan::Plan& plan,
                                                 std::chrono::milliseconds wait);
  // False: a stop was asked for.
  bool wait_unless_stopped(std::chrono::milliseconds time, bool for_room);
  Status run_for(const BoundScript& script, std::int64_t micros);
  // What the script declares counts only when all of it is right.
  std::optional<BoundScript> bind_all(const Script& script, Diagnostics& diagnostics);
  Result<std::unique_ptr<Source>> make_table_source(const Table& table,
                                                    const std::vector<std::uint32_t>& columns);
  Result<std::unique_ptr<Sink>> make_table_sink(const SinkRequest& request);

  Env& env_;
  StandardInput standard_input_;
  World world_;
  SessionOptions options_;
  ProgramConnections program_;
  bool writes_out_ = true;  // False: what would go to a connector goes nowhere.
  std::unique_ptr<sql::Catalog> catalog_;
  mutable RunningJob running_;
  std::size_t jobs_ = 0;    // Of this run, that keep state.
  bool has_begun_ = false;  // See begin_with_savepoints().
  std::string aside_;    // What the state is called that a job began from scratch over; or empty.
  std::string changes_;  // Of the job at hand; see ResumedRun.
  std::unique_ptr<PipelinePlace> place_;          // Of the job at hand,
  std::unique_ptr<EpochDecider> decider_;         // and what decides its epochs, or null.
  std::vector<plan::Plan>* looked_at_ = nullptr;  // Not nullptr: plans go there and do not run.
  std::atomic<bool> stop_requested_{false};
  std::atomic<std::int64_t> started_nanos_{0};
  mutable std::mutex mutex_;            // Guards what follows.
  RunProgress finished_;                // Of the jobs of this run that have ended.
  std::optional<RunProgress> waiting_;  // Of the one that waits; see OnFailure.
  std::int64_t waits_since_nanos_ = 0;
  double seconds_waited_ = 0;
};

// Changes an option by a SET statement. False: there is no such setting, or not such a value.
bool apply_setting(SessionOptions& options, const sql::BoundSet& set);

AllowedChanges allowed_changes(const StateOptions& state);

}  // namespace thalweg
