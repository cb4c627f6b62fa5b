#include "operators/interval_join.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "expr/evaluator.h"
#include "operators/aggregation.h"
#include "operators/fixed_column.h"
#include "operators/join_columns.h"
#include "operators/join_side.h"
#include "operators/late_after_idle.h"
#include "operators/reject_each.h"

// Each row of a batch looks for its partners among the rows of its key that wait on the other side,
// which stand in order of time, and then waits on its own. Pairs are judged and put out in pieces.
namespace thalweg {
namespace {

constexpr std::size_t kPairsAtOnce = 4096;
constexpr std::size_t kLeft = 0;
constexpr std::size_t kRight = 1;

using Arrival = JoinSide::Arrival;
using Entry = JoinSide::Entry;
using Range = JoinSide::Range;

// What is computed of each row: its keys, and behind them when its last match is.
AggregationSpec computed(const IntervalJoinSpec::Side& side) {
  std::vector<ExprPtr> exprs = side.keys;
  if (side.last_match != nullptr) {
    exprs.push_back(side.last_match);
  }
  return {.keys = std::move(exprs),
          .aggregates = {},
          .input = AggregateInput::kRows,
          .updating_input = false};
}

JoinSideSpec side_spec(const IntervalJoinSpec& spec, std::size_t side) {
  const bool left = side == kLeft;
  JoinSideSpec made{.name = left ? "left" : "right", .types = spec.sides[side].types};
  if (left) {
    made.reach_micros = spec.upper_micros;
  } else if (spec.lower_micros) {
    made.reach_micros = -*spec.lower_micros;
  }
  made.has_last = spec.sides[side].last_match != nullptr;
  // Rows of the left side go with their first partner where they come out alone.
  made.marks =
      yields_pairs(spec.kind) ? left ? keeps_left(spec.kind) : keeps_right(spec.kind) : left;
  return made;
}

std::vector<Type> key_types(const IntervalJoinSpec::Side& side) {
  std::vector<Type> types;
  for (const ExprPtr& key : side.keys) {
    types.push_back(key->type);
  }
  return types;
}

class IntervalJoin final : public Operator {
 public:
  explicit IntervalJoin(IntervalJoinSpec spec)
      : spec_(std::move(spec)),
        computed_{Aggregation(computed(spec_.sides[kLeft])),
                  Aggregation(computed(spec_.sides[kRight]))},
        key_types_(key_types(spec_.sides[kLeft])),
        index_(KeyIndex::make(key_types_)),
        left_(side_spec(spec_, kLeft), key_types_, index_),
        right_(side_spec(spec_, kRight), key_types_, index_) {
    TW_CHECK(key_types_ == key_types(spec_.sides[kRight]));
    if (spec_.condition != nullptr) {
      condition_.emplace(spec_.condition);
    }
  }

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&left_.table(), &right_.table()};
  }

  void restored(EventTime watermark) override {
    note_time(Clock::kWatermark, watermark);
    left_.restored();
    right_.restored();
  }

