#include "operators/over.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "columnar/builder.h"
#include "expr/frame_reach.h"
#include "operators/fixed_column.h"
#include "operators/late_after_idle.h"
#include "operators/over_calls.h"
#include "state/dropped_groups.h"
#include "state/key_table.h"
#include "state/row_buffer.h"
#include "state/row_table.h"
#include "state/time_ordered_rows.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kResultRows = 4096;
constexpr std::uint32_t kKeysMin = 256;  // So few are not worth looking at.

// How far ahead of a row its answers look.
struct Lookahead {
  std::int64_t rows = 0;
  std::int64_t micros = 0;
  bool to_end = false;

  bool any() const { return rows > 0 || micros > 0 || to_end; }
};

Lookahead lookahead_of(const OverSpec& spec) {
  Lookahead ahead;
  for (const OverCall& call : spec.calls) {
    ahead.to_end = ahead.to_end || counts_all_rows(call) || (call.has_frame() && !call.frame.end);
    if (call.has_frame() && call.frame.end) {
      std::int64_t& most = call.frame.unit == FrameUnit::kRows ? ahead.rows : ahead.micros;
      most = std::max(most, *call.frame.end);
    }
  }
  return spec.emit == OverEmit::kBehindWatermark ? ahead : Lookahead{};
}

RowLayout layout_of(const OverSpec& spec) {
  return {.types = spec.rows.types,
          .keys = spec.rows.keys,
          .has_time = spec.emit == OverEmit::kBehindWatermark,
          .has_origin = spec.rows.has_origin};
}

