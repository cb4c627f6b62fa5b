#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "columnar/batch.h"

namespace thalweg {

// One worker's end of a sink. Owned and called by that worker's thread.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;

  // Rows may wait in the writer until flush().
  virtual Status write(const Batch& batch) = 0;

  // Hands everything written so far to the outside world: called when the worker has nothing else
  // to do, and before close.
  virtual Status flush() = 0;
};

// Where rows go. Shared by all workers.
class Sink {
 public:
  virtual ~Sink() = default;

  virtual Status open() = 0;

  // Called by each worker once, after open(). The writer may share the sink's state, under its
  // lock.
  virtual std::unique_ptr<SinkWriter> make_writer() = 0;

  // After every writer's last flush; `completed` says whether the job came to its end (false: it
  // failed, and what was written may be partial).
  virtual Status close(bool completed) = 0;
};

}  // namespace thalweg
