#include "runtime/operator_step.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/shorten.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

// Messages that may lie before a step of the same worker.
constexpr std::size_t kWaitingMax = 4;

constexpr std::size_t kColumnsShown = 12;

// "A division by zero. Row: (2, NULL)"
std::string describe_failed(const Batch& batch, RowIndex row, const std::string& reason) {
  std::string values;
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    if (i == kColumnsShown) {
      values += ", ...";
      break;
    }
    const Column& column = batch.columns[i];
    values += i == 0 ? "" : ", ";
    values += column.is_valid(row) ? shorten(to_string(value_at(column, row))) : "NULL";
  }
  return reason + " Row: (" + values + ')';
}

}  // namespace

OperatorStep::OperatorStep(WorkerContext& context, std::unique_ptr<Operator> op)
    : Step(context), operator_(std::move(op)) {}

void OperatorStep::restored(EventTime watermark) {
  operator_->restored(watermark);
  watermark_ = watermark;
  restored_ = watermark != kStartOfTime && watermark != kEndOfTime;
  if (watermark != kEndOfTime) {
    due_by_wall_clock_ = kStartOfTime;  // What it waits for by that clock it says when told of it.
  }
  tell_complete();
}

std::size_t OperatorStep::add_channel(int input, MessageQueue* queue) {
  Channel channel;
  channel.input = input;
  channel.queue = queue;
  channels_.push_back(std::move(channel));
  return channels_.size() - 1;
}

void OperatorStep::deliver(std::size_t index, Message message) {
  Channel& channel = channels_[index];
  const bool leave_lying = context_.dice && ((*context_.dice)() & 1) != 0;
  if (leave_lying || restored_ || busy_ || unfinished_ || channel.at_barrier ||
      !channel.waiting.empty() || is_due_by_wall_clock()) {
    channel.waiting.push_back(std::move(message));
  } else {
    handle(channel, std::move(message));
  }
}

bool OperatorStep::accepts(std::size_t channel) {
  return !unfinished_ && channels_[channel].waiting.size() < kWaitingMax && outlets_have_room() &&
         (writer_ == nullptr || !writer_->is_full());
}

bool OperatorStep::run_once() {
  if (!outlets_have_room() || !sink_has_room()) {
    return false;
  }
  if (restored_) {
    // Without it a silent input would hold consumers back at the beginning of time.
    restored_ = false;
    pass_watermark_on();
    return true;
  }
  if (unfinished_) {
    const TimeCharge charge(context_, counters_);
    busy_ = true;
    const Result<Progress> progress = operator_->resume(*this);
    busy_ = false;
    after_call(progress);
    return true;
  }
  if (is_due_by_wall_clock()) {
    const TimeCharge charge(context_, counters_);
    due_by_wall_clock_ = kEndOfTime;
    busy_ = true;
    const Result<Progress> progress =
        operator_->on_time(Clock::kWall, context_.env.wall_now(), *this);
    busy_ = false;
    after_call(progress);
    if (idle_sent_) {
      // What came out must not make consumers wait for more.
      send_to_all(WatermarkMessage{.time = watermark_sent_, .idle = true});
    }
    return true;
  }
  if (ticks_ && tick()) {
    return true;
  }
  const std::size_t start = context_.dice ? (*context_.dice)() : next_channel_;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_[(start + i) % channels_.size()];
    if (!channel.at_barrier && has_message(channel)) {
      next_channel_ = (start + i + 1) % channels_.size();
      handle(channel, take_message(channel));
      return true;
    }
  }
  return false;
}

bool OperatorStep::has_message(Channel& channel) const {
  return channel.queue != nullptr ? channel.queue->front() != nullptr : !channel.waiting.empty();
}

Message OperatorStep::take_message(Channel& channel) {
  if (channel.queue != nullptr) {
    return *channel.queue->pop();
  }
  Message message = std::move(channel.waiting.front());
  channel.waiting.pop_front();
  return message;
}