class Over final : public Operator {
 public:
  explicit Over(OverSpec spec)
      : spec_(std::move(spec)),
        ahead_(lookahead_of(spec_)),
        by_time_(spec_.emit == OverEmit::kBehindWatermark),
        reach_before_(by_time_ ? reach_before(spec_.calls) : std::nullopt),
        order_(spec_.rows),
        store_(choose_columns()),
        calls_(spec_.calls, spec_.rows.types, columns_,
               !spec_.rows.order.empty() && spec_.rows.order[0].nulls_first),
        waiting_(layout_of(spec_)),
        all_(layout_of(spec_)),
        kept_rows_("rows", order_.key_types(), kept_fields(), store_, order_.index()),
        state_(*this) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return by_time_ ? std::vector<StateTable*>{&waiting_, &state_, &kept_rows_}
                    : std::vector<StateTable*>{&all_};
  }

  void restored(EventTime watermark) override;

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (by_time_) {
      waiting_.add(reject_late_after_idle(std::move(batch), watermark_, out));
    } else {
      all_.add(std::move(batch));
    }
    hold(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock != Clock::kWatermark) {
      return Progress::kDone;
    }
    watermark_ = now;
    if (by_time_) {
      std::optional<Batch> passed = waiting_.take_before(now);
      take(passed ? *std::move(passed) : no_rows(), out);
      end_idle_lives(out);
      forget_quiet_keys();
    } else if (now == kEndOfTime && all_.rows() > 0) {
      take(all_.take(), out);
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    for (; next_answered_ < answered_.size(); ++next_answered_, emitted_ = 0) {
      const Batch& rows = answered_[next_answered_];
      while (emitted_ < rows.num_rows()) {
        if (!out.has_room()) {
          return Progress::kMore;
        }
        const std::uint32_t count = std::min(kResultRows, rows.num_rows() - emitted_);
        out.emit(Port::kMain, rows.slice(emitted_, count));
        emitted_ += count;
      }
    }
    answered_.clear();
    next_answered_ = 0;
    hold(out);
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    if (watermark == kEndOfTime) {
      return watermark;
    }
    const bool has_pending = !pending_.empty() && pending_.front().time < watermark;
    return has_pending ? pending_.front().time : watermark;
  }

  Kept kept() const override {
    std::uint64_t bytes = store_.memory_bytes() + slots_.memory_bytes() + groups_.memory_bytes() +
                          waiting_.memory_bytes() + all_.memory_bytes();
    for (const Batch& rows : answered_) {
      bytes += rows.memory_bytes();
    }
    return {.count = store_.kept() + waiting_.rows() + all_.rows(), .bytes = bytes};
  }

 private:
  struct Group {
    std::uint64_t first;  // The number of its first kept row,
    std::uint64_t next;   // of the first row whose answer is not given yet,
    std::uint64_t peers;  // how many groups of peers have begun,
    std::int64_t last;    // the time of its last row.
  };
  // A key's oldest row that waits for its answer.
  struct Pending {
    EventTime time;
    GroupId id;
    static bool is_later(const Pending& a, const Pending& b) { return a.time > b.time; }
  };

  // What is known of each key beside its rows.
  class State final : public KeyTable {
   public:
    explicit State(Over& owner)
        : KeyTable("keys", owner.order_.key_types(), columns(owner.calls_), owner.order_.index()),
          owner_(owner) {}

   protected:
    std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override;
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override;

   private:
    static Schema columns(const OverCalls& calls);

    Over& owner_;
  };

  void grow_to(std::uint32_t keys);
  Schema kept_fields() const;

  // Which columns the store has: the input's that are read again, then those of the operator's own.
  std::vector<Type> choose_columns();
  void keep_column(std::uint32_t column);
  Batch no_rows() const;

  void find_due();
  void take(Batch passed, Emitter& out);
  // The rows of a batch in order by the number of their key's life among those that it has.
  std::vector<std::vector<RowIndex>> find_lives(const Batch& arranged) const;
  // Whether a row of this time, or a later one, begins the key anew.
  bool is_over(GroupId id, EventTime time) const {
    return later_by({groups_[id].last}, spec_.ttl.micros) < time;
  }
  Batch begin_lives(const Batch& rows, Emitter& out);
  void end_lives(std::vector<GroupId> ids, Emitter& out);
  void end_idle_lives(Emitter& out);
  void answer(Batch arranged, Emitter& out);
  void find_runs(const Batch& arranged);
  std::uint32_t answerable(const OverRun& run, const OverInput& input) const;
  void number_peers(const Batch& arranged);
  std::vector<Column> columns_to_keep(const Batch& arranged);
  Batch answered_rows(Batch arranged, const OverInput& input) const;
  void keep_rows(const OverInput& input);
  void note_pending(const OverRun& run);
  bool is_pending(const Pending& pending) const;
  bool has_rows(GroupId id) const { return groups_[id].first + slots_.size(id) > 0; }
  bool has_pending(GroupId id) const {
    return groups_[id].first + slots_.size(id) > groups_[id].next;
  }
  void forget_quiet_keys();
  void keep_only(std::span<const GroupId> kept);

  void hold(Emitter& out) const {
    out.hold({.count = waiting_.rows() + all_.rows(), .due = waiting_.first_time()});
  }

  const OverSpec spec_;
  const Lookahead ahead_;
  const bool by_time_;
  const std::optional<std::int64_t> reach_before_;  // So much after its last row a key is over.
  KeyOrder order_;
  OverColumns columns_;
  std::optional<std::size_t> time_column_;  // Event time, partition, position.
  bool measures_ = false;
  bool needs_peers_ = false;
  RowStore store_;
  OverCalls calls_;
  GroupQueues<RowSlot> slots_;
  StateArray<Group> groups_;
  TimeOrderedRows waiting_;
  RowBuffer all_;
  RowTable kept_rows_;  // Those of store_, as they came.
  std::int64_t next_number_ = 0;
  State state_;
  EventTime watermark_ = kStartOfTime;
  std::vector<Pending> pending_;  // A heap, the oldest in front; some have come out already.
  std::vector<GroupId> due_;
  bool ends_lives_ = false;                    // No row of the keys that are due is to come.
  EventTime next_look_ = kStartOfTime;         // For keys that are idle.
  std::uint32_t keys_before_look_ = kKeysMin;  // With more keys than that it looks for quiet ones.

  // Of the rows at hand.
  std::vector<OverRun> runs_;
  std::vector<std::int64_t> peer_first_;
  std::vector<std::int64_t> peer_end_;
  std::vector<std::int64_t> peer_group_;
  std::vector<Batch> answered_;
  std::size_t next_answered_ = 0;
  std::uint32_t emitted_ = 0;  // Of that one.
};

