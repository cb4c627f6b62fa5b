#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "columnar/batch.h"
#include "columnar/row_error.h"
#include "stream/outage.h"

namespace thalweg {

// A row that the outside world does not take, though it takes others.
struct RefusedRow {
  RowIndex row;  // Of the batch's columns.
  RowError error = RowError::kNone;
};

// One worker's end of a sink. Owned and called by that worker's thread.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;

  // Rows may wait in the writer until flush().
  virtual Status write(const Batch& batch) = 0;

  // Those of the batch that was written last, ascending. Valid until the next one.
  virtual std::span<const RefusedRow> refused() const { return {}; }
  // Why it refuses such rows, a sentence for people.
  virtual std::string reason(RowError error) const { return std::string(explain(error)); }

  // Hands everything written so far to the outside world: called when the worker has nothing else
  // to do, and before close.
  virtual Status flush() = 0;

  // What was written so far belongs to this epoch, what follows to the next.
  virtual Status end_epoch(std::uint64_t /*epoch*/) { return flush(); }

  // Whether no more should be read for now: so much waits here until an epoch is decided.
  virtual bool is_full() const { return false; }
};

// What a job's sinks are told where its state is kept.
struct EpochStart {
  // Of this beginning from nothing: names made with it never meet those of another beginning.
  std::string incarnation;
  std::uint64_t decided = 0;  // The last epoch that counts; 0: none.
};

// Where rows go. Shared by all workers.
class Sink {
 public:
  virtual ~Sink() = default;

  // Only in jobs whose state is kept, before open(). Rolls forward what was prepared up to the
  // epoch that is decided, and takes back what came after it. Idempotent.
  virtual Status recover(const EpochStart& /*start*/) { return {}; }

  virtual Status open() = 0;

  // Two phases, between the writers' end_epoch() and the next epoch's. After prepare() what the
  // epoch wrote stands a crash, and nobody sees it; commit() shows it, for the epoch has been
  // decided. Called by one thread, while writers go on with the next epoch. A sink that has no
  // part in it shows rows as they come: at least once. Idempotent.
  virtual Status prepare(std::uint64_t /*epoch*/) { return {}; }
  virtual Status commit(std::uint64_t /*epoch*/) { return {}; }
  // Whether rows are seen exactly once.
  virtual bool is_exactly_once() const { return false; }

  // What it cannot reach now. From any thread.
  virtual std::optional<Outage> outage() const { return std::nullopt; }

  // Called by each worker once, after open(). The writer may share the sink's state, under its
  // lock.
  virtual std::unique_ptr<SinkWriter> make_writer() = 0;

  // After every writer's last flush; `completed` says whether the job came to its end (false: it
  // failed, and what was written may be partial).
  virtual Status close(bool completed) = 0;
};

}  // namespace thalweg
