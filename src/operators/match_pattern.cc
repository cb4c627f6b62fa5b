#include "operators/match_pattern.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "operators/fixed_column.h"
#include "operators/late_after_idle.h"
#include "operators/match_output.h"
#include "operators/pending_matches.h"
#include "state/dropped_groups.h"
#include "state/key_table.h"
#include "state/row_table.h"
#include "state/time_ordered_rows.h"

// Rows wait for the watermark; those that it has passed are put in order key by key, and followed
// by PendingMatches. Of those the rows alone are in the state: what may match is found out anew
// from them after a restart.
namespace thalweg {
namespace {

constexpr std::size_t kResultRows = 4096;
constexpr std::size_t kFetchedAhead = 8;  // Runs; the bench pattern_hot shows what it does.

PatternProgram program_of(const RowPattern& pattern) {
  std::optional<PatternProgram> program = compile_pattern(pattern);
  TW_CHECK(program);
  return *std::move(program);
}

// The input's columns, then the event time.
std::vector<Type> kept_types(std::vector<Type> types) {
  types.push_back(type_of(TypeKind::kTimestamp));
  return types;
}

Schema kept_columns(const std::vector<Type>& types) {
  Schema columns;
  for (const Type& type : types) {
    columns.push_back({.name = "column " + std::to_string(columns.size() + 1), .type = type});
  }
  columns.push_back({.name = "event time", .type = type_of(TypeKind::kTimestamp)});
  return columns;
}

PendingMatches pending_of(const MatchPatternSpec& spec) {
  PatternProgram program = program_of(spec.pattern);
  if (spec.moving.empty()) {
    return PendingMatches(std::move(program));
  }
  return PendingMatches({.program = std::move(program),
                         .conditions = spec.moving,
                         .variables = spec.variables,
                         .types = spec.rows.types},
                        spec.ways_max);
}

bool tells_numbers(const MatchPatternSpec& spec) {
  return std::any_of(spec.values.begin(), spec.values.end(), [](const MatchValue& value) {
    return value.kind == MatchValue::Kind::kNumber;
  });
}

class MatchPattern final : public Operator {
 public:
  explicit MatchPattern(MatchPatternSpec spec)
      : spec_(std::move(spec)),
        numbers_(tells_numbers(spec_)),
        order_(spec_.rows),
        waiting_({.types = spec_.rows.types,
                  .keys = spec_.rows.keys,
                  .has_time = true,
                  .has_origin = spec_.rows.has_origin}),
        store_(kept_types(spec_.rows.types)),
        kept_rows_("rows", order_.key_types(), kept_columns(spec_.rows.types), store_,
                   order_.index()),
        state_(*this),
        pending_(pending_of(spec_)),
        output_({.types = spec_.rows.types,
                 .keys = spec_.rows.keys,
                 .variables = spec_.variables,
                 .values = spec_.values,
                 .rows = spec_.rows_per_match,
                 .function = spec_.function,
                 .function_columns = spec_.function_columns}) {
    leave_batch();
  }

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables{&waiting_, &kept_rows_};
    if (numbers_) {
      tables.push_back(&state_);
    }
    return tables;
  }

  void restored(EventTime watermark) override;

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    waiting_.add(reject_late_after_idle(std::move(batch), watermark_, out));
    hold(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock != Clock::kWatermark) {
      return Progress::kDone;
    }
    watermark_ = now;
    if (std::optional<Batch> passed = waiting_.take_before(now)) {
      take(*std::move(passed));
    }
    find_due();
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override;

  // A match may begin, and where its rows come out one has the time, at the first row of its key.
  EventTime output_watermark(EventTime watermark) const override {
    return watermark == kEndOfTime || firsts_.empty() ? watermark
                                                      : std::min(watermark, firsts_.front().time);
  }

  Kept kept() const override {
    return {.count = waiting_.rows() + store_.kept(),
            .bytes = waiting_.memory_bytes() + store_.memory_bytes() + pending_.memory_bytes() +
                     keys_.memory_bytes()};
  }

 private:
  struct Key {
    std::int64_t matches;  // That have been found.
    std::int64_t noted;    // Where `is_noted`: the time of its row in firsts_.
    bool is_noted;
  };
  // The first row of a key.
  struct First {
    EventTime time;
    GroupId id;
    static bool is_later(const First& a, const First& b) { return a.time > b.time; }
  };

  // How many matches of each key have been found.
  class State final : public KeyTable {
   public:
    explicit State(MatchPattern& owner)
        : KeyTable("keys", owner.order_.key_types(),
                   {{.name = "matches", .type = type_of(TypeKind::kBigint)}}, owner.order_.index()),
          owner_(owner) {}

   protected:
    std::vector<Column> values_of(std::size_t /*part*/, std::span<const GroupId> ids) override {
      return {bigint_column_of(ids.size(),
                               [&](std::size_t i) { return owner_.keys_[ids[i]].matches; })};
    }
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override {
      owner_.keys_.grow_to(owner_.order_.keys());
      const auto matches = values[0].values<std::int64_t>();
      for (RowIndex row = 0; row < ids.size(); ++row) {
        owner_.keys_[ids[row]].matches = matches[row];
      }
      return {};
    }

   private:
    MatchPattern& owner_;
  };

  void grow_to(std::uint32_t keys) {
    pending_.grow_to(keys);
    keys_.grow_to(keys);
  }
  void take(Batch passed);
  std::vector<VariableSet> variables_of(std::span<const Column> columns, std::size_t rows) const;
  void leave_batch();
  void find_due();
  bool follow_runs(Emitter& out);
  bool follow_side_by_side(Emitter& out);
  void add_rows(Emitter& out);
  PendingMatches::NewRow row_of(const KeyRun& run) const;
  RowSource source() const { return {.store = store_, .batch = batch_}; }
  bool settle(GroupId id, EventTime now, Emitter& out);
  bool settle_run(GroupId id, EventTime now, Emitter& out);
  bool is_over(GroupId id, EventTime now) const;
  void put_match(GroupId id, const PendingMatches::Outcome& match, Emitter& out);
  std::uint32_t rows_to_skip(const FoundMatches& found, std::size_t match) const;
  void give_up(GroupId id, RowError error, Emitter& out);
  void reject(RowRef ref, RowError error, Emitter& out);
  void drop(GroupId id, std::uint32_t rows);
  void keep_rows();
  void flush(Emitter& out);
  void note_first(GroupId id);
  bool is_first(const First& first) const {
    const auto rows = pending_.rows(first.id);
    return !rows.empty() && rows[0].time == first.time.micros;
  }
  void forget_keys();
  void hold(Emitter& out) const;

  const MatchPatternSpec spec_;
  const bool numbers_;
  KeyOrder order_;
  TimeOrderedRows waiting_;
  RowStore store_;
  RowTable kept_rows_;  // Those of store_, as they came.
  StateArray<Key> keys_;
  State state_;
  PendingMatches pending_;
  MatchOutput output_;
  std::int64_t next_number_ = 0;
  EventTime watermark_ = kStartOfTime;
  std::vector<First> firsts_;  // A heap, the oldest in front, which is one; others may be gone.

  // Of the rows at hand.
  std::vector<Column> batch_;
  std::vector<std::int64_t> times_;
  std::vector<VariableSet> can_be_;
  std::vector<KeyRun> runs_;
  std::size_t open_runs_ = 0;  // That are not over: the first of them.
  std::size_t next_run_ = 0;
  std::uint32_t next_row_ = 0;  // Of that one, or of all.
  bool is_unsettled_ = false;   // Something may be certain of that one since a row was added.
  bool is_changed_ = false;     // It has other rows than before.
  std::vector<GroupId> changed_;
  std::vector<PendingMatches::NewRow> added_;
  std::vector<GroupId> due_;
  std::size_t next_due_ = 0;
  FoundMatches found_;
  std::vector<RowSlot> released_;  // Once found_ is out.
  std::vector<std::uint32_t> places_;
};

void MatchPattern::take(Batch passed) {
  const Batch arranged = order_.arrange(passed);
  grow_to(order_.keys());
  batch_ = arranged.columns;
  batch_.push_back(arranged.event_time->with_type(type_of(TypeKind::kTimestamp)));
  const auto times = arranged.event_time->values<std::int64_t>();
  times_.assign(times.begin(), times.begin() + arranged.length);
  can_be_ = variables_of(batch_, arranged.length);
  runs_.assign(order_.runs().begin(), order_.runs().end());
  open_runs_ = runs_.size();
}

std::vector<VariableSet> MatchPattern::variables_of(std::span<const Column> columns,
                                                    std::size_t rows) const {
  VariableSet always = 0;
  for (std::size_t i = 0; i < spec_.conditions.size(); ++i) {
    always |= spec_.conditions[i] ? 0 : VariableSet{1} << i;
  }
  std::vector<VariableSet> can_be(rows, always);
  for (std::size_t i = 0; i < spec_.conditions.size(); ++i) {
    if (!spec_.conditions[i]) {
      continue;
    }
    const Column& condition = columns[*spec_.conditions[i]];
    for (RowIndex row = 0; row < rows; ++row) {
      const bool is_true = condition.bit(row) && condition.is_valid(row);
      can_be[row] |= VariableSet{is_true ? 1U : 0U} << i;
    }
  }
  return can_be;
}

void MatchPattern::leave_batch() {
  batch_.clear();
  for (const Type& type : kept_types(spec_.rows.types)) {
    batch_.push_back(null_column(type, 0));
  }
  runs_.clear();
  changed_.clear();
  is_changed_ = false;
  open_runs_ = 0;
  next_run_ = 0;
  next_row_ = 0;
}

// Keys whose first row's match is over by the time, though no row of theirs may have come.
void MatchPattern::find_due() {
  if (watermark_ == kEndOfTime) {
    for (GroupId id = 0; id < order_.keys(); ++id) {
      due_.push_back(id);
    }
    firsts_.clear();
    return;
  }
  while (spec_.within_micros > 0 && !firsts_.empty() &&
         later_by(firsts_.front().time, spec_.within_micros) <= watermark_) {
    std::pop_heap(firsts_.begin(), firsts_.end(), First::is_later);
    due_.push_back(firsts_.back().id);
    keys_[firsts_.back().id].is_noted = false;
    firsts_.pop_back();
  }
}

Result<Progress> MatchPattern::resume(Emitter& out) {
  if (!(spec_.moving.empty() ? follow_runs(out) : follow_side_by_side(out))) {
    return Progress::kMore;
  }
  for (; next_due_ < due_.size(); ++next_due_) {
    if (!settle(due_[next_due_], watermark_, out)) {
      return Progress::kMore;
    }
  }
  flush(out);
  keep_rows();
  for (const GroupId id : changed_) {
    note_first(id);
  }
  for (const GroupId id : due_) {
    note_first(id);
  }
  while (!firsts_.empty() && !is_first(firsts_.front())) {
    std::pop_heap(firsts_.begin(), firsts_.end(), First::is_later);
    firsts_.pop_back();
  }
  leave_batch();
  due_.clear();
  next_due_ = 0;
  forget_keys();
  hold(out);
  return Progress::kDone;
}

// Key by key. False: there is no room for all that it finds.
bool MatchPattern::follow_runs(Emitter& out) {
  for (; next_run_ < runs_.size(); ++next_run_, next_row_ = 0) {
    const KeyRun& run = runs_[next_run_];
    if (next_run_ + 2 * kFetchedAhead < runs_.size()) {
      pending_.fetch_place(runs_[next_run_ + 2 * kFetchedAhead].id);
      pending_.fetch_front(runs_[next_run_ + kFetchedAhead].id);
    }
    for (; next_row_ < run.count; ++next_row_) {
      const PendingMatches::NewRow row = row_of(run);
      if (!settle_run(run.id, {row.time}, out)) {
        return false;
      }
      added_.push_back(row);
      add_rows(out);
    }
    if (!settle_run(run.id, watermark_, out)) {
      return false;
    }
    if (std::exchange(is_changed_, false)) {
      changed_.push_back(run.id);
    }
  }
  return true;
}

// Settles the run at hand, where anything can have become certain of it.
bool MatchPattern::settle_run(GroupId id, EventTime now, Emitter& out) {
  is_unsettled_ = is_unsettled_ || (pending_.size(id) > 0 && is_over(id, now));
  if (is_unsettled_ && !settle(id, now, out)) {
    return false;
  }
  is_unsettled_ = false;
  return true;
}

// The first row of each key, then the second ones, so that conditions are computed for many rows at
// once. Runs that are over go to the end. False: there is no room for all that it finds.
bool MatchPattern::follow_side_by_side(Emitter& out) {
  if (next_row_ == 0 && next_run_ == 0) {
    for (const KeyRun& run : runs_) {
      changed_.push_back(run.id);
    }
  }
  for (; open_runs_ > 0; ++next_row_, next_run_ = 0) {
    for (; next_run_ < open_runs_;) {
      KeyRun& run = runs_[next_run_];
      const bool is_over = next_row_ == run.count;
      const EventTime now = is_over ? watermark_ : EventTime{row_of(run).time};
      if (!settle(run.id, now, out)) {
        return false;
      }
      if (is_over) {
        std::swap(run, runs_[--open_runs_]);
      } else {
        ++next_run_;
      }
    }
    for (std::size_t i = 0; i < open_runs_; ++i) {
      added_.push_back(row_of(runs_[i]));
    }
    add_rows(out);
  }
  return true;
}

PendingMatches::NewRow MatchPattern::row_of(const KeyRun& run) const {
  const RowIndex row = run.first + next_row_;
  return {.id = run.id, .ref = RowRef::in_batch(row), .can_be = can_be_[row], .time = times_[row]};
}

void MatchPattern::add_rows(Emitter& out) {
  if (!pending_.add(added_, source())) {
    added_.clear();  // As with most rows.
    return;
  }
  is_unsettled_ = true;
  is_changed_ = true;
  if (!spec_.moving.empty()) {
    for (const ConditionalSteps::Failure& failure : pending_.failures()) {
      reject(failure.ref, failure.error, out);
    }
    pending_.failures().clear();
  }
  for (const PendingMatches::NewRow& row : added_) {
    while (pending_.size(row.id) > spec_.rows_max || pending_.ways(row.id) > spec_.ways_max) {
      give_up(row.id, RowError::kMatchTooLarge, out);
    }
  }
  added_.clear();
}

// Puts out what is certain of a key when its next row is not older than `now`.
bool MatchPattern::settle(GroupId id, EventTime now, Emitter& out) {
  while (pending_.size(id) > 0) {
    const PendingMatches::Outcome match = pending_.first_match(id);
    if (!match.certain && !is_over(id, now)) {
      return true;
    }
    if (!match.matches) {
      drop(id, 1);
      continue;
    }
    if (found_.rows.size() >= kResultRows) {
      if (!out.has_room()) {
        return false;
      }
      flush(out);
    }
    put_match(id, match, out);
  }
  return true;
}

bool MatchPattern::is_over(GroupId id, EventTime now) const {
  const EventTime first{pending_.rows(id)[0].time};
  return now == kEndOfTime ||
         (spec_.within_micros > 0 && later_by(first, spec_.within_micros) <= now);
}

void MatchPattern::put_match(GroupId id, const PendingMatches::Outcome& match, Emitter& out) {
  ++keys_[id].matches;
  if (numbers_) {
    state_.mark({&id, 1});
  }
  const std::span<const PendingMatches::Row> rows = pending_.rows(id);
  found_.matches.push_back({.begin = found_.rows.size(), .number = keys_[id].matches});
  if (match.rows == 0) {
    found_.rows.push_back({.ref = rows[0].ref, .time = rows[0].time});
    drop(id, 1);
    return;
  }
  pending_.trace(id, match.rows, source(), places_);
  for (std::uint32_t i = 0; i < match.rows; ++i) {
    const PatternProgram::Place& place = pending_.place(places_[i]);
    found_.rows.push_back({.ref = rows[i].ref,
                           .time = rows[i].time,
                           .variable = place.variable,
                           .excluded = place.excluded});
  }
  const std::uint32_t skipped = rows_to_skip(found_, found_.matches.size() - 1);
  if (skipped == 0) {
    give_up(id, RowError::kSkipToNothing, out);
  } else {
    drop(id, skipped);
  }
}

// How far behind its first row matching goes on; 0: there is no such place.
std::uint32_t MatchPattern::rows_to_skip(const FoundMatches& found, std::size_t match) const {
  const std::size_t begin = found.matches[match].begin;
  const std::size_t end = found.rows.size();
  if (spec_.after_match == AfterMatch::kToNextRow) {
    return 1;
  }
  if (spec_.after_match == AfterMatch::kPastLastRow) {
    return static_cast<std::uint32_t>(end - begin);
  }
  const auto is_target = [&](std::size_t row) {
    const std::uint32_t variable = found.rows[row].variable;
    return variable != FoundMatches::kNoVariable && (spec_.skip_to >> variable & 1) != 0;
  };
  std::size_t target = begin;
  for (std::size_t row = begin; row < end; ++row) {
    if (is_target(row)) {
      target = row;
      if (spec_.after_match == AfterMatch::kToFirst) {
        break;
      }
    }
  }
  return static_cast<std::uint32_t>(target - begin);
}

void MatchPattern::give_up(GroupId id, RowError error, Emitter& out) {
  reject(pending_.rows(id)[0].ref, error, out);
  drop(id, 1);
}

void MatchPattern::reject(RowRef ref, RowError error, Emitter& out) {
  Batch row;
  row.length = 1;
  row.columns = store_.rows({&ref, 1}, batch_, batch_.size());
  set_event_time(row, row.columns.back());
  row.columns.pop_back();
  const RowIndex first = 0;
  out.reject(row, {&first, 1}, error);
}

void MatchPattern::drop(GroupId id, std::uint32_t rows) {
  for (std::uint32_t i = 0; i < rows; ++i) {
    const RowRef ref = pending_.rows(id)[0].ref;
    if (ref.is_kept) {
      released_.push_back(ref.number);
    }
    pending_.drop_first(id);
  }
  is_changed_ = true;
}

void MatchPattern::flush(Emitter& out) {
  if (!found_.matches.empty()) {
    output_.emit(found_, store_, batch_, out);
    found_.clear();
  }
  for (const RowSlot slot : released_) {
    kept_rows_.remove(slot);
    store_.release(slot);
  }
  released_.clear();
}

// Those of the batch that are still of use.
void MatchPattern::keep_rows() {
  std::vector<RowIndex> rows;
  std::vector<RowSlot> slots;
  for (const GroupId id : changed_) {
    const std::span<PendingMatches::Row> pending = pending_.edit(id);
    std::size_t first = pending.size();
    while (first > 0 && !pending[first - 1].ref.is_kept) {
      --first;
    }
    for (PendingMatches::Row& row : pending.subspan(first)) {
      rows.push_back(row.ref.number);
      row.ref = RowRef::kept(store_.obtain());
      slots.push_back(row.ref.number);
      kept_rows_.add({.id = id, .number = next_number_++, .slot = row.ref.number});
    }
  }
  if (!rows.empty()) {
    store_.put(batch_, rows, slots);
  }
}

void MatchPattern::note_first(GroupId id) {
  const auto rows = pending_.rows(id);
  Key& key = keys_[id];
  if (!rows.empty() && !(key.is_noted && key.noted == rows[0].time)) {
    key.noted = rows[0].time;
    key.is_noted = true;
    firsts_.push_back({.time = EventTime{rows[0].time}, .id = id});
    std::push_heap(firsts_.begin(), firsts_.end(), First::is_later);
  }
}

void MatchPattern::restored(EventTime watermark) {
  watermark_ = watermark;
  grow_to(order_.keys());
  std::vector<RowTable::Row> rows = kept_rows_.take_restored();
  std::vector<RowRef> refs;
  for (const RowTable::Row& row : rows) {
    refs.push_back(RowRef::kept(row.slot));
    next_number_ = std::max(next_number_, row.number + 1);
  }
  const std::vector<Column> columns = store_.rows(refs, batch_, batch_.size());
  const std::vector<VariableSet> can_be = variables_of(columns, rows.size());
  const auto times = columns.back().values<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PendingMatches::NewRow row{
        .id = rows[i].id, .ref = refs[i], .can_be = can_be[i], .time = times[i]};
    pending_.add({&row, 1}, source());
    if (i + 1 == rows.size() || rows[i + 1].id != rows[i].id) {
      note_first(rows[i].id);
    }
  }
  if (!spec_.moving.empty()) {
    pending_.failures().clear();  // They were rejected when they came.
  }
}

// Lets go of keys without rows, unless their matches are numbered.
void MatchPattern::forget_keys() {
  if (numbers_ || !are_sparse(order_.keys(), store_.kept())) {
    return;
  }
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < order_.keys(); ++id) {
    if (pending_.size(id) > 0) {
      kept.push_back(id);
    }
  }
  std::erase_if(firsts_, [this](const First& first) { return !is_first(first); });
  for (First& first : firsts_) {
    first.id =
        static_cast<GroupId>(std::lower_bound(kept.begin(), kept.end(), first.id) - kept.begin());
  }
  std::make_heap(firsts_.begin(), firsts_.end(), First::is_later);
  kept_rows_.renumber(kept);
  order_.keep_only(kept);
  pending_.keep_only(kept);
  keys_.keep_only(kept);
}

void MatchPattern::hold(Emitter& out) const {
  EventTime due = waiting_.first_time();
  if (spec_.within_micros > 0 && !firsts_.empty()) {
    due = std::min(due, later_by(firsts_.front().time, spec_.within_micros));
  }
  out.hold({.count = waiting_.rows() + store_.kept(), .due = due});
}

}  // namespace

std::unique_ptr<Operator> make_match_pattern(MatchPatternSpec spec) {
  return std::make_unique<MatchPattern>(std::move(spec));
}

}  // namespace thalweg