void Over::keep_column(std::uint32_t column) {
  std::vector<std::uint32_t>& kept = columns_.kept;
  if (std::find(kept.begin(), kept.end(), column) == kept.end()) {
    kept.push_back(column);
  }
}

std::vector<Type> Over::choose_columns() {
  const Type bigint = type_of(TypeKind::kBigint);
  if (ahead_.any()) {
    columns_.kept.resize(spec_.rows.types.size());
    std::iota(columns_.kept.begin(), columns_.kept.end(), 0U);
  }
  for (const OverCall& call : spec_.calls) {
    if (call.has_frame() && call.arg) {
      keep_column(*call.arg);
    }
    if (call.filter) {
      keep_column(*call.filter);
    }
    measures_ = measures_ || measures_distance(call);
    needs_peers_ = needs_peers_ || tells_peers(call);
  }
  std::vector<Type> types;
  for (const std::uint32_t column : columns_.kept) {
    types.push_back(spec_.rows.types[column]);
  }
  columns_.value = types.size();
  if (measures_) {
    types.push_back(bigint);
  }
  if (ahead_.any()) {
    time_column_ = types.size();
    types.push_back(type_of(TypeKind::kTimestamp));
    types.push_back(type_of(TypeKind::kInt));
    types.push_back(bigint);
  }
  columns_.peers = {.first = types.size(), .end = types.size() + 1, .group = types.size() + 2};
  if (needs_peers_) {
    types.insert(types.end(), 3, bigint);
  }
  return types;
}

Batch Over::no_rows() const {
  Batch batch;
  for (const Type& type : spec_.rows.types) {
    batch.columns.push_back(null_column(type, 0));
  }
  set_event_time(batch, null_column(type_of(TypeKind::kTimestamp), 0));
  return batch;
}

// Keys that have answers to give though no row of theirs may have come.
void Over::find_due() {
  due_.clear();
  if (!ahead_.any()) {
    return;
  }
  if (watermark_ == kEndOfTime) {
    for (GroupId id = 0; id < order_.keys(); ++id) {
      if (has_pending(id)) {
        due_.push_back(id);
      }
    }
    pending_.clear();
    return;
  }
  while (ahead_.micros > 0 && !pending_.empty() &&
         pending_.front().time.micros + ahead_.micros < watermark_.micros) {
    std::pop_heap(pending_.begin(), pending_.end(), Pending::is_later);
    if (is_pending(pending_.back())) {
      due_.push_back(pending_.back().id);
    }
    pending_.pop_back();
  }
}

void Over::take(Batch passed, Emitter& out) {
  Batch arranged = order_.arrange(passed);
  grow_to(order_.keys());
  if (by_time_ && spec_.ttl.micros > 0 && arranged.length > 0) {
    const std::vector<std::vector<RowIndex>> lives = find_lives(arranged);
    for (std::size_t i = 0; i + 1 < lives.size(); ++i) {
      answer(begin_lives(gather(arranged, lives[i]), out), out);
    }
    arranged = begin_lives(gather(arranged, lives.back()), out);
  }
  find_due();
  if (arranged.length > 0 || !due_.empty()) {
    answer(std::move(arranged), out);
    due_.clear();
  }
}

std::vector<std::vector<RowIndex>> Over::find_lives(const Batch& arranged) const {
  std::vector<std::vector<RowIndex>> lives(1);
  const auto times = arranged.event_time->values<std::int64_t>();
  for (const KeyRun& run : order_.runs()) {
    std::size_t life = 0;
    for (RowIndex row = run.first; row < run.first + run.count; ++row) {
      if (row > run.first && later_by({times[row - 1]}, spec_.ttl.micros) < EventTime{times[row]}) {
        ++life;
        lives.resize(std::max(lives.size(), life + 1));
      }
      lives[life].push_back(row);
    }
  }
  return lives;
}

