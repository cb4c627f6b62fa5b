#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "runtime/counters.h"
#include "runtime/message.h"
#include "runtime/spsc_queue.h"
#include "runtime/worker_delta.h"

namespace thalweg {

using MessageQueue = SpscQueue<std::optional<Message>>;

// What the steps of one worker share. Owned by the worker, used on its thread alone.
struct WorkerContext {
  Env& env;
  std::uint32_t worker = 0;
  std::uint32_t batch_rows = 4096;
  bool fail_on_row_error = false;
  bool fail_on_late = false;

  // Drawn from when the job is stepped by a test: which step goes next, and whether a message is
  // handed over at once or left lying. Absent: hand over at once.
  std::optional<std::mt19937_64> dice;

  // The first failure; the worker stops when it is set.
  Status failure;
  void fail(Status status) {
    if (failure.ok()) {
      failure = std::move(status);
    }
  }

  // Where the state of this worker's steps goes at the end of an epoch; absent: it is not kept.
  WorkerDelta* delta = nullptr;

  // Whose time it is, when time is measured.
  bool measure = false;
  StepCounters* running = nullptr;
  std::int64_t running_since = 0;
};

// Charges the time until it goes out of scope to `counters` instead of the step that called.
class TimeCharge {
 public:
  TimeCharge(WorkerContext& context, StepCounters& counters);
  ~TimeCharge();
  TimeCharge(const TimeCharge&) = delete;
  TimeCharge& operator=(const TimeCharge&) = delete;

 private:
  void hand_over(StepCounters* next);

  WorkerContext& context_;
  StepCounters* before_ = nullptr;
};

// One way out of a step, towards a consumer.
class Outlet {
 public:
  virtual ~Outlet() = default;

  // Takes the message always; a full consumer makes has_room() false.
  virtual void send(Message message) = 0;
  virtual bool has_room() = 0;

  // Moves on what waits for a full consumer; whether anything moved.
  virtual bool drain() { return false; }
  // Whether everything sent has been taken.
  virtual bool drained() const { return true; }
};

// One step of the plan on one worker. The worker calls run_once() until nothing moves.
class Step {
 public:
  explicit Step(WorkerContext& context) : context_(context) {}
  virtual ~Step() = default;
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  // Does a bounded piece of work, if there is any and its consumers have room. Whether it did.
  virtual bool run_once() = 0;

  // Has sent its end on, and its outlets have passed it.
  bool finished() const;

  void add_outlet(std::unique_ptr<Outlet> outlet) {
    outlets_.push_back({std::move(outlet), false});
  }
  // For the rows that send_dead_letters() has, in place of the others.
  void add_dead_letter_outlet(std::unique_ptr<Outlet> outlet) {
    outlets_.push_back({std::move(outlet), true});
  }
  bool outlets_have_room();
  bool drain_outlets();

  const StepCounters& counters() const { return counters_; }
  void note_kept() { counters_.kept = kept(); }

  // Its state goes into the worker's delta under this name at the end of every epoch. The step's
  // own `tables` have the rows of these key groups. Requires: a delta.
  void keep_as(std::string id, std::vector<StateTable*> tables, KeyGroupRange groups);

  // The last epoch that the step has come to the end of.
  std::uint64_t epoch() const { return epoch_; }
  // Before the first row of a job that goes on from an earlier epoch.
  void begin_after(std::uint64_t epoch) { epoch_ = epoch; }
  // The end of an epoch for a step that has finished, to which no barrier comes any more.
  void end_epoch_after_all(std::uint64_t epoch) {
    epoch_ = epoch;
    keep_epoch();
  }

 protected:
  // Hands over what the step has to say at the end of an epoch.
  void keep_epoch() {
    if (context_.delta != nullptr) {
      context_.delta->note_counts(counters_);
      keep_state();
    }
  }
  // Hands over what has changed in its state since the last epoch. Requires: a delta.
  virtual void keep_state() {}
  // The part of it that is in the tables, at which point its watermark stood there.
  Status keep_tables(EventTime watermark);

  virtual Kept kept() const { return {}; }

  void send_to_all(Message message);
  void send_dead_letters(const Batch& letters);
  bool has_dead_letter_outlets() const;
  void mark_ended() { ended_ = true; }

  WorkerContext& context_;
  StepCounters counters_;
  std::uint64_t epoch_ = 0;

 private:
  struct WayOut {
    std::unique_ptr<Outlet> outlet;
    bool takes_dead_letters = false;  // And no other rows.
  };
  std::vector<WayOut> outlets_;
  bool ended_ = false;
  std::string state_id_;
  std::vector<StateTable*> tables_;
};

}  // namespace thalweg