void OperatorStep::handle(Channel& channel, Message message) {
  const TimeCharge charge(context_, counters_);
  if (Batch* batch = std::get_if<Batch>(&message)) {
    channel.idle = false;
    idle_ = false;
    tell_idle();  // What the operator keeps of these rows must not be overtaken further down.
    process(channel.input, std::move(*batch));
  } else if (const auto* watermark = std::get_if<WatermarkMessage>(&message)) {
    channel.watermark = std::max(channel.watermark, watermark->time);
    channel.idle = watermark->idle;
    advance_watermark();
  } else if (const auto* barrier = std::get_if<BarrierMessage>(&message)) {
    TW_CHECK(barrier->epoch == epoch_ + 1);
    channel.at_barrier = true;
    align_barrier();
  } else {
    const auto& end = std::get<EndMessage>(message);
    stopped_ |= end.stopped;
    reached_ = std::max(reached_, end.reached);
    channel.ended = true;
    channel.stopped = end.stopped;
    align_barrier();
    advance_watermark();
  }
}

void OperatorStep::process(int input, Batch batch) {
  counters_.rows_in.add(batch.num_rows());
  counters_.batches_in.add(1);
  busy_ = true;
  // What now() is for the whole batch. Operators only note it: what is due by it has its own turn.
  EventTime now = context_.env.wall_now();
  if (now >= due_by_wall_clock_) {
    now = {due_by_wall_clock_.micros - 1};
  }
  Result<Progress> progress = operator_->on_time(Clock::kWall, now, *this);
  if (progress.ok()) {
    progress = operator_->process(input, std::move(batch), *this);
  }
  busy_ = false;
  after_call(progress);
}

// The channels of one input bring each worker's share of one stream. They stand aside only
// together: what one worker reads next may belong before what another has passed on, and while a
// worker is silent its first stage may still keep rows.
void OperatorStep::advance_watermark() {
  active_inputs_.clear();
  const bool at_end = all_ended();
  for (const Channel& channel : channels_) {
    if (channel.counts() && !channel.idle) {
      active_inputs_.insert(channel.input);
    }
  }
  if (at_end) {
    ticks_.reset();
  } else if (ticks_) {
    return;
  }
  idle_ = active_inputs_.empty() && !at_end;
  if (at_end && watermark_ == kEndOfTime) {
    // It had said all in an earlier run.
    send_to_all(EndMessage{.stopped = false, .reached = reached_});
    mark_ended();
    return;
  }
  if (at_end && stopped_) {
    flush_operator();
    send_to_all(EndMessage{.stopped = true});
    mark_ended();
    return;
  }
  EventTime lowest = kEndOfTime;
  for (const Channel& channel : channels_) {
    // Where all are idle, time has still come as far as each of them.
    if (channel.counts() && (idle_ || active_inputs_.contains(channel.input))) {
      lowest = std::min(lowest, channel.watermark);
    }
  }
  if (at_end && reached_ > watermark_) {
    lowest = reached_;
  }
  if (lowest <= watermark_) {
    tell_idle();
    return;
  }
  move_watermark(lowest);
}

void OperatorStep::move_watermark(EventTime time) {
  watermark_ = time;
  watermark_due_ = true;
  busy_ = true;
  const Result<Progress> progress = operator_->on_time(Clock::kWatermark, watermark_, *this);
  busy_ = false;
  after_call(progress);
}

// Where there is none, the barrier of the epoch that is waited for has passed here, and so rows
// wait that no other step needs for it.
bool OperatorStep::sink_has_room() {
  if (writer_ == nullptr || !writer_->is_full()) {
    return true;
  }
  if (Status status = writer_->flush(); !status.ok()) {
    context_.fail(std::move(status));
  }
  return !writer_->is_full();
}

// Tells consumers whether any channel is active, where that has changed. Idle comes after all that
// the operator had to say.
void OperatorStep::tell_idle() {
  if (!unfinished_ && idle_ != idle_sent_) {
    idle_sent_ = idle_;
    send_to_all(WatermarkMessage{.time = watermark_sent_, .idle = idle_});
  }
}

bool OperatorStep::tick() {
  const auto number = [this](EventTime time) {
    const std::int64_t since = time.micros - ticks_->offset_micros;
    return since / ticks_->every_micros - (since % ticks_->every_micros < 0 ? 1 : 0);
  };
  const EventTime now = context_.env.wall_now();
  const bool has_begun = watermark_ != kStartOfTime;
  if (now <= watermark_ || (has_begun && number(now) == number(watermark_))) {
    return false;
  }
  const TimeCharge charge(context_, counters_);
  move_watermark(now);
  return true;
}

void OperatorStep::align_barrier() {
  bool any = false;
  for (const Channel& channel : channels_) {
    if (!channel.ended && !channel.at_barrier) {
      return;
    }
    any |= channel.at_barrier;
  }
  if (any) {
    for (Channel& channel : channels_) {
      channel.at_barrier = false;
    }
    flush_operator();
    ++epoch_;
    keep_epoch();
    send_to_all(BarrierMessage{.epoch = epoch_});
  }
}

// Nothing that an epoch has counted as read may lie in a stage that keeps no state.
void OperatorStep::flush_operator() {
  if (context_.delta == nullptr) {
    return;
  }
  busy_ = true;
  const Status status = operator_->before_epoch(*this);
  busy_ = false;
  if (!status.ok()) {
    context_.fail(status);
  }
}

void OperatorStep::keep_state() {
  Status status = keep_tables(watermark_);
  if (status.ok() && writer_ != nullptr) {
    status = writer_->end_epoch(epoch_);
  }
  if (!status.ok()) {
    context_.fail(std::move(status));
  }
}

void OperatorStep::pass_watermark_on() {
  EventTime out = operator_->output_watermark(watermark_);
  if (out == kEndOfTime && watermark_ < kEndOfTime) {
    out = watermark_;  // Its end comes when its inputs end.
  }
  if (out > watermark_sent_) {
    watermark_sent_ = out;
    send_to_all(WatermarkMessage{.time = out, .idle = idle_sent_});
  }
}

void OperatorStep::after_call(const Result<Progress>& progress) {
  if (!progress.ok()) {
    context_.fail(progress.status());
    return;
  }
  unfinished_ = progress.value() == Progress::kMore;
  if (unfinished_) {
    return;
  }
  tell_complete();
  if (!std::exchange(watermark_due_, false)) {
    tell_idle();
    return;
  }
  if (watermark_ == kEndOfTime) {
    send_to_all(EndMessage{.stopped = false, .reached = watermark_sent_});
    mark_ended();
    return;
  }
  pass_watermark_on();
  tell_idle();
  if (reached_ == watermark_ && all_ended()) {
    advance_watermark();  // To the end of time.
  }
}

void OperatorStep::tell_complete() {
  if (open_results_ != nullptr && operator_->output_watermark(watermark_) == kEndOfTime) {
    open_results_->fetch_sub(results_, std::memory_order_relaxed);
    open_results_ = nullptr;
  }
}

bool OperatorStep::all_ended() const {
  return std::all_of(channels_.begin(), channels_.end(),
                     [](const Channel& channel) { return channel.ended; });
}

void OperatorStep::emit(Port port, Batch batch) {
  if (port == Port::kMain) {
    send_to_all(std::move(batch));
  }
}

void OperatorStep::reject(const Batch& batch, RowSpan rows, RowError error) {
  counters_.rejected[static_cast<std::size_t>(error)].add(rows.size());
  const bool late = error == RowError::kLate || error == RowError::kLateAfterIdle;
  if (late || rows.empty()) {
    return;
  }
  const auto describe = [&](RowIndex row) {
    return describe_failed(
        batch, row, writer_ != nullptr ? writer_->reason(error) : std::string(explain(error)));
  };
  if (context_.fail_on_row_error || fails_on_row_error_) {
    context_.fail(
        Status(Code::kRowFailed, "a row failed, and on_error = 'fail': " + describe(rows[0])));
  }
  for (std::size_t i = 0; i < rows.size() && counters_.examples.wants(error); ++i) {
    counters_.examples.add({"", error, describe(rows[i])});
  }
  if (context_.fail_on_late && error == RowError::kLateAfterIdle && !rows.empty()) {
    context_.fail(Status(Code::kRowFailed,
                         "a row came late: " + std::string(explain(error)) + " (late = 'fail')"));
  }
}

bool OperatorStep::is_due_by_wall_clock() const {
  return due_by_wall_clock_ != kEndOfTime && context_.env.wall_now() >= due_by_wall_clock_;
}

void OperatorStep::hold(const Held& held) {
  due_by_wall_clock_ = held.due_by_wall_clock;
  counters_.held.store(held.count, std::memory_order_relaxed);
  counters_.due_micros.store(held.due.micros, std::memory_order_relaxed);
}

bool OperatorStep::has_room() const { return const_cast<OperatorStep*>(this)->outlets_have_room(); }

}  // namespace thalweg