// The rows, each of one life of its key, in order; lives before are over.
Batch Over::begin_lives(const Batch& rows, Emitter& out) {
  Batch arranged = order_.arrange(rows);
  grow_to(order_.keys());
  const auto times = arranged.event_time->values<std::int64_t>();
  std::vector<GroupId> over;
  for (const KeyRun& run : order_.runs()) {
    if (has_rows(run.id) && is_over(run.id, {times[run.first]})) {
      over.push_back(run.id);
    }
  }
  if (over.empty()) {
    return arranged;
  }
  std::sort(over.begin(), over.end());
  end_lives(std::move(over), out);
  arranged = order_.arrange(rows);
  grow_to(order_.keys());
  return arranged;
}

// Gives the answers that these keys, ascending, still have to give, and lets go of the keys.
void Over::end_lives(std::vector<GroupId> ids, Emitter& out) {
  std::vector<GroupId> kept;
  for_each_dropped(ids, order_.keys(), [&kept](GroupId id) { kept.push_back(id); });
  out.expire(ids.size());
  if (ahead_.any()) {
    due_ = std::move(ids);
    ends_lives_ = true;
    answer(no_rows(), out);
    ends_lives_ = false;
    due_.clear();
  }
  keep_only(kept);
}

// Keys that begin anew whatever comes. Looks eight times in a ttl, so that looking costs little.
void Over::end_idle_lives(Emitter& out) {
  if (spec_.ttl.micros == 0 || watermark_ < next_look_ || watermark_ == kEndOfTime) {
    return;
  }
  next_look_ = next_look(watermark_, spec_.ttl.micros);
  std::vector<GroupId> over;
  for (GroupId id = 0; id < order_.keys(); ++id) {
    if (has_rows(id) && is_over(id, watermark_)) {
      over.push_back(id);
    }
  }
  if (!over.empty()) {
    end_lives(std::move(over), out);
  }
}

void Over::answer(Batch arranged, Emitter& out) {
  find_runs(arranged);
  if (needs_peers_) {
    number_peers(arranged);
  }
  if (by_time_) {
    const auto times = arranged.event_time->values<std::int64_t>();
    for (const OverRun& run : runs_) {
      groups_[run.id].last =
          run.count > 0 ? times[run.first + run.count - 1] : groups_[run.id].last;
    }
  }
  const std::vector<Column> columns = columns_to_keep(arranged);
  OverInput input{
      .runs = runs_, .columns = columns, .store = store_, .slots = slots_, .answers = 0};
  for (OverRun& run : runs_) {
    run.out_begin = static_cast<std::uint32_t>(groups_[run.id].next - run.number);
    run.out_end = answerable(run, input);
    run.answer = input.answers;
    input.answers += run.out_end - run.out_begin;
    groups_[run.id].next = run.number + run.out_end;
  }
  std::vector<RowIndex> overflow;
  std::vector<Column> answers = calls_.answer(input, overflow);
  Batch rows = answered_rows(std::move(arranged), input);
  for (Column& column : answers) {
    rows.columns.push_back(std::move(column));
  }
  keep_rows(input);
  if (!overflow.empty()) {
    out.reject(rows, overflow, RowError::kOverflow);
    std::vector<RowIndex> kept;
    for (RowIndex row = 0; row < rows.length; ++row) {
      if (!std::binary_search(overflow.begin(), overflow.end(), row)) {
        kept.push_back(row);
      }
    }
    rows = std::move(rows).select(std::move(kept));
  }
  answered_.push_back(std::move(rows));
}

void Over::find_runs(const Batch& arranged) {
  runs_.clear();
  const auto add = [this](const KeyRun& run) {
    runs_.push_back({.id = run.id,
                     .number = groups_[run.id].first,
                     .kept = slots_.size(run.id),
                     .first = run.first,
                     .count = run.count});
  };
  if (arranged.length > 0) {
    for (const KeyRun& run : order_.runs()) {
      add(run);
    }
  }
  if (due_.empty()) {
    return;
  }
  std::vector<bool> is_here(order_.keys(), false);
  for (const OverRun& run : runs_) {
    is_here[run.id] = true;
  }
  for (const GroupId id : due_) {
    if (!is_here[id]) {
      is_here[id] = true;
      add({.id = id, .first = 0, .count = 0});
    }
  }
}

