#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "operators/group_state.h"
#include "operators/late_after_idle.h"
#include "operators/session_aggregate.h"
#include "operators/session_state.h"
#include "operators/told_sessions.h"
#include "operators/window_operators.h"
#include "operators/window_tables.h"
#include "state/group_set.h"
#include "state/session_index.h"
#include "state/time_buckets.h"

namespace thalweg {
namespace {

std::int64_t bucket_width(std::int64_t gap_micros) {
  constexpr std::int64_t kBucketsPerGap = 16;
  return std::max<std::int64_t>(gap_micros / kBucketsPerGap, 1);
}

// Sessions whose results are told before they are final. A row may make a session longer, or two of
// them one: what was told of them is taken back.
class ChangingSession final : public Operator {
 public:
  explicit ChangingSession(SessionAggregateSpec spec)
      : emit_(spec.emit),
        every_micros_(spec.every_micros),
        lateness_micros_(spec.lateness_micros),
        aggregation_(std::move(spec.aggregation)),
        index_(key_types(aggregation_.spec()), spec.gap_micros),
        state_(aggregation_.spec()),
        table_(key_schema(aggregation_.spec()), index_, state_),
        told_(aggregation_.spec(), index_),
        closing_(bucket_width(spec.gap_micros)),
        overdue_(bucket_width(spec.gap_micros)) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&table_, &told_};
  }

  // What waited to be told is not known: all sessions are compared with what has been told.
  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
    index_.restored();
    for (GroupId id = 0; id < index_.size(); ++id) {
      const bool goes_on = index_.is_open(id) && !has_ended(id);
      if (goes_on && emit_ != WindowEmit::kChanges) {
        wait_for_end(id);
      }
      const bool is_part_of_another = !index_.is_open(id) && told_.has(id);
      if (emit_ == WindowEmit::kEvery && (goes_on || is_part_of_another)) {
        wait_for_tick(id);
      }
    }
    tick_ = untold_.empty() ? kEndOfTime : kStartOfTime;
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    batch = reject_late_after_idle(std::move(batch), passed(), out);
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    state_.add(columns, index_, ids_, merges_);
    table_.mark(ids_, merges_);
    changed_.add(ids_);
    for (const SessionIndex::Merge& merge : merges_) {
      const GroupId both[] = {merge.from, merge.into};
      changed_.add(both);
    }
    for (const GroupId id : changed_.take()) {
      note_change(id);
    }
    // As much as the batch has changed, so there is no need to wait for room.
    while (next_ < due_.size()) {
      tell_some(out);
    }
    finish(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
      closing_.fire_before(now, [this](GroupId id) { close(id); });
      // What is taken back must not be older than the watermark that is passed on.
      overdue_.fire_before(now, [this](GroupId id) {
        if (is_untold_[id] != 0 && has_passed(told_.end(id))) {
          queue(id);
        }
      });
      return resume(out);
    }
    wall_ = now;
    if (now < tick_) {
      return Progress::kDone;
    }
    for (const GroupId id : std::exchange(untold_, {})) {
      queue(id);
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (next_ < due_.size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      tell_some(out);
    }
    finish(out);
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return session_output_watermark(passed_at(watermark, lateness_micros_));
  }

  Kept kept() const override {
    return {.count = index_.open(), .bytes = index_.memory_bytes() + state_.memory_bytes()};
  }

 private:
  EventTime passed() const { return passed_at(watermark_, lateness_micros_); }

  bool has_passed(EventTime end) const { return end < watermark_ || watermark_ == kEndOfTime; }
  bool has_ended(GroupId id) const { return has_passed(index_.end(id)); }

  // Whether a session is told now, or when its time has come.
  void note_change(GroupId id) {
    if (emit_ == WindowEmit::kChanges) {
      queue(id);
      return;
    }
    const bool open = index_.is_open(id);
    if (open) {
      wait_for_end(id);
    }
    const bool ended = open ? has_ended(id) : told_.has(id) && has_passed(told_.end(id));
    if (emit_ == WindowEmit::kEvery && !ended) {
      wait_for_tick(id);
    } else if (!open || ended || told_.has(id)) {
      queue(id);
    }
  }

  void wait_for_tick(GroupId id) {
    is_untold_.grow_to(index_.size());
    if (is_untold_[id] == 0) {
      is_untold_[id] = 1;
      untold_.push_back(id);
      if (told_.has(id)) {
        overdue_.set(told_.end(id), id);
      }
    }
  }

  void queue(GroupId id) {
    if (id < is_untold_.size()) {
      is_untold_[id] = 0;
    }
    is_due_.grow_to(index_.size());
    if (is_due_[id] == 0) {
      is_due_[id] = 1;
      due_.push_back(id);
    }
  }

  void wait_for_end(GroupId id) {
    waits_.grow_to(index_.size());
    if (waits_[id] == 0 && !has_ended(id)) {
      waits_[id] = 1;
      closing_.set(index_.end(id), id);
    }
  }

