#include "operators/top_n.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "operators/fixed_column.h"
#include "operators/row_order.h"
#include "operators/top_n_table.h"
#include "operators/top_n_windows.h"
#include "operators/window_tables.h"
#include "state/key_table.h"
#include "state/time_ordered_rows.h"

namespace thalweg {
namespace {

Batch batch_of(std::vector<Column> columns) {
  Batch batch;
  batch.length = columns.empty() ? 0 : columns[0].length();
  batch.columns = std::move(columns);
  return batch;
}

std::vector<Type> key_types_of(const TopNSpec& spec) {
  std::vector<Type> types;
  for (const std::uint32_t key : spec.keys) {
    types.push_back(spec.types[key]);
  }
  return types;
}

// Puts out a table's rows, some keys at a time.
class TableEmitter {
 public:
  Progress emit(TopNTable& table, std::optional<EventTime> time, Emitter& out) {
    while (emitted_ < table.size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const GroupId end = std::min(emitted_ + kResultRows, table.size());
      Batch batch = batch_of(table.results(emitted_, end));
      emitted_ = end;
      if (time) {
        set_event_time(batch, repeat_time(*time, batch.length));
      }
      out.emit(Port::kMain, std::move(batch));
    }
    emitted_ = 0;
    return Progress::kDone;
  }

 private:
  GroupId emitted_ = 0;
};

class TopNAtEnd final : public Operator {
 public:
  explicit TopNAtEnd(TopNSpec spec) : spec_(std::move(spec)), table_(make_top_n_table(spec_)) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&table_->state()};
  }

  void restored(EventTime /*watermark*/) override { table_->keep_only(table_->restored()); }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    table_->add(batch);
    out.reject(batch, table_->missing(), RowError::kNotThere);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    at_end_ |= clock == Clock::kWatermark && now == kEndOfTime;
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    if (!at_end_) {
      return Progress::kDone;
    }
    const Progress progress = emitter_.emit(*table_, std::nullopt, out);
    if (progress == Progress::kDone) {
      table_->keep_only({});
    }
    return progress;
  }

  Kept kept() const override { return {.count = table_->size(), .bytes = table_->memory_bytes()}; }

 private:
  const TopNSpec spec_;
  const std::unique_ptr<TopNTable> table_;
  TableEmitter emitter_;
  bool at_end_ = false;
};

class TopNChanges final : public Operator {
 public:
  explicit TopNChanges(TopNSpec spec)
      : spec_(std::move(spec)),
        table_(make_top_n_table(spec_)),
        idle_(spec_.ttl),
        idle_state_(idle_, key_types_of(spec_), table_->index()) {}

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables{&table_->state()};
    if (idle_.on()) {
      tables.push_back(&idle_state_);
    }
    return tables;
  }

  void restored(EventTime watermark) override {
    std::vector<GroupId> kept = table_->restored();
    if (idle_.on()) {
      idle_.restored(table_->size(), watermark);
      kept = idle_state_.take_restored();
    }
    keep_only(kept);
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    TopNTable::Changes result = table_->add_and_compare(batch);
    out.reject(batch, table_->missing(), RowError::kNotThere);
    if (idle_.on()) {
      idle_.touch(batch, rows_of(batch), table_->last_keys());
      idle_state_.mark(table_->last_keys());
    }
    if (result.changes.empty()) {
      return Progress::kDone;
    }
    Batch changed = batch_of(std::move(result.columns));
    changed.changes =
        fixed_column<std::int16_t>(type_of(TypeKind::kSmallint), result.changes.size(),
                                   [&](std::size_t i) { return result.changes[i]; });
    out.emit(Port::kMain, std::move(changed));
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (const auto kept = idle_.find_kept(clock, now)) {
      out.expire(table_->size() - kept->size());
      keep_only(*kept);
    }
    return Progress::kDone;
  }

  Kept kept() const override { return {.count = table_->size(), .bytes = table_->memory_bytes()}; }

 private:
  void keep_only(std::span<const GroupId> kept) {
    if (idle_.on()) {
      idle_state_.renumber(kept);
      idle_.keep_only(kept);
    }
    table_->keep_only(kept);
  }

  static KeyIndex::Rows rows_of(const Batch& batch) {
    return batch.selection == nullptr ? KeyIndex::Rows{.rows = {}, .all = true}
                                      : KeyIndex::Rows{.rows = *batch.selection};
  }

  const TopNSpec spec_;
  const std::unique_ptr<TopNTable> table_;
  IdleKeys idle_;
  IdleKeysState idle_state_;
};