// Peers come together: those of one time with the watermark, all others at the end.
void Over::number_peers(const Batch& arranged) {
  peer_first_.resize(arranged.length);
  peer_end_.resize(arranged.length);
  peer_group_.resize(arranged.length);
  for (const OverRun& run : runs_) {
    Group& group = groups_[run.id];
    const std::uint64_t number = run.number + run.kept;
    std::uint32_t begin = 0;
    for (std::uint32_t row = 1; row <= run.count; ++row) {
      if (row < run.count && order_.are_peers(arranged, run.first + row - 1, run.first + row)) {
        continue;
      }
      ++group.peers;
      for (std::uint32_t each = begin; each < row; ++each) {
        peer_first_[run.first + each] = static_cast<std::int64_t>(number + begin);
        peer_end_[run.first + each] = static_cast<std::int64_t>(number + row);
        peer_group_[run.first + each] = static_cast<std::int64_t>(group.peers);
      }
      begin = row;
    }
  }
}

std::vector<Column> Over::columns_to_keep(const Batch& arranged) {
  std::vector<Column> columns;
  for (const std::uint32_t column : columns_.kept) {
    columns.push_back(arranged.columns[column]);
  }
  if (measures_) {
    const SortKey& key = spec_.rows.order[0];
    columns.push_back(measured_values(arranged.columns[key.column], key.descending));
  }
  if (time_column_) {
    columns.push_back(arranged.event_time->with_type(type_of(TypeKind::kTimestamp)));
    columns.push_back(arranged.partition ? *arranged.partition
                                         : null_column(type_of(TypeKind::kInt), arranged.length));
    columns.push_back(arranged.position ? *arranged.position
                                        : null_column(type_of(TypeKind::kBigint), arranged.length));
  }
  if (needs_peers_) {
    for (const auto* numbers : {&peer_first_, &peer_end_, &peer_group_}) {
      columns.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), arranged.length,
                                                   [&](std::size_t i) { return (*numbers)[i]; }));
    }
  }
  return columns;
}

// Behind the rows of the run whose answers can be given.
std::uint32_t Over::answerable(const OverRun& run, const OverInput& input) const {
  if (!ahead_.any() || watermark_ == kEndOfTime || ends_lives_) {
    return run.rows();
  }
  if (ahead_.to_end) {
    return run.out_begin;
  }
  const std::int64_t whole = std::int64_t{run.rows()} - ahead_.rows;
  auto end = static_cast<std::uint32_t>(std::max<std::int64_t>(whole, run.out_begin));
  if (ahead_.micros > 0) {
    RunValues<std::int64_t> times(input, *time_column_);
    times.enter(run);
    std::uint32_t row = run.out_begin;
    while (row < end && times[row] + ahead_.micros < watermark_.micros) {
      ++row;
    }
    end = row;
  }
  return end;
}

// The input's columns of the rows whose answers are given.
Batch Over::answered_rows(Batch arranged, const OverInput& input) const {
  arranged.stamps.reset();
  if (!ahead_.any()) {
    return arranged;
  }
  std::vector<RowRef> refs;
  refs.reserve(input.answers);
  for (const OverRun& run : runs_) {
    for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
      refs.push_back(input.ref(run, row));
    }
  }
  const auto column = [&](std::size_t i) { return store_.column(refs, input.columns[i], i); };
  Batch batch;
  batch.length = input.answers;
  for (std::size_t i = 0; i < spec_.rows.types.size(); ++i) {
    batch.columns.push_back(column(i));
  }
  set_event_time(batch, column(*time_column_));
  if (spec_.rows.has_origin) {
    batch.partition = column(*time_column_ + 1);
    batch.position = column(*time_column_ + 2);
  }
  return batch;
}