  Result<Progress> process(int input, Batch batch, Emitter& out) override {
    take(static_cast<std::size_t>(input), reject_late_after_idle(std::move(batch), watermark_, out),
         out);
    return resume(out);
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    note_time(clock, now);
    if (clock == Clock::kWatermark) {
      expire(kLeft, keeps_left(spec_.kind));
      expire(kRight, keeps_right(spec_.kind));
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override;

  EventTime output_watermark(EventTime watermark) const override;

  Kept kept() const override {
    return {.count = left_.rows() + right_.rows(),
            .bytes = left_.memory_bytes() + right_.memory_bytes() + index_->memory_bytes()};
  }

 private:
  // Where a piece of pairs comes from: rows of a key on the other side, by number.
  struct Piece {
    GroupId id;
    Range range;
  };

  JoinSide& side(std::size_t number) { return number == kLeft ? left_ : right_; }
  bool keeps(std::size_t number) const {
    return number == kLeft ? keeps_left(spec_.kind) : keeps_right(spec_.kind);
  }
  // Whether rows of the left side alone come out, each at most once.
  bool picks() const { return !yields_pairs(spec_.kind); }

  void note_time(Clock clock, EventTime now) {
    (clock == Clock::kWall ? context_.now : context_.watermark) = now;
    computed_[kLeft].set_time(clock, now);
    computed_[kRight].set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
    }
  }

  void take(std::size_t input, Batch batch, Emitter& out);
  void expire(std::size_t number, bool keeps);
  Range partners(const Arrival& arrival);
  void pick(const Arrival& arrival);
  void add_pairs();
  void judge_pairs(Emitter& out);
  void take_out_picked();
  void settle();
  bool emit_due(std::size_t number, Emitter& out);
  Batch pairs() const;
  void forget_keys();
  void hold(Emitter& out);

  const IntervalJoinSpec spec_;
  std::array<Aggregation, 2> computed_;
  const std::vector<Type> key_types_;
  std::unique_ptr<KeyIndex> index_;  // Of both sides.
  JoinSide left_;
  JoinSide right_;
  std::optional<Evaluator> condition_;
  EvalContext context_;
  EventTime watermark_ = kStartOfTime;

  // Of the batch at hand.
  std::size_t input_ = kLeft;
  std::vector<Arrival> arrivals_;
  std::size_t next_ = 0;    // The first of them that has not seen all its partners,
  std::size_t offset_ = 0;  // and how many it has seen.
  std::array<std::vector<RowRef>, 2> pairs_;  // Not judged yet.
  std::vector<std::int64_t> pair_times_;
  std::vector<Piece> pieces_;  // Of pairs_.
  std::vector<RowSlot> slots_;

  // Rows that come out alone, by side, and how many of them have.
  std::array<std::vector<Entry>, 2> due_;
  std::array<std::size_t, 2> emitted_{};
};

void IntervalJoin::take(std::size_t input, Batch batch, Emitter& out) {
  AggregateColumns columns = computed_[input].prepare(std::move(batch), out);
  std::optional<Column> last;
  if (spec_.sides[input].last_match != nullptr) {
    last = std::move(columns.keys.back());
    columns.keys.pop_back();
  }
  std::vector<RowIndex> rows;
  std::vector<char> is_null;
  for (std::size_t i = 0; i < columns.count; ++i) {
    const RowIndex row = columns.all_rows()[i];
    const bool null = has_null(columns.keys, row);
    if (!null || keeps(input)) {
      rows.push_back(row);
      is_null.push_back(null ? 1 : 0);
    }
  }
  std::vector<GroupId> ids(rows.size());
  index_->find_or_insert(columns.keys, {.rows = rows}, ids);
  side(input).keep(columns.batch, rows, ids, last ? &*last : nullptr, slots_);
  const auto times = columns.batch.event_time->values<std::int64_t>();
  input_ = input;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Entry entry{.time = times[rows[i]], .slot = slots_[i]};
    if (is_null[i] != 0) {
      due_[input].push_back(entry);
    } else {
      arrivals_.push_back({.id = ids[i], .entry = entry});
    }
  }
}

// Lets go of rows that nothing to come can match; those without a partner come out if `keeps`.
void IntervalJoin::expire(std::size_t number, bool keeps) {
  JoinSide& rows = side(number);
  rows.expire(watermark_, [&](const Entry& entry) {
    if (keeps && !rows.is_marked(entry.slot)) {
      due_[number].push_back(entry);
    } else {
      rows.release(entry.slot);
    }
  });
}

// The rows of the other side that a row's key and time let it match.
Range IntervalJoin::partners(const Arrival& arrival) {
  const EventTime time{arrival.entry.time};
  const auto& lower = spec_.lower_micros;
  const auto& upper = spec_.upper_micros;
  if (input_ == kLeft) {
    return right_.between(arrival.id, lower ? moved_by(time, *lower) : kStartOfTime,
                          left_.last_match(arrival.entry));
  }
  return left_.between(arrival.id, upper ? moved_by(time, -*upper) : kStartOfTime,
                       right_.last_match(arrival.entry));
}

// Of rows of the left side that come out alone, where nothing but key and time decides.
void IntervalJoin::pick(const Arrival& arrival) {
  const Range range = partners(arrival);
  if (range.empty()) {
    return;
  }
  if (input_ == kLeft) {
    left_.mark(arrival.entry.slot);
    return;
  }
  const std::span<const Entry> entries = left_.waiting(arrival.id);
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (spec_.kind == JoinKind::kSemi) {
      due_[kLeft].push_back(entries[i]);
    } else {
      left_.release(entries[i].slot);
    }
  }
  left_.erase(arrival.id, range);
}

