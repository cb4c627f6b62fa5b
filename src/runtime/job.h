#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "checkpoint/epoch_store.h"
#include "columnar/row_error.h"
#include "env/env.h"
#include "plan/plan.h"
#include "runtime/rejected_examples.h"
#include "stream/pipeline_place.h"
#include "stream/sink.h"
#include "stream/source.h"

namespace thalweg {

// Where a job keeps its state, and how often.
struct EpochOptions {
  EpochStore* store = nullptr;  // Outlives the job.
  // The one that the store was opened with, if any. Outlives the job.
  EpochDecider* decider = nullptr;
  // Without it no epoch is decided any more. Null: nobody else can have it. Outlives the job.
  const PipelinePlace* place = nullptr;
  std::string name;  // The pipeline's.
  std::int64_t interval_micros = 10'000'000;
  std::uint64_t rows = 0;  // Also after so many rows have been read; 0: never.
  // A source of which all that has been read is gone may begin with what there is now; else that is
  // refused, for its rows may be those that the state has already.
  bool allow_new_inputs = false;
};

struct JobOptions {
  std::uint32_t workers = 1;
  std::uint32_t batch_rows = 4096;  // Rows that a source puts into one batch, at most.
  // Steps the workers in one thread, in an order drawn from this seed, instead of starting threads.
  std::optional<std::uint64_t> interleaving_seed;
  bool measure_operators = false;      // EXPLAIN ANALYZE: time per operator.
  std::optional<EpochOptions> epochs;  // Absent: nothing is kept.
  // Of a stepped job. It is left lying after so many turns, as by a crash: nothing is closed.
  std::optional<std::uint64_t> crash_after_turns;
  std::uint64_t epoch_turns = 12;  // Of a stepped job: about so many from one epoch to the next.
  std::uint64_t memory_limit_bytes = 0;  // Of the whole process; 0: none.
};

// Takes the number of an epoch that was asked for, or why there will be none.
using EpochAnswer = std::function<void(const Result<std::uint64_t>& epoch)>;

// How a plan's scans and sinks become real; given by the layer that knows the connectors.
struct JobConnections {
  // Reads the physical columns of a table named by `columns`, in that order.
  std::function<Result<std::unique_ptr<Source>>(const Table& table,
                                                const std::vector<std::uint32_t>& columns)>
      make_source;
  // `sink` is the index among the plan's sinks.
  std::function<Result<std::unique_ptr<Sink>>(std::size_t sink, const plan::Node& node)> make_sink;
};

struct PartitionProgress {
  std::string source;  // The table's name.
  std::string name;    // The partition's.
  bool timed = false;  // Whether the job follows its event time.
  EventTime watermark = kStartOfTime;
  bool ended = false;
  // How long it has been silent, where that is longer than its table's idle_timeout.
  std::optional<std::int64_t> idle_micros;
  // Whether no other active partition of its job has a lower watermark.
  bool holds_back = false;
  std::uint64_t restarts = 0;  // See Partition::restarts().
};

struct OperatorProgress {
  std::string description;   // As EXPLAIN shows it.
  std::string explain_line;  // In the picture of the plan that EXPLAIN draws.
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t batches_in = 0;
  std::int64_t nanos = 0;  // Only with measure_operators; its own time, of all workers together.
  std::uint64_t held = 0;  // Rows or groups that it keeps for results to come,
  EventTime due = kEndOfTime;  // and the watermark at which the next one comes out.
};

// How a job's state stands on the disk.
struct EpochProgress {
  std::uint64_t resumed_from = 0;  // The epoch that it went on from; 0: it began with nothing.
  std::int64_t resumed_age_micros = 0;
  std::uint64_t resumed_rows = 0;  // Of its tables.
  std::int64_t resume_nanos = 0;   // That reading them took.
  bool was_finished = false;       // It had come to its end in an earlier run: nothing was done.
  std::uint64_t decided = 0;       // The last that counts.
  std::string read_anew;           // What names other inputs now, for people; empty: nothing.
};

// What a job has done so far. Counters only grow.
struct JobProgress {
  std::uint64_t rows_in = 0;        // Read from sources, rejected ones included.
  std::uint64_t rows_out = 0;       // Written to sinks.
  std::uint64_t rows_filtered = 0;  // Dropped by WHERE and HAVING.
  std::uint64_t keys_expired = 0;   // Whose state was let go, their ttl being over.
  std::array<std::uint64_t, kRowErrorCount> rejected{};  // By reason; late rows are here too.
  std::vector<RejectedExample> examples;                 // The first few.
  EventTime watermark = kStartOfTime;                    // The lowest of all sources.
  std::vector<PartitionProgress> partitions;
  std::vector<OperatorProgress> operators;  // In the order of EXPLAIN.
  std::optional<EpochProgress> epochs;
  std::optional<Outage> outage;    // The longest of its sources and sinks.
  bool waits_for_memory = false;   // Its sources are paused, at its memory_limit.
  std::string without_partitions;  // The name of a table that has none yet; empty: all have some.
  std::int64_t paused_nanos = 0;   // So far, and for all of it together.
};

// One plan running on N workers: makes its sources, sinks and operators, runs them to the end of
// all inputs, and tells what it has done. The plan must have been rewritten.
class Job {
 public:
  static Result<std::unique_ptr<Job>> make(const plan::Plan& plan, const JobOptions& options,
                                           const JobConnections& connections, Env& env);
  virtual ~Job() = default;

  // Blocks until every source has ended, a worker failed (its error is returned and the others
  // stop), or stop was asked for. Called once.
  virtual Status run() = 0;

  // Whether run() returned because of crash_after_turns.
  virtual bool has_crashed() const = 0;

  // Ends reading; what is inside is worked off without closing windows that are still open.
  // From any thread; also from a signal handler.
  virtual void request_stop() = 0;

  // Of the plan's sinks, by index, those whose rows can be seen twice after a crash, for they have
  // no part in epochs. None where nothing is kept, or is left to do.
  virtual std::vector<std::size_t> at_least_once() const = 0;

  // Asks for an epoch with all in it that has been read before. `answer` is called once, by any
  // thread: when the epoch is decided and the sinks have shown it, or when it never will be. From
  // any thread.
  virtual void request_epoch(EpochAnswer answer) = 0;

  // From any thread, during and after run().
  virtual JobProgress progress() const = 0;
};

}  // namespace thalweg