// A table for each open window.
class TopNOfWindows final : public Operator {
 public:
  explicit TopNOfWindows(TopNSpec spec) : spec_(std::move(spec)), windows_(spec_) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&windows_};
  }

  void restored(EventTime watermark) override {
    watermark_ = watermark;
    windows_.restored();
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const Column& ends = batch.columns[spec_.window_end];
    const auto values = ends.values<std::int64_t>();
    std::map<std::int64_t, std::vector<RowIndex>> by_end;
    std::vector<RowIndex> too_late;
    auto last = by_end.end();
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      const std::int64_t end = values[row] - spec_.shift_micros;
      if (EventTime{end} <= watermark_) {
        too_late.push_back(row);
        continue;
      }
      if (last == by_end.end() || last->first != end) {
        last = by_end.try_emplace(end).first;
      }
      last->second.push_back(row);
    }
    if (!too_late.empty()) {
      out.reject(batch, too_late, RowError::kLateAfterIdle);
    }
    for (auto& [end, rows] : by_end) {
      Batch chosen = batch;
      windows_.at(EventTime{end}).add(std::move(chosen).select(std::move(rows)));
    }
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock == Clock::kWatermark) {
      watermark_ = now;
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (!windows_.empty() && windows_.first_end() <= watermark_) {
      const EventTime last{windows_.first_end().micros - 1};
      if (emitter_.emit(windows_.first(), last, out) == Progress::kMore) {
        return Progress::kMore;
      }
      windows_.close_first();
    }
    return Progress::kDone;
  }

  Kept kept() const override {
    return {.count = windows_.rows(), .bytes = windows_.memory_bytes()};
  }

 private:
  const TopNSpec spec_;
  TopNWindows windows_;
  TableEmitter emitter_;
  EventTime watermark_ = kStartOfTime;
};