// Names the next pairs, at most so many as are judged together.
void IntervalJoin::add_pairs() {
  JoinSide& other = side(1 - input_);
  while (next_ < arrivals_.size() && pair_times_.size() < kPairsAtOnce) {
    const Arrival& arrival = arrivals_[next_];
    const bool decided = picks() && input_ == kLeft && left_.is_marked(arrival.entry.slot);
    const Range range = decided ? Range() : partners(arrival);
    const std::span<const Entry> entries = other.waiting(arrival.id);
    const std::size_t begin = range.begin + offset_;
    const std::size_t end = std::min(range.end, begin + kPairsAtOnce - pair_times_.size());
    for (std::size_t i = begin; i < end; ++i) {
      pairs_[input_].push_back(RowRef::kept(arrival.entry.slot));
      pairs_[1 - input_].push_back(RowRef::kept(entries[i].slot));
      pair_times_.push_back(std::max(arrival.entry.time, entries[i].time));
    }
    if (picks() && begin < end) {
      pieces_.push_back({.id = arrival.id, .range = {begin, end}});
    }
    if (end < range.end) {
      offset_ = end - range.begin;
    } else {
      ++next_;
      offset_ = 0;
    }
  }
}

Batch IntervalJoin::pairs() const {
  Batch batch;
  batch.length = static_cast<std::uint32_t>(pair_times_.size());
  batch.columns = side_by_side(left_.columns(pairs_[kLeft]), right_.columns(pairs_[kRight]));
  set_event_time(batch, fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), batch.length,
                                                   [&](std::size_t i) { return pair_times_[i]; }));
  return batch;
}

void IntervalJoin::judge_pairs(Emitter& out) {
  if (pair_times_.empty()) {
    return;
  }
  Batch batch = pairs();
  if (condition_) {
    Verdict verdict = judge(batch, condition_->evaluate(batch, context_));
    reject_each(batch, verdict.failed, verdict.errors, out);
    batch = std::move(batch).select(std::move(verdict.kept));
  }
  for (const std::size_t number : {kLeft, kRight}) {
    if (!keeps(number) && !(picks() && number == kLeft)) {
      continue;
    }
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      side(number).mark(pairs_[number][batch.row(i)].number);
    }
  }
  if (picks()) {
    take_out_picked();
  } else {
    out.emit(Port::kMain, std::move(batch));
  }
  pairs_[kLeft].clear();
  pairs_[kRight].clear();
  pair_times_.clear();
  pieces_.clear();
}

// Takes rows of the left side that have got a partner out of those that wait for one.
void IntervalJoin::take_out_picked() {
  if (input_ == kLeft) {
    return;  // They do not wait yet.
  }
  std::optional<GroupId> current;
  Range seen;  // The rows of its key that the arrival at hand has passed.
  if (offset_ > 0) {
    current = pieces_.back().id;
    seen = {pieces_.back().range.end - offset_, pieces_.back().range.end};
  }
  std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) {
    return a.id != b.id ? a.id < b.id : a.range.begin < b.range.begin;
  });
  std::size_t count = 0;  // Pieces that do not overlap.
  for (const Piece& piece : pieces_) {
    if (count > 0 && pieces_[count - 1].id == piece.id &&
        piece.range.begin <= pieces_[count - 1].range.end) {
      Range& range = pieces_[count - 1].range;
      range.end = std::max(range.end, piece.range.end);
    } else {
      pieces_[count++] = piece;
    }
  }
  pieces_.resize(count);
  std::size_t gone = 0;  // How many of those it has passed.
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    left_.erase_marked(piece->id, piece->range, [&](std::size_t number, const Entry& entry) {
      gone += piece->id == current && number >= seen.begin && number < seen.end ? 1 : 0;
      if (spec_.kind == JoinKind::kSemi) {
        due_[kLeft].push_back(entry);
      } else {
        left_.release(entry.slot);
      }
    });
  }
  offset_ -= gone;
}