  void close(GroupId id) {
    if (!index_.is_open(id)) {
      return;
    }
    if (!has_ended(id)) {
      closing_.set(index_.end(id), id);
      return;
    }
    waits_[id] = 0;
    queue(id);
  }

  // One that goes on is not told between its ends, unless changes are asked for.
  bool stands(GroupId id) const {
    return index_.is_open(id) && (emit_ != WindowEmit::kOnClose || has_ended(id));
  }

  void tell_some(Emitter& out) {
    const std::size_t count = std::min<std::size_t>(kResultRows, due_.size() - next_);
    tell({due_.data() + next_, count}, out);
    next_ += count;
  }

  void tell(std::span<const GroupId> ids, Emitter& out) {
    std::vector<GroupId> standing;
    std::vector<RowIndex> rows;
    for (const GroupId id : ids) {
      rows.push_back(stands(id) ? static_cast<RowIndex>(standing.size()) : ToldRows::kNoRow);
      if (rows.back() != ToldRows::kNoRow) {
        standing.push_back(id);
      }
    }
    std::vector<RowIndex> overflow;
    const Batch now = sessions(standing, overflow);
    for (RowIndex& row : rows) {
      if (std::binary_search(overflow.begin(), overflow.end(), row)) {
        row = ToldRows::kNoRow;
      }
    }
    ToldRows::Changes changes = told_.tell(ids, rows, now.columns);
    if (!overflow.empty()) {
      out.reject(now, overflow, RowError::kOverflow);
    }
    Batch batch;
    batch.length = static_cast<std::uint32_t>(changes.places.size());
    batch.columns = std::move(changes.columns);
    batch.changes = std::move(changes.changes);
    set_event_time(batch, batch.columns[2]);
    out.emit(Port::kMain, std::move(batch));
  }

  Batch sessions(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) {
    Batch batch = session_bounds(index_, ids);
    for (Column& key : index_.keys(ids)) {
      batch.columns.push_back(std::move(key));
    }
    for (Column& column : state_.results(ids, overflow)) {
      batch.columns.push_back(std::move(column));
    }
    return batch;
  }

  // When all that is due has been told: frees what cannot change any more.
  void finish(Emitter& out) {
    for (const GroupId id : due_) {
      is_due_[id] = 0;
    }
    due_.clear();
    next_ = 0;
    std::vector<GroupId> gone;
    index_.end_before(passed(), gone);
    table_.mark(gone);
    for (const GroupId id : gone) {
      told_.forget(id);
    }
    if (untold_.empty()) {
      tick_ = kEndOfTime;
    } else if (tick_ == kEndOfTime) {
      tick_ = {wall_.micros + every_micros_};  // A period begins with the first change in it.
    }
    out.hold({.count = index_.open(),
              .due = emit_ == WindowEmit::kChanges ? index_.next_end() : closing_.next_time(),
              .due_by_wall_clock = tick_});
    if (index_.is_sparse() && untold_.empty()) {
      compact();
    }
  }

  void compact() {
    std::vector<GroupId> new_numbers(index_.size(), kGone);
    table_.before_compact();
    told_.before_compact();
    const std::vector<GroupId> old_numbers = index_.compact();
    for (std::size_t i = 0; i < old_numbers.size(); ++i) {
      new_numbers[old_numbers[i]] = static_cast<GroupId>(i);
    }
    state_.compact(old_numbers);
    told_.renumber(old_numbers);
    table_.after_compact(old_numbers);
    overdue_.take_all();  // Nothing waits to be told.
    waits_.clear();
    waits_.grow_to(old_numbers.size());
    for (const TimeBuckets::Timer& timer : closing_.take_all()) {
      if (const GroupId id = new_numbers[timer.id]; id != kGone) {
        waits_[id] = 1;
        closing_.set(timer.time, id);
      }
    }
  }

  static constexpr GroupId kGone = UINT32_MAX;

  const WindowEmit emit_;
  const std::int64_t every_micros_;
  const std::int64_t lateness_micros_;
  Aggregation aggregation_;
  SessionIndex index_;
  SessionState state_;
  SessionTable table_;
  ToldSessions told_;
  TimeBuckets closing_;     // The ends of sessions, or times before them.
  StateArray<char> waits_;  // By session: whether it is there.
  GroupSet changed_;        // Of one batch.
  EventTime watermark_ = kStartOfTime;
  EventTime wall_ = kStartOfTime;
  EventTime tick_ = kEndOfTime;  // kEvery: when to tell `untold_`.
  std::vector<GroupId> ids_;
  std::vector<SessionIndex::Merge> merges_;
  std::vector<GroupId> untold_;  // kEvery: what has changed since the last tick.
  StateArray<char> is_untold_;   // By session: whether it has changed since it was told.
  TimeBuckets overdue_;          // The ends of sessions as told that are not so any more.
  std::vector<GroupId> due_;
  StateArray<char> is_due_;  // By session.
  std::size_t next_ = 0;     // Of due_.
};

}  // namespace

std::unique_ptr<Operator> make_changing_session(SessionAggregateSpec spec) {
  return std::make_unique<ChangingSession>(std::move(spec));
}

}  // namespace thalweg
