#include "operators/as_of_next.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "operators/as_of_inputs.h"
#include "operators/as_of_pairs.h"
#include "operators/join_columns.h"
#include "operators/join_rows.h"
#include "operators/join_side.h"

// The left rows that the watermark has passed are kept by key, in order of time, until a right row
// is passed that is far enough behind them. Of right rows nothing is kept.
namespace thalweg {
namespace {

constexpr std::size_t kLeft = AsOfInputs::kLeft;
constexpr std::size_t kRight = AsOfInputs::kRight;

std::vector<Type> key_types(const AsOfJoinSpec& spec) {
  std::vector<Type> types;
  for (const ExprPtr& key : spec.sides[kLeft].keys) {
    types.push_back(key->type);
  }
  return types;
}

// Left rows have their event time as a last column.
JoinRowsSpec pending_spec(const AsOfJoinSpec& spec) {
  JoinRowsSpec rows{.name = "pending", .types = spec.sides[kLeft].types};
  rows.types.push_back(type_of(TypeKind::kTimestamp));
  return rows;
}

class NextRowJoin final : public Operator {
 public:
  explicit NextRowJoin(AsOfJoinSpec spec)
      : spec_(std::move(spec)),
        key_types_(key_types(spec_)),
        width_(spec_.sides[kLeft].types.size()),
        inputs_(spec_),
        index_(KeyIndex::make(key_types_)),
        pending_(pending_spec(spec_), key_types_, index_) {
    TW_CHECK(spec_.kind == JoinKind::kInner || spec_.kind == JoinKind::kLeft);
    TW_CHECK(!spec_.sides[kRight].has_changes);
  }

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables = inputs_.tables();
    tables.push_back(&pending_.table());
    return tables;
  }

  void restored(EventTime watermark) override;

