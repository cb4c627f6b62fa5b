#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/step.h"
#include "stream/operator.h"
#include "stream/sink.h"

namespace thalweg {

// When a watermark that follows the wall clock goes on: as the clock passes a multiple of the one,
// counted from the other.
struct ClockTicks {
  std::int64_t every_micros = 0;
  std::int64_t offset_micros = 0;
};

// Runs one operator: merges the watermarks of its channels, aligns barriers, holds back input while
// the operator or its consumers are busy, and counts.
class OperatorStep final : public Step, private Emitter {
 public:
  OperatorStep(WorkerContext& context, std::unique_ptr<Operator> op);

  // Its watermark follows the wall clock from now on, whatever its inputs' are, until they end.
  void follow_clock(ClockTicks ticks) { ticks_ = ticks; }

  // A way in for input `input` of the operator: from a step of the same worker, or from another
  // worker through `queue`, which outlives the step. Returns the channel's number.
  std::size_t add_channel(int input, MessageQueue* queue = nullptr);

  // Requires: the channel has no queue.
  void deliver(std::size_t channel, Message message);

  // Whether a message delivered now to this channel would be taken up soon. Others say nothing of
  // it: one that has come to a barrier waits for this one.
  bool accepts(std::size_t channel);

  Status open() { return operator_->open(); }

  Result<std::vector<StateTable*>> state_tables() { return operator_->state_tables(); }
  // Its tables have been filled as they were when its watermark stood at `watermark`.
  void restored(EventTime watermark);
  // It hands its rows to this writer, which is told where epochs end.
  void writes_to(SinkWriter& writer) { writer_ = &writer; }
  // A row that it rejects ends the job.
  void fails_on_row_error() { fails_on_row_error_ = true; }
  // What it says is all that so many of the job's results are made of: once it can say no more they
  // are taken off `open`, which outlives the step. Before restored().
  void completes(std::atomic<std::uint32_t>& open, std::uint32_t results) {
    open_results_ = &open;
    results_ = results;
    tell_complete();
  }
  bool run_once() override;

  EventTime watermark() const { return watermark_; }

 private:
  struct Channel {
    int input = 0;
    MessageQueue* queue = nullptr;
    std::deque<Message> waiting;  // Without a queue.
    EventTime watermark = kStartOfTime;
    bool idle = false;
    bool ended = false;
    bool stopped = false;  // It has ended, and what it has not read comes in a later run.
    bool at_barrier = false;

    // Whether it may hold the watermark back.
    bool counts() const { return !ended || stopped; }
  };

  bool has_message(Channel& channel) const;
  Message take_message(Channel& channel);
  void handle(Channel& channel, Message message);
  void process(int input, Batch batch);
  void advance_watermark();
  void move_watermark(EventTime time);
  // Goes on with the wall clock; whether it did.
  bool tick();
  void tell_idle();
  bool sink_has_room();
  // Tells consumers how far time has come, where that is news.
  void pass_watermark_on();
  void tell_complete();
  bool all_ended() const;
  void align_barrier();
  void flush_operator();
  void keep_state() override;
  Kept kept() const override { return operator_->kept(); }
  bool is_due_by_wall_clock() const;
  // Goes on with what follows the operator's last call once it is done.
  void after_call(const Result<Progress>& progress);

  void emit(Port port, Batch batch) override;
  void reject(const Batch& batch, RowSpan rows, RowError error) override;
  bool has_room() const override;
  void hold(const Held& held) override;
  void expire(std::uint64_t keys) override { counters_.keys_expired.add(keys); }

  const std::unique_ptr<Operator> operator_;
  SinkWriter* writer_ = nullptr;
  std::atomic<std::uint32_t>* open_results_ = nullptr;  // Until its own are taken off.
  std::uint32_t results_ = 0;
  bool fails_on_row_error_ = false;
  bool restored_ = false;  // What consumers knew of the watermark before the restart is due.
  std::optional<ClockTicks> ticks_;
  std::vector<Channel> channels_;
  std::size_t next_channel_ = 0;
  EventTime watermark_ = kStartOfTime;
  EventTime watermark_sent_ = kStartOfTime;
  EventTime due_by_wall_clock_ = kEndOfTime;
  EventTime reached_ = kStartOfTime;  // The highest watermark of channels that have ended.
  bool stopped_ = false;
  bool busy_ = false;            // Inside a call of the operator.
  bool unfinished_ = false;      // The last call returned kMore.
  bool idle_ = false;            // No channel is active, and not all have ended.
  bool idle_sent_ = false;       // What consumers know of that.
  std::set<int> active_inputs_;  // Scratch.
  bool watermark_due_ = false;   // Pass the watermark on when the call under way is done.
};

// Hands messages to a step of the same worker.
class LocalOutlet final : public Outlet {
 public:
  LocalOutlet(OperatorStep& target, std::size_t channel) : target_(target), channel_(channel) {}
  void send(Message message) override { target_.deliver(channel_, std::move(message)); }
  bool has_room() override { return target_.accepts(channel_); }

 private:
  OperatorStep& target_;
  const std::size_t channel_;
};

}  // namespace thalweg