// The batch's rows wait for partners from now on, but for those that want none, or can have no
// more.
void IntervalJoin::settle() {
  JoinSide& own = side(input_);
  std::erase_if(arrivals_, [&](const Arrival& arrival) {
    const auto& [id, entry] = arrival;
    const bool picked = picks() && input_ == kLeft && left_.is_marked(entry.slot);
    if (!picked && own.last_match(entry) >= watermark_) {
      return false;
    }
    if (picked ? spec_.kind == JoinKind::kSemi : keeps(input_) && !own.is_marked(entry.slot)) {
      due_[input_].push_back(entry);
    } else {
      own.release(entry.slot);
    }
    return true;
  });
  own.add(arrivals_);
  arrivals_.clear();
  next_ = 0;
  offset_ = 0;
}

Result<Progress> IntervalJoin::resume(Emitter& out) {
  if (picks() && !condition_) {
    for (; next_ < arrivals_.size(); ++next_) {
      pick(arrivals_[next_]);
    }
  }
  while (next_ < arrivals_.size()) {
    if (!out.has_room()) {
      return Progress::kMore;
    }
    add_pairs();
    judge_pairs(out);
  }
  settle();
  if (!emit_due(kLeft, out) || !emit_due(kRight, out)) {
    return Progress::kMore;
  }
  forget_keys();
  hold(out);
  return Progress::kDone;
}

// Puts out rows that have no partner, or of which it is enough to have one. False: there is no room
// for all.
bool IntervalJoin::emit_due(std::size_t number, Emitter& out) {
  std::vector<Entry>& due = due_[number];
  std::size_t& emitted = emitted_[number];
  for (; emitted < due.size(); emitted += std::min(kPairsAtOnce, due.size() - emitted)) {
    if (!out.has_room()) {
      return false;
    }
    const auto rows = std::span(due).subspan(emitted, std::min(kPairsAtOnce, due.size() - emitted));
    std::vector<RowRef> refs;
    for (const Entry& entry : rows) {
      refs.push_back(RowRef::kept(entry.slot));
    }
    Batch batch;
    batch.length = static_cast<std::uint32_t>(rows.size());
    batch.columns = side(number).columns(refs);
    if (number == kRight) {
      batch.columns = side_by_side(null_columns(spec_.sides[kLeft].types, batch.length),
                                   std::move(batch.columns));
    } else if (!picks()) {
      batch.columns = side_by_side(std::move(batch.columns),
                                   null_columns(spec_.sides[kRight].types, batch.length));
    }
    set_event_time(batch, fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), batch.length,
                                                     [&](std::size_t i) { return rows[i].time; }));
    out.emit(Port::kMain, std::move(batch));
    for (const Entry& entry : rows) {
      side(number).release(entry.slot);
    }
  }
  due.clear();
  emitted = 0;
  return true;
}

// A pair is never older than its later row, which came in time. Rows that come out alone may be as
// old as the oldest that waits.
EventTime IntervalJoin::output_watermark(EventTime watermark) const {
  if (watermark == kStartOfTime || watermark == kEndOfTime) {
    return watermark;
  }
  EventTime lowest = watermark;
  if (keeps_left(spec_.kind) || picks()) {
    lowest = std::min(lowest, left_.lowest_waiting(watermark));
  }
  if (keeps_right(spec_.kind)) {
    lowest = std::min(lowest, right_.lowest_waiting(watermark));
  }
  return lowest;
}

void IntervalJoin::forget_keys() {
  const std::uint64_t rows = left_.rows() + right_.rows();
  if (!are_sparse(index_->size(), rows)) {
    return;
  }
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (!left_.waiting(id).empty() || !right_.waiting(id).empty()) {
      kept.push_back(id);
    }
  }
  left_.keep_only(kept);
  right_.keep_only(kept);
  keep_only_keys(index_, kept, key_types_);
}

void IntervalJoin::hold(Emitter& out) {
  Held held;
  if (keeps_left(spec_.kind)) {
    held.count += left_.rows();
    held.due = std::min(held.due, left_.next_due());
  }
  if (keeps_right(spec_.kind)) {
    held.count += right_.rows();
    held.due = std::min(held.due, right_.next_due());
  }
  out.hold(held);
}

}  // namespace

std::unique_ptr<Operator> make_interval_join(IntervalJoinSpec spec) {
  return std::make_unique<IntervalJoin>(std::move(spec));
}

}  // namespace thalweg