  Result<Progress> process(int input, Batch batch, Emitter& out) override {
    inputs_.take(static_cast<std::size_t>(input), std::move(batch), out);
    hold(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    inputs_.note_time(clock, now);
    if (clock != Clock::kWatermark) {
      return Progress::kDone;
    }
    passed_ = inputs_.pass();
    if (passed_.left) {
      add_pending();
    }
    if (passed_.right) {
      find_partners();
    }
    if (now == kEndOfTime) {
      give_up();
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override;

  EventTime output_watermark(EventTime watermark) const override {
    const EventTime passed = inputs_.left_passed(watermark);
    return oldest_.empty() || watermark == kEndOfTime
               ? passed
               : std::min(passed, EventTime{oldest_.front().time});
  }

  Kept kept() const override {
    const TimeOrderedRows& left = inputs_.waiting(kLeft);
    const TimeOrderedRows& right = inputs_.waiting(kRight);
    return {.count = left.rows() + right.rows() + pending_.rows(),
            .bytes = left.memory_bytes() + right.memory_bytes() + pending_.memory_bytes() +
                     serials_.memory_bytes() + oldest_.size() * sizeof(Waiting) +
                     index_->memory_bytes()};
  }

 private:
  static constexpr std::size_t kGoneMin = 1024;

  // A pending row, told by its serial from others that have had its slot.
  struct Waiting {
    std::int64_t time;
    RowSlot slot;
    std::uint64_t serial;
  };

  std::int64_t time_of(RowSlot slot) const { return pending_.values<std::int64_t>(width_)[slot]; }
  void add_pending();
  void note_pending(RowSlot slot);
  void find_partners();
  void give_partner(GroupId id, RowIndex right);
  void give_up();
  template <typename Emit>
  bool emit_all(std::size_t count, std::size_t& emitted, Emitter& out, Emit emit);
  Batch pending_rows(std::span<const RowSlot> slots) const;
  void settle();
  void forget_gone();
  void forget_keys();
  void hold(Emitter& out);

  const AsOfJoinSpec spec_;
  const std::vector<Type> key_types_;
  const std::size_t width_;  // Of the left side.
  AsOfInputs inputs_;
  std::unique_ptr<KeyIndex> index_;
  JoinRows pending_;
  std::deque<Waiting> oldest_;         // In order of time; some are gone.
  StateArray<std::uint64_t> serials_;  // By slot; 0: it is gone.
  std::uint64_t next_serial_ = 1;

  // Of the rows that the watermark has passed.
  AsOfInputs::Passed passed_;
  std::vector<RowSlot> matched_;    // With a partner each,
  std::vector<RowIndex> partners_;  // a row of passed_.right.
  std::vector<RowSlot> alone_;
  std::vector<RowIndex> null_keys_;  // Rows of passed_.left.
  std::size_t matched_out_ = 0;      // So many of each are out.
  std::size_t alone_out_ = 0;
  std::size_t null_keys_out_ = 0;
  JoinRows::Change change_;
  StateArray<RowIndex> best_;  // By key, plus one: of right rows of one time.
};

void NextRowJoin::restored(EventTime watermark) {
  inputs_.note_time(Clock::kWatermark, watermark);
  pending_.restored();
  std::vector<RowSlot> slots;
  for (GroupId id = 0; id < index_->size(); ++id) {
    const std::span<const RowSlot> of_key = pending_.of(id);
    slots.insert(slots.end(), of_key.begin(), of_key.end());
  }
  std::ranges::stable_sort(slots, {}, [this](RowSlot slot) { return time_of(slot); });
  std::ranges::for_each(slots, [this](RowSlot slot) { note_pending(slot); });
}

void NextRowJoin::note_pending(RowSlot slot) {
  serials_.grow_to(slot + 1);
  serials_[slot] = next_serial_;
  oldest_.push_back({.time = time_of(slot), .slot = slot, .serial = next_serial_++});
}

void NextRowJoin::add_pending() {
  const Batch& left = *passed_.left;
  const std::vector<Column> keys = inputs_.keys(kLeft, left);
  std::vector<RowIndex> rows;
  for (RowIndex row = 0; row < left.length; ++row) {
    (has_null(keys, row) ? null_keys_ : rows).push_back(row);
  }
  std::vector<GroupId> ids(rows.size());
  index_->find_or_insert(keys, {.rows = rows}, ids);
  Batch kept;
  kept.length = left.length;
  kept.columns.assign(left.columns.begin(),
                      left.columns.begin() + static_cast<std::ptrdiff_t>(width_));
  kept.columns.push_back(*left.event_time);
  pending_.take(kept, rows, ids, change_);
  for (const JoinRows::Row& row : change_.come) {
    note_pending(row.slot);
  }
}

// Of right rows of one time and key one counts.
void NextRowJoin::find_partners() {
  const Batch& right = *passed_.right;
  std::vector<GroupId> ids(right.length);
  index_->find_or_insert(inputs_.keys(kRight, right), {.rows = {}, .all = true}, ids);
  best_.grow_to(index_->size());
  const auto times = right.event_time->values<std::int64_t>();
  for (RowIndex begin = 0, end = 0; begin < right.length; begin = end) {
    for (; end < right.length && times[end] == times[begin]; ++end) {
      RowIndex& best = best_[ids[end]];
      if (best == 0 || is_later(right, spec_.sides[kRight], best - 1, end)) {
        best = end + 1;
      }
    }
    for (RowIndex row = begin; row < end; ++row) {
      if (best_[ids[row]] == row + 1) {
        give_partner(ids[row], row);
      }
    }
    for (RowIndex row = begin; row < end; ++row) {
      best_[ids[row]] = 0;
    }
  }
}

void NextRowJoin::give_partner(GroupId id, RowIndex right) {
  const std::int64_t time = passed_.right->event_time->values<std::int64_t>()[right];
  const EventTime last = moved_by({time}, -spec_.distance_micros);
  const std::span<const RowSlot> slots = pending_.of(id);
  std::uint32_t count = 0;
  for (; count < slots.size() && time_of(slots[count]) <= last.micros; ++count) {
    matched_.push_back(slots[count]);
    partners_.push_back(right);
  }
  if (count > 0) {
    pending_.drop_front(id, count);
  }
}

// No partner comes any more.
void NextRowJoin::give_up() {
  for (GroupId id = 0; id < index_->size(); ++id) {
    const std::span<const RowSlot> slots = pending_.of(id);
    if (!slots.empty()) {
      alone_.insert(alone_.end(), slots.begin(), slots.end());
      pending_.drop_front(id, static_cast<std::uint32_t>(slots.size()));
    }
  }
}

Batch NextRowJoin::pending_rows(std::span<const RowSlot> slots) const {
  std::vector<RowRef> refs;
  for (const RowSlot slot : slots) {
    refs.push_back(RowRef::kept(slot));
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(slots.size());
  batch.columns = pending_.columns(refs);
  set_event_time(batch, std::move(batch.columns.back()));
  batch.columns.pop_back();
  return batch;
}

// Calls emit(begin, count) for what is not out yet. False: there is no room for all.
template <typename Emit>
bool NextRowJoin::emit_all(std::size_t count, std::size_t& emitted, Emitter& out, Emit emit) {
  while (emitted < count) {
    if (!out.has_room()) {
      return false;
    }
    const std::size_t piece = std::min(kPairsAtOnce, count - emitted);
    out.emit(Port::kMain, emit(emitted, piece));
    emitted += piece;
  }
  return true;
}

Result<Progress> NextRowJoin::resume(Emitter& out) {
  const std::vector<Type>& right_types = spec_.sides[kRight].types;
  const auto pairs = [&](std::size_t begin, std::size_t count) {
    Batch batch = pending_rows(std::span(matched_).subspan(begin, count));
    const RowSpan rows = std::span(partners_).subspan(begin, count);
    for (std::size_t i = 0; i < right_types.size(); ++i) {
      batch.columns.push_back(gather(passed_.right->columns[i], rows));
    }
    return batch;
  };
  const auto alone = [&](std::size_t begin, std::size_t count) {
    return with_nulls(pending_rows(std::span(alone_).subspan(begin, count)), right_types);
  };
  const auto null_keys = [&](std::size_t begin, std::size_t count) {
    const RowSpan rows = std::span(null_keys_).subspan(begin, count);
    return with_nulls(left_rows(*passed_.left, rows, width_), right_types);
  };
  const std::size_t alone_count = keeps_left(spec_.kind) ? alone_.size() : 0;
  if (!emit_all(matched_.size(), matched_out_, out, pairs) ||
      !emit_all(null_keys_.size(), null_keys_out_, out, null_keys) ||
      !emit_all(alone_count, alone_out_, out, alone)) {
    return Progress::kMore;
  }
  settle();
  forget_keys();
  hold(out);
  return Progress::kDone;
}

void NextRowJoin::settle() {
  for (const std::vector<RowSlot>* const slots : {&matched_, &alone_}) {
    for (const RowSlot slot : *slots) {
      serials_[slot] = 0;
      pending_.release(slot);
    }
  }
  matched_.clear();
  partners_.clear();
  alone_.clear();
  null_keys_.clear();
  matched_out_ = alone_out_ = null_keys_out_ = 0;
  passed_ = {};
  forget_gone();
}

// What rows leave behind that found a partner before older ones must not outgrow those.
void NextRowJoin::forget_gone() {
  const auto is_gone = [this](const Waiting& row) { return serials_[row.slot] != row.serial; };
  if (oldest_.size() > 2 * pending_.rows() + kGoneMin) {
    std::erase_if(oldest_, is_gone);
  }
  while (!oldest_.empty() && is_gone(oldest_.front())) {
    oldest_.pop_front();
  }
}

void NextRowJoin::forget_keys() {
  if (!are_sparse(index_->size(), pending_.rows())) {
    return;
  }
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (!pending_.of(id).empty()) {
      kept.push_back(id);
    }
  }
  pending_.keep_only(kept);
  keep_only_keys(index_, kept, key_types_);
}

void NextRowJoin::hold(Emitter& out) {
  out.hold({.count = inputs_.waiting(kLeft).rows() + pending_.rows()});
}

}  // namespace

std::unique_ptr<Operator> make_next_row_join(AsOfJoinSpec spec) {
  return std::make_unique<NextRowJoin>(std::move(spec));
}

}  // namespace thalweg
