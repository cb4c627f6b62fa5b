#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/operator_step.h"
#include "runtime/source_step.h"
#include "stream/sink.h"

namespace thalweg {

// One worker: its steps, in the order in which rows flow, and the loop over them. Used by one
// thread at a time.
class Worker {
 public:
  explicit Worker(WorkerContext context) : context_(std::move(context)) {}

  WorkerContext& context() { return context_; }
  void add_step(std::unique_ptr<Step> step) { steps_.push_back(std::move(step)); }
  // Borrowed from a step.
  void add_writer(SinkWriter* writer) { writers_.push_back(writer); }

  // Lets every step do a bounded piece of work, later ones first, so that what is inside moves out
  // before more comes in. Whether anything moved. When the context has dice: one step, drawn.
  bool turn();

  bool finished() const;

  // Whether all steps have come to the end of the epoch. Those that have finished come to it then.
  bool has_ended(std::uint64_t epoch);
  // Takes some of what has waited since. Once there is none the worker's part of the epoch is
  // complete. Whether there was. Requires: has_ended(epoch).
  bool take_waiting(std::uint64_t epoch);
  // The last one whose part is complete.
  std::uint64_t ended_epoch() const { return ended_epoch_; }
  void begin_after(std::uint64_t epoch);

  // Has its steps tell what they keep, in their counters.
  void note_kept();

  // Gives sinks what their writers have gathered: when nothing else moves, and at the end.
  Status flush();

 private:
  WorkerContext context_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<SinkWriter*> writers_;
  std::uint64_t epoch_ = 0;  // The last one that has_ended() was true of,
  std::uint64_t ended_epoch_ = 0;
};

}  // namespace thalweg