// Keeps what later rows may see, and lets go of the rest.
void Over::keep_rows(const OverInput& input) {
  std::vector<RowIndex> rows;
  std::vector<RowSlot> fresh;
  for (const OverRun& run : runs_) {
    Group& group = groups_[run.id];
    const std::uint32_t first = calls_.first_needed(run);
    const std::uint32_t dropped = std::min(first, run.kept);
    const std::span<const RowSlot> kept = slots_.get(run.id);
    for (std::uint32_t i = 0; i < dropped; ++i) {
      kept_rows_.remove(kept[i]);
      store_.release(kept[i]);
    }
    slots_.drop_front(run.id, dropped);
    const std::uint32_t skipped = first - dropped;
    for (RowSlot& slot : slots_.append(run.id, run.count - skipped)) {
      slot = store_.obtain();
      fresh.push_back(slot);
      kept_rows_.add({.id = run.id, .number = next_number_++, .slot = slot});
    }
    for (std::uint32_t row = skipped; row < run.count; ++row) {
      rows.push_back(run.first + row);
    }
    group.first = run.number + first;
  }
  if (!rows.empty()) {
    store_.put(input.columns, rows, fresh);
  }
  for (const OverRun& run : runs_) {
    note_pending(run);
    state_.mark({&run.id, 1});
  }
}

void Over::grow_to(std::uint32_t keys) {
  groups_.grow_to(keys);
  slots_.grow_to(keys);
  calls_.grow_to(keys);
}

Schema Over::kept_fields() const {
  Schema fields;
  for (const std::uint32_t column : columns_.kept) {
    fields.push_back(
        {.name = "column " + std::to_string(column + 1), .type = spec_.rows.types[column]});
  }
  const auto add = [&](const char* name, TypeKind kind) {
    fields.push_back({.name = name, .type = type_of(kind)});
  };
  if (measures_) {
    add("measured", TypeKind::kBigint);
  }
  if (time_column_) {
    add("event time", TypeKind::kTimestamp);
    add("partition", TypeKind::kInt);
    add("position", TypeKind::kBigint);
  }
  if (needs_peers_) {
    add("first peer", TypeKind::kBigint);
    add("peers end", TypeKind::kBigint);
    add("peer group", TypeKind::kBigint);
  }
  return fields;
}

Schema Over::State::columns(const OverCalls& calls) {
  const Type bigint = type_of(TypeKind::kBigint);
  Schema columns{{.name = "first kept", .type = bigint},
                 {.name = "first without answer", .type = bigint},
                 {.name = "peer groups", .type = bigint},
                 {.name = "last row", .type = type_of(TypeKind::kTimestamp)}};
  const Schema own = calls.state_columns();
  columns.insert(columns.end(), own.begin(), own.end());
  return columns;
}

std::vector<Column> Over::State::values_of(std::size_t /*part*/, std::span<const GroupId> ids) {
  const auto column = [&](auto Group::* value) {
    return bigint_column_of(ids.size(), [&](std::size_t i) {
      return static_cast<std::int64_t>(owner_.groups_[ids[i]].*value);
    });
  };
  std::vector<Column> columns{column(&Group::first), column(&Group::next), column(&Group::peers),
                              column(&Group::last).with_type(type_of(TypeKind::kTimestamp))};
  owner_.calls_.append_state(ids, columns);
  return columns;
}

Status Over::State::restore(std::span<const GroupId> ids, std::span<const Column> values) {
  owner_.grow_to(owner_.order_.keys());
  const auto number = [&](std::size_t column, RowIndex row) {
    return static_cast<std::uint64_t>(values[column].values<std::int64_t>()[row]);
  };
  for (RowIndex row = 0; row < ids.size(); ++row) {
    owner_.groups_[ids[row]] = {.first = number(0, row),
                                .next = number(1, row),
                                .peers = number(2, row),
                                .last = static_cast<std::int64_t>(number(3, row))};
  }
  return owner_.calls_.restore_state(ids, values.subspan(4));
}

