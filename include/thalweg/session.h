#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/rows.h"
#include "thalweg/run_progress.h"

namespace thalweg {

std::string_view version();

// Where jobs keep what they know, so that they go on from there after a stop or a crash.
struct StateOptions {
  std::string directory;  // Empty: nothing is kept.
  std::string name;       // Of the pipeline within it; empty: a Pipeline's own.
  // Begins with nothing all the same; what was there stays, under another name.
  bool from_scratch = false;
  // Of a job with topics: takes the place of a process that runs it, which ends; else it is refused
  // to begin.
  bool take_over = false;
  // Files of create_savepoint() to begin with, one for each job of a script that had state, in
  // their order. Refused where there is state already.
  std::vector<std::string> from_savepoints;
  // Where the query is not that of the state: what is new in it may begin with nothing, and what is
  // no longer there may be lost. Otherwise such a query is refused.
  bool allow_new_state = false;
  bool allow_dropped_state = false;
  // A Session tells its receiver; a Pipeline tells these: that it goes on from what an earlier run
  // has kept, before it reads anything, and what it waits for.
  std::function<void(const ResumedRun& run)> on_resume = {};
  std::function<void(std::string_view why)> on_waiting = {};
  // That some sinks show rows at least once; see ResultReceiver::at_least_once().
  std::function<void(const std::vector<std::string>& sinks)> on_at_least_once = {};
};

// What becomes of a job that keeps state when a disk has no room for what it writes, or brokers are
// away for so long that it could not hold what it was writing.
enum class OnFailure : std::uint8_t {
  kWait,  // It waits until that has passed, and goes on from its last epoch.
  kStop,
};

struct SessionOptions {
  std::uint32_t workers = 0;  // 0: as many as the machine has cores.
  std::uint32_t batch_rows = 4096;
  // Runs all workers in one thread, stepped in an order drawn from this seed.
  std::optional<std::uint64_t> interleaving_seed = std::nullopt;
  StateOptions state = {};
  std::int64_t checkpoint_interval_micros = 10'000'000;  // Between epochs,
  std::uint64_t checkpoint_rows = 0;  // and after so many rows have been read; 0: however many.
  OnFailure on_failure = OnFailure::kWait;
  // What the program may take of the machine's memory; a job that reaches it pauses its sources,
  // and ends where that does not help. 0: so much of what the machine or its control group allows.
  std::uint64_t memory_limit_bytes = 0;
  std::uint32_t memory_limit_percent = 75;
  // Lets every job that keeps state crash at moments drawn from this seed and go on, to show that
  // nothing changes. Needs an interleaving_seed.
  std::optional<std::uint64_t> crash_seed = std::nullopt;
  bool measure_operators = false;  // Time per operator in RunProgress.
  bool color = false;              // Of Problem::text.
  // Refuses a script whose answers would come interleaved: more than one from a result without end
  // on. For receivers that cannot tell them apart.
  bool answers_apart = false;
};

// SQL with the name it is shown under: a file's path, or "<command line>".
struct Script {
  std::string name;
  std::string text;
};

// One error or warning, in every form in which it is shown.
struct Problem {
  bool is_error = true;  // Else a warning.
  std::string code;      // "S0203"; see error_docs().
  std::string message;
  std::string file;
  std::uint32_t line = 0;  // From 1; 0: the problem has no place in the text.
  std::uint32_t column = 0;
  std::uint32_t end_line = 0;
  std::uint32_t end_column = 0;
  std::vector<std::string> hints;
  std::string text;  // For people: message, place, source line, caret, hints.
  std::string json;  // One object with all of the above.
};

enum class Outcome : std::uint8_t {
  kDone,
  kStopped,      // By request_stop(), in order.
  kInvalid,      // The script or an option in it is wrong; nothing has run.
  kUnavailable,  // Something outside does not answer or is not there.
  kFailed,       // While running: a row under on_error = 'fail', a full disk.
};

struct RunReport {
  Outcome outcome = Outcome::kDone;
  std::vector<Problem> problems;
  RunProgress summary;  // Of all jobs of the script together.
};

// Takes the answers of a script's statements. Called by one thread at a time, though not always the
// same one. Answers of statements that run together come interleaved: `header.statement` tells them
// apart.
class ResultReceiver {
 public:
  virtual ~ResultReceiver() = default;
  // Before anything runs; RunReport::problems has it too.
  virtual void warning(const Problem& /*problem*/) {}
  // A job goes on from what an earlier run has kept.
  virtual void resuming(const ResumedRun& /*run*/) {}
  // A job that keeps its state begins, or goes on, and these of its sinks show rows as they come:
  // after a crash those behind the last epoch come again.
  virtual void at_least_once(const std::vector<std::string>& /*sinks*/) {}
  // A job cannot go on, for the reason given, and waits; see RunProgress::waiting.
  virtual void waiting(std::string_view /*why*/) {}
  virtual void begin(const ResultHeader& /*header*/) {}
  // False: no more rows are wanted, of this answer or any other; the run stops in order.
  virtual bool rows(const ResultHeader& header, const Rows& rows) = 0;
  // Everything of this answer has come. Not called when the run failed.
  virtual void end(const ResultHeader& /*header*/, const RunProgress& /*summary*/) {}
  // What EXPLAIN says; one call per statement.
  virtual void explanation(std::string_view /*text*/) {}
};

struct ExplainOptions {
  bool json = false;
  bool analyze = false;  // Runs the script and adds rows, time and bytes per operator.
  // Runs the script so long, in microseconds, writing nothing out, and tells what time is doing:
  // see explain_watermarks(). 0: does not.
  std::int64_t watermarks_after_micros = 0;
};

struct Explanation {
  RunReport report;
  std::string text;
};

// Runs SQL scripts; tables and views declared by one are there for the next. One thread executes at
// a time; request_stop() and progress() may come from any other.
class Session {
 public:
  explicit Session(SessionOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Checks the whole script, then runs it in order. Neighbouring INSERTs run as one job that shares
  // what they read, and so do queries after an INSERT that never ends. Stops at the first failure.
  RunReport execute(const Script& script, ResultReceiver& receiver);

  // All problems of a script, without running it. Declarations it makes are forgotten.
  std::vector<Problem> validate(const Script& script);

  // The plan of every query and INSERT of a script.
  Explanation explain(const Script& script, ExplainOptions options = {});

  // Ends reading (or the next run's); what was read is worked off. Also from a signal handler.
  void request_stop();

  // Of the job that runs, or ran last.
  RunProgress progress() const;

  void set_options(const SessionOptions& options);
  const SessionOptions& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg
