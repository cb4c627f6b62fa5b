#include "operators/keyed_process.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "operators/late_after_idle.h"
#include "operators/time_order.h"
#include "state/keyed_records.h"
#include "state/shared_record.h"
#include "state/time_ordered_rows.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kRowsPerBatch = 4096;
constexpr std::uint32_t kCallsBetweenLooks = 1024;  // At whether consumers have room.

using TimerKind = KeyedRecords::TimerKind;

// The parts of the key whose turn it is.
class PartsAtHand final : public PartsOfKey {
 public:
  explicit PartsAtHand(const KeyedParts& parts) : parts_(parts) {}
  void stand_at(GroupId id, EventTime now) {
    id_ = id;
    now_ = now;
  }

  std::optional<std::string_view> find(std::uint32_t field, std::string_view name) const override {
    return parts_.find(id_, field, name, now_);
  }
  void visit(std::uint32_t field, const Visit& visit) const override {
    parts_.visit(id_, field, now_, visit);
  }
  std::string_view last_name(std::uint32_t field) const override {
    return parts_.last_name(id_, field);
  }

 private:
  const KeyedParts& parts_;
  GroupId id_ = 0;
  EventTime now_ = kStartOfTime;
};

class KeyedProcess final : public Operator {
 public:
  explicit KeyedProcess(KeyedProcessSpec spec)
      : spec_(std::move(spec)),
        records_(key_types(spec_.rows)),
        parts_(records_.parts()),
        waiting_(spec_.rows),
        times_(type_of(TypeKind::kTimestamp)) {
    if (spec_.broadcast) {
      broadcast_.emplace(*spec_.function, spec_.broadcast->rows);
    }
  }

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables{&records_.records_state(), &records_.timers_state(),
                                    &records_.parts_state()};
    if (spec_.timed) {
      tables.push_back(&waiting_);
    }
    if (broadcast_) {
      tables.push_back(&broadcast_->state);
      if (spec_.timed) {
        tables.push_back(&broadcast_->waiting);
      }
    }
    return tables;
  }

  void restored(EventTime watermark) override {
    watermark_ = watermark;
    records_.restored();
    if (spec_.function->has_ttl()) {
      records_.expire_all();  // When each is over is not kept.
    }
  }

  Result<Progress> process(int input, Batch batch, Emitter& out) override {
    if (input == 1) {
      process_broadcast(std::move(batch).compacted(), out);
      hold(out);
      return Progress::kDone;
    }
    if (spec_.timed) {
      waiting_.add(reject_late_after_idle(std::move(batch), watermark_, out));
      hold(out);
      return Progress::kDone;
    }
    take_up(std::move(batch));
    return resume(out);
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock == Clock::kWall) {
      now_ = now;
      return resume(out);
    }
    watermark_ = now;
    if (spec_.timed) {
      if (broadcast_) {
        broadcast_->take_up(now, *spec_.function);
      }
      if (std::optional<Batch> passed = waiting_.take_before(now)) {
        take_up(*std::move(passed));
      }
    }
    if (now == kEndOfTime) {
      records_.drop_timers(TimerKind::kWallClock);
    }
    return resume(out);
  }

  // The rows taken up and the timers that are due, in order of time.
  Result<Progress> resume(Emitter& out) override {
    for (std::uint32_t calls = 0; turn_once(out); ++calls) {
      if (!failure_.ok()) {
        return failure_;
      }
      if (spec_.function->rows_made() >= kRowsPerBatch || calls == kCallsBetweenLooks) {
        calls = 0;
        emit_rows(out);
        if (!out.has_room()) {
          return Progress::kMore;
        }
      }
    }
    emit_rows(out);
    rows_ = Batch();
    order_.clear();
    ids_.clear();
    next_ = 0;
    if (records_.is_sparse()) {
      records_.compact();
    }
    hold(out);
    return Progress::kDone;
  }

  Kept kept() const override {
    return {.count = waiting_.rows() + records_.live(),
            .bytes = records_.memory_bytes() + waiting_.memory_bytes() + rows_.memory_bytes() +
                     (broadcast_ ? broadcast_->waiting.memory_bytes() : 0)};
  }

 private:
  // Of the broadcast input: what its rows have left behind, those that wait, and those at hand.
  struct Broadcast {
    Broadcast(KeyedFunction& function, const RowLayout& layout)
        : state([&function] { return function.broadcast_state(); },
                [&function](std::string_view bytes) {
                  return function.restore_broadcast_state(bytes);
                }),
          waiting(layout, "waiting broadcast") {}

    // Makes those before `now` the ones at hand.
    void take_up(EventTime now, KeyedFunction& function) {
      rows = waiting.take_before(now).value_or(Batch());
      order = rows.empty() ? std::vector<RowIndex>() : order_of_time(rows);
      next = 0;
      function.begin_broadcast(rows);
    }

    SharedRecord state;
    TimeOrderedRows waiting;
    Batch rows;
    std::vector<RowIndex> order;
    std::size_t next = 0;
  };

  static std::vector<Type> key_types(const RowLayout& rows) {
    std::vector<Type> types;
    for (const std::uint32_t key : rows.keys) {
      types.push_back(rows.types[key]);
    }
    return types;
  }

  // Makes these the rows at hand, in the order in which they are to be taken.
  void take_up(Batch batch) {
    rows_ = std::move(batch).compacted();
    if (spec_.timed) {
      order_ = order_of_time(rows_);
    } else {
      order_.resize(rows_.length);
      std::iota(order_.begin(), order_.end(), 0U);
    }
    std::vector<Column> keys;
    for (const std::uint32_t key : spec_.rows.keys) {
      keys.push_back(rows_.columns[key]);
    }
    ids_.resize(rows_.length);
    records_.find_or_insert(keys, {.rows = {}, .all = true}, ids_);
    spec_.function->begin(rows_);
  }

  static EventTime time_of(const Batch& rows, RowIndex row) {
    return {rows.event_time->values<std::int64_t>()[row]};
  }

  void process_broadcast(Batch batch, Emitter& out) {
    std::uint32_t old = batch.length;
    if (spec_.timed) {
      old = 0;
      while (old < batch.length && time_of(batch, old) < watermark_) {
        ++old;
      }
      broadcast_->waiting.add(batch.slice(old, batch.length - old));
    }
    spec_.function->begin_broadcast(batch);
    for (RowIndex row = 0; row < old; ++row) {
      take_broadcast_row(batch, row, out);
    }
  }

  void take_broadcast_row(const Batch& batch, RowIndex row, Emitter& out) {
    const EventTime time = spec_.timed ? time_of(batch, row) : now_;
    if (spec_.function->call_broadcast(row, time)) {
      broadcast_->state.mark();
    } else if (spec_.broadcast->rejects) {
      const RowIndex rejected[] = {row};
      out.reject(batch, rejected, RowError::kFunctionFailed);
    }
  }

  // Takes the broadcast rows up to that time.
  void catch_up(EventTime time, Emitter& out) {
    if (!broadcast_) {
      return;
    }
    Broadcast& own = *broadcast_;
    while (own.next < own.order.size() && time_of(own.rows, own.order[own.next]) <= time) {
      take_broadcast_row(own.rows, own.order[own.next++], out);
    }
  }

  // One row or timer; false: none is due.
  bool turn_once(Emitter& out) {
    const bool has_row = next_ < order_.size();
    const auto timer = records_.first_timer(TimerKind::kEventTime);
    const bool is_due = timer && (timer->time < watermark_ || watermark_ == kEndOfTime);
    if (is_due && !(has_row && time_of(rows_, order_[next_]) <= timer->time)) {
      event_time_ = std::max(event_time_, timer->time);
      catch_up(event_time_, out);
      fire(KeyedTurn::Cause::kTimer, *timer);
      return true;
    }
    if (has_row) {
      take_row(order_[next_++], out);
      return true;
    }
    catch_up(kEndOfTime, out);
    const auto wall_timer = records_.first_timer(TimerKind::kWallClock);
    if (wall_timer && wall_timer->time <= now_) {
      event_time_ = std::max(event_time_, watermark_);
      fire(KeyedTurn::Cause::kWallTimer, *wall_timer);
      return true;
    }
    return expire_one(out);
  }

  // Lets go what has had its ttl of one key. Behind rows and timers, which must not see it either;
  // those still to come are of a later time.
  bool expire_one(Emitter& out) {
    const EventTime now = ttl_now();
    if (const auto id = now == kEndOfTime ? std::nullopt : records_.expire_part(now)) {
      out.expire(records_.has_state(*id) ? 0 : 1);
      return true;
    }
    const auto over = now == kEndOfTime ? std::nullopt : records_.take_expiry(now);
    if (!over) {
      return false;
    }
    if (!records_.get(over->id).empty()) {
      turn_.cause = KeyedTurn::Cause::kExpiry;
      if (call(over->id) && !records_.has_state(over->id)) {
        out.expire(1);
      }
    }
    return true;
  }

  EventTime ttl_now() const { return spec_.timed ? watermark_ : now_; }

  void take_row(RowIndex row, Emitter& out) {
    if (spec_.timed) {
      event_time_ = time_of(rows_, row);
      catch_up(event_time_, out);
    }
    turn_.cause = KeyedTurn::Cause::kRow;
    turn_.row = row;
    if (!call(ids_[row]) && failure_.ok()) {
      const RowIndex rejected[] = {row};
      out.reject(rows_, rejected, RowError::kFunctionFailed);
    }
  }

  void fire(KeyedTurn::Cause cause, const KeyedRecords::Timer& timer) {
    const bool by_wall_clock = cause == KeyedTurn::Cause::kWallTimer;
    const std::vector<Column> key = records_.key(timer.id);
    records_.remove_timer(by_wall_clock ? TimerKind::kWallClock : TimerKind::kEventTime, timer.id,
                          timer.time);
    turn_.cause = cause;
    turn_.key = key;
    turn_.timer_time = timer.time;
    if (!call(timer.id) && failure_.ok()) {
      failure_ = Status(Code::kRowFailed,
                        "a timer of \"" + spec_.name + "\" failed: " + spec_.function->failure());
    }
    turn_.key = {};
  }

  bool call(GroupId id) {
    const bool by_wall_clock = turn_.cause == KeyedTurn::Cause::kWallTimer;
    turn_.has_event_time = spec_.timed;
    turn_.time = spec_.timed && !by_wall_clock ? event_time_ : now_;
    turn_.now = now_;
    turn_.ttl_time =
        turn_.cause == KeyedTurn::Cause::kExpiry || !spec_.timed ? ttl_now() : event_time_;
    turn_.state = records_.get(id);
    turn_.parts = &parts_;
    parts_.stand_at(id, turn_.ttl_time);
    turn_.new_state.clear();
    turn_.timers.clear();
    turn_.part_changes.clear();
    turn_.expires = kEndOfTime;
    turn_.state_is_unreadable = false;
    if (!spec_.function->call(turn_)) {
      if (turn_.state_is_unreadable) {
        failure_ = unreadable_state();
      }
      return false;
    }
    if (turn_.new_state != turn_.state) {
      records_.put(id, turn_.new_state);
    }
    if (turn_.expires != kEndOfTime) {
      records_.set_expiry(id, turn_.expires);
    }
    for (const KeyedTurn::PartChange& change : turn_.part_changes) {
      if (change.bytes) {
        records_.put_part(id, change.field, change.name, *change.bytes, change.expires);
      } else {
        records_.erase_part(id, change.field, change.name);
      }
    }
    for (const KeyedTurn::TimerChange& change : turn_.timers) {
      change_timer(id, change);
    }
    if (spec_.timed) {
      while (times_.length() < spec_.function->rows_made()) {
        times_.append(event_time_.micros);
      }
    }
    return true;
  }

  Status unreadable_state() const {
    return Status(Code::kCorrupt,
                  "the state that \"" + spec_.name +
                      "\" has kept for a key is not of its State type: it is damaged, or its "
                      "StateEncoding has changed under the same kName; go back to that, or start "
                      "from scratch");
  }

  void change_timer(GroupId id, const KeyedTurn::TimerChange& change) {
    const TimerKind kind = change.by_wall_clock ? TimerKind::kWallClock : TimerKind::kEventTime;
    // One of the wall clock waits for the next look at it, or it could fire for ever.
    const EventTime time =
        std::max(change.time, change.by_wall_clock ? later_by(now_, 1) : event_time_);
    if (!change.set) {
      records_.remove_timer(kind, id, time);
    } else if (watermark_ != kEndOfTime || turn_.cause == KeyedTurn::Cause::kRow) {
      // What a timer sets when the input has ended would never come to an end.
      records_.set_timer(kind, id, time);
    }
  }

  void emit_rows(Emitter& out) {
    if (spec_.function->rows_made() == 0) {
      return;
    }
    Batch batch;
    batch.length = spec_.function->rows_made();
    batch.columns = spec_.function->take();
    if (spec_.timed) {
      set_event_time(batch, times_.finish());
    }
    out.emit(Port::kMain, std::move(batch));
  }

  void hold(Emitter& out) const {
    const auto timer = records_.first_timer(TimerKind::kEventTime);
    const auto wall_timer = records_.first_timer(TimerKind::kWallClock);
    out.hold({.count = waiting_.rows() + records_.live(),
              .due = std::min({waiting_.first_time(),
                               broadcast_ ? broadcast_->waiting.first_time() : kEndOfTime,
                               timer ? timer->time : kEndOfTime}),
              .due_by_wall_clock = std::min(wall_timer ? wall_timer->time : kEndOfTime,
                                            spec_.timed || watermark_ == kEndOfTime
                                                ? kEndOfTime
                                                : later_by(records_.first_expiry(), 1))});
  }

  const KeyedProcessSpec spec_;
  KeyedRecords records_;
  PartsAtHand parts_;
  TimeOrderedRows waiting_;
  std::optional<Broadcast> broadcast_;
  EventTime watermark_ = kStartOfTime;
  EventTime event_time_ = kStartOfTime;  // Of the last row or timer.
  EventTime now_ = kStartOfTime;

  Batch rows_;                   // Those at hand,
  std::vector<RowIndex> order_;  // in this order,
  std::vector<GroupId> ids_;     // with these keys.
  std::size_t next_ = 0;

  KeyedTurn turn_;
  ColumnBuilder times_;  // Of the rows made.
  Status failure_;
};

}  // namespace

std::unique_ptr<Operator> make_keyed_process(KeyedProcessSpec spec) {
  return std::make_unique<KeyedProcess>(std::move(spec));
}

}  // namespace thalweg
