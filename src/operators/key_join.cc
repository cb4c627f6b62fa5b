#include "operators/key_join.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "expr/evaluator.h"
#include "operators/aggregation.h"
#include "operators/join_columns.h"
#include "operators/join_rows.h"
#include "operators/reject_each.h"
#include "state/key_table.h"

// What a batch changes is a list of tasks, done in pieces: rows that went take their pairs back,
// rows of the other side lose their first partner or the last one, rows that came bring theirs.
// Without a condition the partners of a row are all rows of its key; else they are counted for each
// row.
namespace thalweg {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;
constexpr std::size_t kLeft = 0;
constexpr std::size_t kRight = 1;

AggregationSpec computed(const KeyJoinSpec::Side& side) {
  return {.keys = side.keys,
          .aggregates = {},
          .input = AggregateInput::kRows,
          .updating_input = side.updating};
}

bool keeps(JoinKind kind, std::size_t side) {
  return side == kLeft ? keeps_left(kind) : keeps_right(kind);
}

// Whether rows of a side come out, or not, by how many partners they have.
bool shows_any(JoinKind kind, std::size_t side) {
  return keeps(kind, side) || (kind == JoinKind::kSemi && side == kLeft);
}

bool shows(JoinKind kind, std::size_t side, std::int64_t partners) {
  return kind == JoinKind::kSemi ? side == kLeft && partners > 0
                                 : keeps(kind, side) && partners == 0;
}

JoinRowsSpec rows_spec(const KeyJoinSpec& spec, std::size_t side) {
  return {.name = side == kLeft ? "left" : "right",
          .types = spec.sides[side].types,
          .updating = spec.sides[side].updating,
          .counts = spec.condition != nullptr && shows_any(spec.kind, side)};
}

// The rows of a batch that come out together.
struct Output {
  std::array<std::vector<RowRef>, 2> pairs;                 // By side.
  std::vector<std::int16_t> signs;                          // Of pairs.
  std::array<std::array<std::vector<RowRef>, 2>, 2> alone;  // By side, and whether they come.
  std::size_t size() const {
    return signs.size() + alone[kLeft][0].size() + alone[kLeft][1].size() +
           alone[kRight][0].size() + alone[kRight][1].size();
  }
};

class KeyJoin final : public Operator {
 public:
  explicit KeyJoin(KeyJoinSpec spec)
      : spec_(std::move(spec)),
        computed_{Aggregation(computed(spec_.sides[kLeft])),
                  Aggregation(computed(spec_.sides[kRight]))},
        key_types_(key_types(computed_[kLeft].spec())),
        index_(KeyIndex::make(key_types_)),
        left_(rows_spec(spec_, kLeft), key_types_, index_),
        right_(rows_spec(spec_, kRight), key_types_, index_),
        idle_(spec_.ttl),
        idle_state_(idle_, key_types_, index_) {
    TW_CHECK(key_types_ == key_types(computed_[kRight].spec()));
    if (spec_.condition != nullptr) {
      condition_.emplace(spec_.condition);
    }
  }

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables{&left_.table(), &right_.table()};
    if (idle_.on()) {
      tables.push_back(&idle_state_);
    }
    return tables;
  }

  void restored(EventTime watermark) override;

  Result<Progress> process(int input, Batch batch, Emitter& out) override {
    take(static_cast<std::size_t>(input), std::move(batch), out);
    return resume(out);
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override;
  Result<Progress> resume(Emitter& out) override;

  Kept kept() const override {
    return {.count = left_.rows() + right_.rows(),
            .bytes = left_.memory_bytes() + right_.memory_bytes() + index_->memory_bytes()};
  }

 private:
  enum class Event : std::uint8_t {
    kGoes,       // A row of the input has gone.
    kComes,      // It has come.
    kFirstCame,  // The input has got its first rows of a key,
    kLastWent,   // or has lost its last ones.
  };
  struct Task {
    Event event;
    JoinRows::Row row;  // Of the first two; of the others its key alone.
  };

  JoinRows& rows(std::size_t side) { return side == kLeft ? left_ : right_; }
  const JoinRows& rows(std::size_t side) const { return side == kLeft ? left_ : right_; }
  bool at_end() const { return spec_.emit == KeyJoinEmit::kAtEnd; }
  bool tells_changes() const {
    return !at_end() && (spec_.sides[kLeft].updating || spec_.sides[kRight].updating ||
                         keeps_left(spec_.kind) || keeps_right(spec_.kind));
  }
  bool counts(std::size_t side) const {
    return spec_.condition != nullptr && shows_any(spec_.kind, side);
  }

  void take(std::size_t input, Batch batch, Emitter& out);
  // What a row of one side comes out as that has no partner.
  std::vector<Column> alone_columns(std::size_t side, std::vector<Column> own,
                                    std::uint32_t length) const;
  void emit_unmatched(std::size_t side, const Batch& batch, const std::vector<RowIndex>& rows,
                      Emitter& out) const;
  void add_tasks();
  void begin_end();
  bool finds_pairs(const Task& task) const;
  void add_to_output();
  void add_flips(const Task& task);
  void add_alone(std::size_t side, RowSlot slot, std::int64_t partners, bool comes);
  void settle_counts(const Batch& pairs);
  void put_out(Emitter& out);
  Batch pair_columns() const;
  void emit_pairs(const Batch& pairs, bool come, Emitter& out) const;
  void emit_alone(std::size_t side, bool come, Emitter& out) const;
  void emit_signed(Batch batch, bool come, Emitter& out) const;
  bool emit_rest(Emitter& out);
  void forget_keys();
  void keep_only(std::span<const GroupId> kept);

  const KeyJoinSpec spec_;
  std::array<Aggregation, 2> computed_;
  const std::vector<Type> key_types_;
  std::unique_ptr<KeyIndex> index_;  // Of both sides.
  JoinRows left_;
  JoinRows right_;
  std::optional<Evaluator> condition_;
  EvalContext context_;
  IdleKeys idle_;
  IdleKeysState idle_state_;

  // What is at hand.
  std::size_t input_ = kLeft;
  JoinRows::Change change_;
  std::vector<Task> tasks_;
  std::size_t next_ = 0;    // The first task that is not done,
  std::size_t offset_ = 0;  // and how many rows of the other side it has seen.
  Output output_;
  std::vector<RowSlot> came_;  // Rows of the output that have seen all their partners.

  // kAtEnd: keys with a NULL, and the right side's rows that may come out alone.
  std::vector<char> is_null_;
  std::vector<RowSlot> rest_;
  std::size_t rest_next_ = 0;
};

void KeyJoin::restored(EventTime watermark) {
  left_.restored();
  right_.restored();
  if (idle_.on()) {
    idle_.restored(index_->size(), watermark);
    keep_only(idle_state_.take_restored());
  }
}

void KeyJoin::take(std::size_t input, Batch batch, Emitter& out) {
  AggregateColumns columns = computed_[input].prepare(std::move(batch), out);
  std::vector<RowIndex> known;
  std::vector<RowIndex> unmatched;
  for (std::size_t i = 0; i < columns.count; ++i) {
    const RowIndex row = columns.all_rows()[i];
    // At the end rows come out that nothing has taken back.
    const bool passes = !at_end() && has_null(columns.keys, row);
    (passes ? unmatched : known).push_back(row);
  }
  if (!unmatched.empty() && shows(spec_.kind, input, 0)) {
    emit_unmatched(input, columns.batch, unmatched, out);
  }
  std::vector<GroupId> ids(known.size());
  index_->find_or_insert(columns.keys, {.rows = known}, ids);
  if (idle_.on()) {
    idle_.touch(columns.batch, {.rows = known}, ids);
    idle_state_.mark(ids);
  }
  input_ = input;
  rows(input).take(columns.batch, known, ids, change_);
  out.reject(columns.batch, change_.missing, RowError::kNotThere);
  if (!at_end()) {
    add_tasks();
  }
}

std::vector<Column> KeyJoin::alone_columns(std::size_t side, std::vector<Column> own,
                                           std::uint32_t length) const {
  if (side == kRight) {
    return side_by_side(null_columns(spec_.sides[kLeft].types, length), std::move(own));
  }
  return yields_pairs(spec_.kind)
             ? side_by_side(std::move(own), null_columns(spec_.sides[kRight].types, length))
             : own;
}

// Rows whose key is NULL need not be kept: they never have a partner.
void KeyJoin::emit_unmatched(std::size_t side, const Batch& batch,
                             const std::vector<RowIndex>& rows_of_batch, Emitter& out) const {
  Batch alone;
  alone.length = static_cast<std::uint32_t>(rows_of_batch.size());
  alone.columns = alone_columns(side, gather(batch.columns, rows_of_batch), alone.length);
  alone.changes = batch.changes
                      ? gather(*batch.changes, rows_of_batch)
                      : repeat(Value{type_of(TypeKind::kSmallint), std::int64_t{1}}, alone.length);
  out.emit(Port::kMain, std::move(alone));
}

// What is taken back goes first.
void KeyJoin::add_tasks() {
  for (const JoinRows::Row& row : change_.gone) {
    tasks_.push_back({.event = Event::kGoes, .row = row});
  }
  if (spec_.condition == nullptr && shows_any(spec_.kind, 1 - input_)) {
    std::vector<std::pair<GroupId, std::int64_t>> moved;  // By key: how many more there are.
    for (const JoinRows::Row& row : change_.gone) {
      moved.emplace_back(row.id, -1);
    }
    for (const JoinRows::Row& row : change_.come) {
      moved.emplace_back(row.id, 1);
    }
    std::sort(moved.begin(), moved.end());
    for (std::size_t i = 0; i < moved.size();) {
      const GroupId id = moved[i].first;
      std::int64_t more = 0;
      for (; i < moved.size() && moved[i].first == id; ++i) {
        more += moved[i].second;
      }
      const auto now = static_cast<std::int64_t>(rows(input_).of(id).size());
      if ((now == 0) != (now - more == 0)) {
        tasks_.push_back({.event = now == 0 ? Event::kLastWent : Event::kFirstCame,
                          .row = {.id = id, .slot = 0}});
      }
    }
  }
  for (const JoinRows::Row& row : change_.come) {
    tasks_.push_back({.event = Event::kComes, .row = row});
  }
}

Result<Progress> KeyJoin::on_time(Clock clock, EventTime now, Emitter& out) {
  (clock == Clock::kWall ? context_.now : context_.watermark) = now;
  computed_[kLeft].set_time(clock, now);
  computed_[kRight].set_time(clock, now);
  if (at_end()) {
    if (clock == Clock::kWatermark && now == kEndOfTime) {
      begin_end();
    }
  } else if (const auto kept = idle_.find_kept(clock, now)) {
    out.expire(index_->size() - kept->size());
    keep_only(*kept);
  }
  return resume(out);
}

// All rows of the left side come now.
void KeyJoin::begin_end() {
  std::vector<GroupId> ids;
  for (GroupId id = 0; id < index_->size(); ++id) {
    ids.push_back(id);
  }
  const std::vector<Column> keys = index_->keys(ids);
  is_null_.clear();
  for (const GroupId id : ids) {
    is_null_.push_back(has_null(keys, id) ? 1 : 0);
  }
  input_ = kLeft;
  for (const GroupId id : ids) {
    for (const RowSlot slot : left_.of(id)) {
      tasks_.push_back({.event = Event::kComes, .row = {.id = id, .slot = slot}});
    }
    const bool has_partners = is_null_[id] == 0 && !left_.of(id).empty();
    if (keeps_right(spec_.kind) && (!has_partners || spec_.condition != nullptr)) {
      rest_.insert(rest_.end(), right_.of(id).begin(), right_.of(id).end());
    }
  }
}

// Whether a row that comes or goes is to be seen with each of its partners.
bool KeyJoin::finds_pairs(const Task& task) const {
  if (!is_null_.empty() && is_null_[task.row.id] != 0) {
    return false;
  }
  if (yields_pairs(spec_.kind) || counts(1 - input_)) {
    return true;
  }
  return counts(input_) && task.event == Event::kComes;
}

// Names the next rows to put out, at most so many as are put out together.
void KeyJoin::add_to_output() {
  const std::size_t other = 1 - input_;
  while (next_ < tasks_.size() && output_.size() + came_.size() < kRowsAtOnce) {
    const Task& task = tasks_[next_];
    const auto [id, slot] = task.row;
    const std::span<const RowSlot> partners = rows(other).of(id);
    const std::size_t room = kRowsAtOnce - output_.size();
    const bool is_row = task.event == Event::kGoes || task.event == Event::kComes;
    const std::size_t all = !is_row || finds_pairs(task) ? partners.size() : 0;
    const std::size_t end = std::min(all, offset_ + room);
    for (std::size_t i = offset_; i < end; ++i) {
      if (!is_row) {
        add_alone(other, partners[i], task.event == Event::kFirstCame ? 0 : 1, /*comes=*/false);
        add_alone(other, partners[i], task.event == Event::kFirstCame ? 1 : 0, /*comes=*/true);
        continue;
      }
      output_.pairs[input_].push_back(RowRef::kept(slot));
      output_.pairs[other].push_back(RowRef::kept(partners[i]));
      output_.signs.push_back(task.event == Event::kComes ? 1 : -1);
    }
    offset_ = end;
    if (end < all) {
      return;
    }
    if (task.event == Event::kGoes) {
      const auto count = static_cast<std::int64_t>(partners.size());
      add_alone(input_, slot, counts(input_) ? rows(input_).partners(slot) : count,
                /*comes=*/false);
    } else if (task.event == Event::kComes && counts(input_)) {
      came_.push_back(slot);
    } else if (task.event == Event::kComes) {
      const bool is_null = !is_null_.empty() && is_null_[id] != 0;
      add_alone(input_, slot, is_null ? 0 : static_cast<std::int64_t>(partners.size()),
                /*comes=*/true);
    }
    offset_ = 0;
    ++next_;
  }
}

// A row by itself that comes out, or did, where it has so many partners.
void KeyJoin::add_alone(std::size_t side, RowSlot slot, std::int64_t partners, bool comes) {
  if (shows(spec_.kind, side, partners)) {
    output_.alone[side][comes ? 1 : 0].push_back(RowRef::kept(slot));
  }
}

// Counts the partners of rows anew, `pairs` being those that the condition has let pass.
void KeyJoin::settle_counts(const Batch& pairs) {
  const std::size_t other = 1 - input_;
  std::vector<std::pair<RowSlot, std::int64_t>> more;  // Of the other side.
  for (std::uint32_t i = 0; i < pairs.num_rows(); ++i) {
    const RowIndex pair = pairs.row(i);
    const std::int16_t sign = output_.signs[pair];
    if (counts(input_) && sign > 0) {
      rows(input_).add_partners(output_.pairs[input_][pair].number, 1);
    }
    if (counts(other)) {
      more.emplace_back(output_.pairs[other][pair].number, sign);
    }
  }
  std::sort(more.begin(), more.end());
  for (std::size_t i = 0; i < more.size();) {
    const RowSlot slot = more[i].first;
    std::int64_t sum = 0;
    for (; i < more.size() && more[i].first == slot; ++i) {
      sum += more[i].second;
    }
    if (sum == 0) {
      continue;
    }
    const std::int64_t before = rows(other).partners(slot);
    rows(other).add_partners(slot, sum);
    if (!at_end() && (before == 0) != (before + sum == 0)) {
      add_alone(other, slot, before, /*comes=*/false);
      add_alone(other, slot, before + sum, /*comes=*/true);
    }
  }
  for (const RowSlot slot : came_) {
    add_alone(input_, slot, rows(input_).partners(slot), /*comes=*/true);
  }
  came_.clear();
}

Batch KeyJoin::pair_columns() const {
  Batch batch;
  batch.length = static_cast<std::uint32_t>(output_.signs.size());
  batch.columns =
      side_by_side(left_.columns(output_.pairs[kLeft]), right_.columns(output_.pairs[kRight]));
  return batch;
}

void KeyJoin::put_out(Emitter& out) {
  Batch pairs;
  pairs.length = static_cast<std::uint32_t>(output_.signs.size());
  if (!output_.signs.empty() && (condition_ || yields_pairs(spec_.kind))) {
    pairs = pair_columns();
  }
  if (condition_ && !output_.signs.empty()) {
    Verdict verdict = judge(pairs, condition_->evaluate(pairs, context_));
    reject_each(pairs, verdict.failed, verdict.errors, out);
    pairs = std::move(pairs).select(std::move(verdict.kept));
  }
  if (condition_) {
    settle_counts(pairs);
  }
  for (const bool come : {false, true}) {
    if (yields_pairs(spec_.kind)) {
      emit_pairs(pairs, come, out);
    }
    emit_alone(kLeft, come, out);
    emit_alone(kRight, come, out);
  }
  output_ = {};
}

void KeyJoin::emit_pairs(const Batch& pairs, bool come, Emitter& out) const {
  std::vector<RowIndex> chosen;
  for (std::uint32_t i = 0; i < pairs.num_rows(); ++i) {
    const RowIndex pair = pairs.row(i);
    if ((output_.signs[pair] > 0) == come) {
      chosen.push_back(pair);
    }
  }
  if (!chosen.empty()) {
    const bool all = chosen.size() == pairs.num_rows();
    emit_signed(all ? pairs : Batch(pairs).select(std::move(chosen)), come, out);
  }
}

void KeyJoin::emit_alone(std::size_t side, bool come, Emitter& out) const {
  const std::vector<RowRef>& refs = output_.alone[side][come ? 1 : 0];
  if (refs.empty()) {
    return;
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(refs.size());
  batch.columns = alone_columns(side, rows(side).columns(refs), batch.length);
  emit_signed(std::move(batch), come, out);
}

void KeyJoin::emit_signed(Batch batch, bool come, Emitter& out) const {
  TW_DCHECK(come || tells_changes());
  if (tells_changes()) {
    batch.changes =
        repeat(Value{type_of(TypeKind::kSmallint), std::int64_t{come ? 1 : -1}}, batch.length);
  }
  out.emit(Port::kMain, std::move(batch));
}

Result<Progress> KeyJoin::resume(Emitter& out) {
  while (next_ < tasks_.size()) {
    if (!out.has_room()) {
      return Progress::kMore;
    }
    add_to_output();
    put_out(out);
  }
  tasks_.clear();
  next_ = 0;
  if (!emit_rest(out)) {
    return Progress::kMore;
  }
  for (const JoinRows::Row& row : change_.gone) {
    rows(input_).release(row.slot);
  }
  change_.clear();
  forget_keys();
  out.hold({.count = at_end() && is_null_.empty() ? left_.rows() + right_.rows() : 0});
  return Progress::kDone;
}

// At the end: rows of the right side that have no partner. False: there is no room for all.
bool KeyJoin::emit_rest(Emitter& out) {
  while (rest_next_ < rest_.size()) {
    if (!out.has_room()) {
      return false;
    }
    const std::size_t end = std::min(rest_.size(), rest_next_ + kRowsAtOnce);
    for (; rest_next_ < end; ++rest_next_) {
      const RowSlot slot = rest_[rest_next_];
      add_alone(kRight, slot, counts(kRight) ? right_.partners(slot) : 0, /*comes=*/true);
    }
    emit_alone(kRight, /*come=*/true, out);
    output_ = {};
  }
  rest_.clear();
  rest_next_ = 0;
  return true;
}

void KeyJoin::forget_keys() {
  const std::uint64_t rows = left_.rows() + right_.rows();
  if (!are_sparse(index_->size(), rows) || !is_null_.empty()) {
    return;
  }
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (!left_.of(id).empty() || !right_.of(id).empty()) {
      kept.push_back(id);
    }
  }
  keep_only(kept);
}

void KeyJoin::keep_only(std::span<const GroupId> kept) {
  left_.keep_only(kept);
  right_.keep_only(kept);
  if (idle_.on()) {
    idle_state_.renumber(kept);
    idle_.keep_only(kept);
  }
  keep_only_keys(index_, kept, key_types_);
}

}  // namespace

std::unique_ptr<Operator> make_key_join(KeyJoinSpec spec) {
  return std::make_unique<KeyJoin>(std::move(spec));
}

}  // namespace thalweg