void Over::restored(EventTime watermark) {
  watermark_ = watermark;
  if (!by_time_) {
    return;
  }
  if (spec_.ttl.micros > 0) {
    next_look_ = next_look_restored(watermark, spec_.ttl.micros);
  }
  grow_to(order_.keys());
  for (const RowTable::Row& row : kept_rows_.take_restored()) {
    slots_.append(row.id, 1)[0] = row.slot;
    next_number_ = std::max(next_number_, row.number + 1);
  }
  // Keys that had gone stand in the index again, with what they once knew.
  const std::vector<GroupId> kept = state_.take_restored();
  runs_.clear();
  for (const GroupId id : kept) {
    runs_.push_back(
        {.id = id, .number = groups_[id].first, .kept = slots_.size(id), .first = 0, .count = 0});
  }
  const std::vector<Column> columns = columns_to_keep(no_rows());
  calls_.restore_rows(
      {.runs = runs_, .columns = columns, .store = store_, .slots = slots_, .answers = 0});
  for (const OverRun& run : runs_) {
    note_pending(run);
  }
  if (!spec_.rows.keys.empty() && kept.size() < order_.keys()) {
    keep_only(kept);
  }
}

void Over::note_pending(const OverRun& run) {
  const Group& group = groups_[run.id];
  if (!ahead_.any() || !has_pending(run.id)) {
    return;
  }
  const RowSlot slot = slots_.get(run.id)[group.next - group.first];
  pending_.push_back(
      {.time = EventTime{store_.values<std::int64_t>(*time_column_)[slot]}, .id = run.id});
  std::push_heap(pending_.begin(), pending_.end(), Pending::is_later);
  while (!pending_.empty() && !is_pending(pending_.front())) {
    std::pop_heap(pending_.begin(), pending_.end(), Pending::is_later);
    pending_.pop_back();
  }
}

bool Over::is_pending(const Pending& pending) const {
  const Group& group = groups_[pending.id];
  if (!has_pending(pending.id)) {
    return false;
  }
  const RowSlot slot = slots_.get(pending.id)[group.next - group.first];
  return store_.values<std::int64_t>(*time_column_)[slot] == pending.time.micros;
}

// Lets go of keys whose rows no frame to come can have. It looks whenever there are twice as many
// keys as it left, so that each key that comes pays for looking at two.
void Over::forget_quiet_keys() {
  if (!reach_before_ || order_.keys() <= keys_before_look_ || watermark_ == kEndOfTime) {
    return;
  }
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < order_.keys(); ++id) {
    if (has_pending(id) || later_by({groups_[id].last}, *reach_before_) >= watermark_) {
      kept.push_back(id);
    }
  }
  keys_before_look_ = std::max(kKeysMin, 2 * static_cast<std::uint32_t>(kept.size()));
  if (kept.size() < order_.keys()) {
    keep_only(kept);
  }
}

void Over::keep_only(std::span<const GroupId> kept) {
  for_each_dropped(kept, order_.keys(), [this](GroupId id) {
    for (const RowSlot slot : slots_.get(id)) {
      kept_rows_.remove(slot);
      store_.release(slot);
    }
  });
  // Those of keys that go have come out.
  std::erase_if(pending_, [this](const Pending& each) { return !is_pending(each); });
  for (Pending& each : pending_) {
    each.id =
        static_cast<GroupId>(std::lower_bound(kept.begin(), kept.end(), each.id) - kept.begin());
  }
  std::make_heap(pending_.begin(), pending_.end(), Pending::is_later);
  state_.renumber(kept);
  kept_rows_.renumber(kept);
  order_.keep_only(kept);
  slots_.keep_only(kept);
  groups_.keep_only(kept);
  calls_.keep_only(kept);
}

}  // namespace

std::unique_ptr<Operator> make_over(OverSpec spec) {
  if (spec.updating_input) {
    return make_changing_over(std::move(spec));
  }
  return std::make_unique<Over>(std::move(spec));
}

}  // namespace thalweg
