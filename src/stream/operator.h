#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "columnar/batch.h"
#include "columnar/row_error.h"
#include "state/state_table.h"

namespace thalweg {

enum class Clock : std::uint8_t { kWatermark, kWall };

// One of an operator's outputs. The plan numbers the others: late rows, timed-out matches.
enum class Port : std::uint8_t { kMain, kLate };

// Whether a call has said all it had to say.
enum class Progress : std::uint8_t { kDone, kMore };

// What an operator keeps for results still to come.
struct Held {
  std::uint64_t count = 0;     // Rows, or groups where rows are folded into groups.
  EventTime due = kEndOfTime;  // The watermark at which the next result comes out.
  // The wall-clock time at which on_time(Clock::kWall) must be called, whether rows come or not.
  EventTime due_by_wall_clock = kEndOfTime;
};

// The size of what an operator keeps, also of what no result waits for.
struct Kept {
  std::uint64_t count = 0;  // Rows or groups.
  std::size_t bytes = 0;
};

// Where an operator puts its output. Never blocks. An operator with much to say
// stops when there is no room, returns kMore and goes on in resume().
class Emitter {
 public:
  virtual ~Emitter() = default;

  // Empty batches are welcome and go nowhere.
  virtual void emit(Port port, Batch batch) = 0;

  // Rows that could not be processed: counted by reason, then skipped, dead-lettered
  // or fatal, as the user said. Never a Status: one bad row must not stop a job.
  // `rows` are numbers of column rows.
  virtual void reject(const Batch& batch, RowSpan rows, RowError error) = 0;

  virtual bool has_room() const = 0;

  // Says what the operator keeps now, for people who ask why nothing comes out. Called at the end
  // of process() and on_time() by operators that keep rows.
  virtual void hold(const Held& /*held*/) {}

  // Says of how many keys the operator has let the state go, their ttl being over.
  virtual void expire(std::uint64_t /*keys*/) {}
};

// One step of a job, working on one worker's share of the keys.
//
// Threading: one worker owns an operator and calls it from one thread at a time;
// an operator needs no locks and starts no threads.
// Order: open(), then any mix of process() and on_time(). The end of all inputs is
// on_time(Clock::kWatermark, kEndOfTime), sent once, also to operators of streams without
// event time.
// State: kept in tables that record their own changes, so an operator never sees a barrier or the
// number of an epoch.
// Errors: a failed Status stops the job and is shown to the user as written.
class Operator {
 public:
  virtual ~Operator() = default;

  virtual Status open() { return {}; }

  // The tables that hold all it must know after a restart, borrowed: asked for once, after open().
  // An operator without state has none. A failed Status: its state cannot be kept, and why.
  virtual Result<std::vector<StateTable*>> state_tables() { return std::vector<StateTable*>(); }

  // Its tables hold again what they held when the watermark stood at `watermark`
  // (kStartOfTime: there was none), and note what changes. Called once, before anything else but
  // open() and state_tables(), where a job goes on after a restart.
  virtual void restored(EventTime /*watermark*/) {}

  // Before an epoch ends: what is kept only to be handed on in larger pieces goes out, all at once.
  // What it keeps afterwards is in its tables.
  virtual Status before_epoch(Emitter& /*out*/) { return {}; }

  // `input` counts from zero in the order of the plan. The batch is never empty.
  virtual Result<Progress> process(int input, Batch batch, Emitter& out) = 0;

  // Time has moved on to `now`: no active input will bring a row older than it
  // (kWatermark), or the wall clock shows it (kWall). Never moves back.
  virtual Result<Progress> on_time(Clock /*clock*/, EventTime /*now*/, Emitter& /*out*/) {
    return Progress::kDone;
  }

  // Called after a kMore, when the output has drained; until kDone nothing else is.
  virtual Result<Progress> resume(Emitter& /*out*/) { return Progress::kDone; }

  // The lowest event time that may still be emitted once the inputs stand at
  // `watermark`; the worker passes this on, after on_time() is done.
  virtual EventTime output_watermark(EventTime watermark) const { return watermark; }

  // What it keeps, for people who ask where memory has gone.
  virtual Kept kept() const { return {}; }
};

}  // namespace thalweg