// The order begins with event time: what the watermark has passed is in its place for good.
class TopNBehindWatermark final : public Operator {
 public:
  explicit TopNBehindWatermark(TopNSpec spec)
      : spec_(std::move(spec)),
        index_(KeyIndex::make(key_types_of(spec_))),
        idle_(spec_.ttl),
        waiting_({.types = spec_.types,
                  .keys = spec_.keys,
                  .has_time = true,
                  .has_origin = spec_.has_origin}),
        state_(*this) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&waiting_, &state_};
  }

  void restored(EventTime watermark) override {
    watermark_ = watermark;
    if (idle_.on()) {
      idle_.restored(index_->size(), watermark);
      keep_only(state_.take_restored());
    }
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    TW_CHECK(batch.event_time.has_value());
    const auto times = batch.event_time->values<std::int64_t>();
    std::vector<RowIndex> kept;
    std::vector<RowIndex> too_late;
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      (EventTime{times[row]} < watermark_ ? too_late : kept).push_back(row);
    }
    if (!too_late.empty()) {
      out.reject(batch, too_late, RowError::kLateAfterIdle);
      batch = std::move(batch).select(std::move(kept));
    }
    if (!batch.empty()) {
      waiting_.add(std::move(batch));
    }
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock == Clock::kWatermark && now > watermark_) {
      watermark_ = now;
      if (std::optional<Batch> passed = waiting_.take_before(now)) {
        due_ = first_rows(sorted(*std::move(passed)));
      }
      forget_old(now, out);
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (emitted_ < due_.num_rows()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::uint32_t count = std::min(kResultRows, due_.num_rows() - emitted_);
      out.emit(Port::kMain, due_.slice(emitted_, count));
      emitted_ += count;
    }
    due_ = Batch();
    emitted_ = 0;
    return Progress::kDone;
  }

  // Where all its rows are out, no more can come.
  EventTime output_watermark(EventTime watermark) const override {
    const bool never_more = spec_.keys.empty() && !idle_.on();
    const auto rows = counts_.size() > 0 ? static_cast<std::uint64_t>(counts_[0]) : 0;
    return never_more && rows >= spec_.limit ? kEndOfTime : watermark;
  }

  Kept kept() const override {
    return {.count = waiting_.rows() + due_.num_rows(),
            .bytes = index_->memory_bytes() + counts_.memory_bytes() + first_times_.memory_bytes() +
                     waiting_.memory_bytes() + due_.memory_bytes()};
  }

 private:
  // How many rows of a key are out; with a ttl, since when it counts, and since when it is idle.
  class State final : public KeyTable {
   public:
    explicit State(TopNBehindWatermark& owner)
        : KeyTable("keys", key_types_of(owner.spec_), columns(owner.spec_), owner.index_),
          owner_(owner) {}

   protected:
    std::vector<Column> values_of(std::size_t /*part*/, std::span<const GroupId> ids) override {
      const auto column = [&](TypeKind kind, const StateArray<std::int64_t>& values) {
        return fixed_column<std::int64_t>(type_of(kind), ids.size(),
                                          [&](std::size_t i) { return values[ids[i]]; });
      };
      std::vector<Column> columns{column(TypeKind::kBigint, owner_.counts_)};
      if (owner_.idle_.on()) {
        columns.push_back(column(TypeKind::kTimestamp, owner_.first_times_));
        columns.push_back(owner_.idle_.since(ids));
      }
      return columns;
    }
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override {
      owner_.counts_.grow_to(owner_.index_->size());
      owner_.first_times_.grow_to(owner_.idle_.on() ? owner_.index_->size() : 0);
      for (RowIndex row = 0; row < ids.size(); ++row) {
        owner_.counts_[ids[row]] = values[0].values<std::int64_t>()[row];
        if (owner_.idle_.on()) {
          owner_.first_times_[ids[row]] = values[1].values<std::int64_t>()[row];
        }
      }
      if (owner_.idle_.on()) {
        owner_.idle_.restore(ids, {.rows = {}, .all = true}, values[2]);
      }
      return {};
    }

   private:
    static Schema columns(const TopNSpec& spec) {
      Schema columns{{.name = "rows", .type = type_of(TypeKind::kBigint)}};
      if (spec.ttl.micros > 0) {
        columns.push_back({.name = "first", .type = type_of(TypeKind::kTimestamp)});
        columns.push_back({.name = "since", .type = type_of(TypeKind::kBigint)});
      }
      return columns;
    }

    TopNBehindWatermark& owner_;
  };

  // Of the keys that have not been there before.
  void note_first_times(std::span<const GroupId> ids, std::span<const std::int64_t> times) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] >= first_times_.size()) {
        first_times_.grow_to(ids[i] + 1);
        first_times_[ids[i]] = times[i];
      }
    }
  }

  void forget_old(EventTime now, Emitter& out) {
    if (const auto kept = idle_.find_kept(Clock::kWatermark, now)) {
      out.expire(index_->size() - kept->size());
      keep_only(*kept);
    }
  }

  void keep_only(std::span<const GroupId> kept) {
    state_.renumber(kept);
    index_ = index_->with_only(kept, key_types_of(spec_));
    counts_.keep_only(kept);
    first_times_.keep_only(kept);
    idle_.keep_only(kept);
  }

  // All in the order that decides.
  Batch sorted(Batch batch) const {
    std::vector<SortKey> keys = spec_.order;
    std::vector<Column> columns = batch.columns;
    for (std::size_t i = 0; i < spec_.types.size(); ++i) {
      keys.push_back({.column = i});
    }
    if (spec_.has_origin) {
      for (Column& origin : RowOrder::rows_of({}, batch).origins) {
        keys.insert(keys.begin() + static_cast<std::ptrdiff_t>(keys.size() - spec_.types.size()),
                    {.column = columns.size()});
        columns.push_back(std::move(origin));
      }
    }
    const std::vector<RowIndex> order = sort_rows(columns, keys, batch.length);
    Batch result;
    result.length = batch.length;
    for (const Column& column : batch.columns) {
      result.columns.push_back(gather(column, order));
    }
    set_event_time(result, gather(*batch.event_time, order));
    return result;
  }

  // The rows whose number within their key is small enough.
  Batch first_rows(Batch batch) {
    std::vector<Column> keys;
    for (const std::uint32_t key : spec_.keys) {
      keys.push_back(batch.columns[key]);
    }
    std::vector<GroupId> ids(batch.length);
    index_->find_or_insert(keys, {.rows = {}, .all = true}, ids);
    counts_.grow_to(index_->size());
    const auto times = batch.event_time->values<std::int64_t>();
    if (idle_.on()) {
      note_first_times(ids, times);
      idle_.touch(batch, {.rows = {}, .all = true}, ids);
      state_.mark(ids);
    }
    std::vector<RowIndex> chosen;
    std::vector<std::int64_t> ranks(batch.length);
    for (RowIndex row = 0; row < batch.length; ++row) {
      std::int64_t& count = counts_[ids[row]];
      if (idle_.on() && times[row] - first_times_[ids[row]] > spec_.ttl.micros) {
        count = 0;
        first_times_[ids[row]] = times[row];
      }
      if (static_cast<std::uint64_t>(count) < spec_.limit) {
        ranks[row] = ++count;
        chosen.push_back(row);
        chosen_keys_.push_back(ids[row]);
      }
    }
    state_.mark(chosen_keys_);
    chosen_keys_.clear();
    if (spec_.shows_rank) {
      batch.columns.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), ranks.size(),
                                                         [&](std::size_t i) { return ranks[i]; }));
    }
    return chosen.size() == batch.length ? batch : std::move(batch).select(std::move(chosen));
  }

  const TopNSpec spec_;
  std::unique_ptr<KeyIndex> index_;
  StateArray<std::int64_t> counts_;       // By key: its rows that are out.
  StateArray<std::int64_t> first_times_;  // By key, with a ttl: of the row that began it.
  IdleKeys idle_;
  TimeOrderedRows waiting_;
  State state_;
  std::vector<GroupId> chosen_keys_;  // Of the rows at hand.
  Batch due_;
  std::uint32_t emitted_ = 0;
  EventTime watermark_ = kStartOfTime;
};

}  // namespace

std::unique_ptr<Operator> make_top_n(TopNSpec spec) {
  switch (spec.emit) {
    case TopNEmit::kAtEnd:
      return std::make_unique<TopNAtEnd>(std::move(spec));
    case TopNEmit::kChanges:
      return std::make_unique<TopNChanges>(std::move(spec));
    case TopNEmit::kOnWindowClose:
      return std::make_unique<TopNOfWindows>(std::move(spec));
    case TopNEmit::kBehindWatermark:
      return std::make_unique<TopNBehindWatermark>(std::move(spec));
  }
  TW_CHECK(false);
}

}  // namespace thalweg
