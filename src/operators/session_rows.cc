#include "operators/session_rows.h"

#include <algorithm>
#include <span>
#include <utility>

#include "operators/accumulator.h"
#include "operators/aggregation.h"
#include "operators/fixed_column.h"
#include "operators/group_state.h"
#include "operators/late_after_idle.h"
#include "operators/session_aggregate.h"
#include "operators/session_table.h"
#include "state/kept_rows.h"
#include "state/session_index.h"

namespace thalweg {
namespace {

// Sessions whose rows come out in one batch.
constexpr std::size_t kSessionsAtOnce = 256;

// The input's columns, then event time, partition and position.
constexpr std::size_t kOrigins = 3;

std::vector<Type> kept_types(std::vector<Type> types) {
  types.push_back(type_of(TypeKind::kTimestamp));
  types.push_back(type_of(TypeKind::kInt));
  types.push_back(type_of(TypeKind::kBigint));
  return types;
}

std::vector<Column> kept_columns(const Batch& batch) {
  std::vector<Column> columns = batch.columns;
  columns.push_back(*batch.event_time);
  columns.push_back(batch.partition ? *batch.partition
                                    : null_column(type_of(TypeKind::kInt), batch.length));
  columns.push_back(batch.position ? *batch.position
                                   : null_column(type_of(TypeKind::kBigint), batch.length));
  return columns;
}

// The rows by session, then in order of time and origin.
void sort_kept(KeptRows::Rows& rows) {
  const auto length = static_cast<std::uint32_t>(rows.places.size());
  std::vector<Column> columns(rows.columns.end() - kOrigins, rows.columns.end());
  columns.push_back(
      fixed_column<std::int64_t>(type_of(TypeKind::kBigint), length,
                                 [&](std::size_t i) { return std::int64_t{rows.places[i]}; }));
  const SortKey keys[] = {{.column = kOrigins}, {.column = 0}, {.column = 1}, {.column = 2}};
  const std::vector<RowIndex> order = sort_rows(columns, keys, length);
  std::vector<GroupId> places;
  for (const RowIndex row : order) {
    places.push_back(rows.places[row]);
  }
  rows.places = std::move(places);
  for (Column& column : rows.columns) {
    column = gather(column, order);
  }
}

// The rows, for a restart.
class RowsOfSessions final : public SessionContents {
 public:
  explicit RowsOfSessions(KeptRows& rows) : rows_(rows) {}

  void grow_to(std::uint32_t sessions) override { rows_.grow_to(sessions); }
  Schema state_columns() const override { return {{"rows", type_of(TypeKind::kBytea)}}; }
  std::vector<Column> state(std::span<const GroupId> ids) override { return {rows_.encoded(ids)}; }
  Status restore(std::span<const GroupId> ids, std::span<const Column> state) override {
    return rows_.restore(ids, state[0]) ? Status() : wrong_state("not the bytes of rows");
  }

 private:
  KeptRows& rows_;
};

class SessionRows final : public Operator {
 public:
  explicit SessionRows(SessionRowsSpec spec)
      : keys_({.keys = spec.keys,
               .aggregates = {},
               .input = AggregateInput::kRows,
               .updating_input = false}),
        index_(key_types(keys_.spec()), spec.gap_micros),
        rows_(kept_types(std::move(spec.input_types))),
        table_(key_schema(keys_.spec()), index_, contents_) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&table_};
  }

  void restored(EventTime watermark) override {
    keys_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
    index_.restored();
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    batch = reject_late_after_idle(std::move(batch), watermark_, out);
    const AggregateColumns columns = keys_.prepare(std::move(batch), out);
    std::vector<GroupId> ids(columns.count);
    std::vector<SessionIndex::Merge> merges;
    index_.add(columns.keys, columns.all_rows(), columns.batch.event_time->values<std::int64_t>(),
               ids, merges);
    rows_.grow_to(index_.size());
    rows_.append(ids, columns.all_rows(), kept_columns(columns.batch));
    for (const SessionIndex::Merge& merge : merges) {
      rows_.merge(merge.from, merge.into);
    }
    table_.mark(ids, merges);
    out.hold({.count = index_.open(), .due = index_.next_end()});
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    keys_.set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
      index_.end_before(now, ended_);
      table_.mark(ended_);
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (emitted_ < ended_.size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::size_t count = std::min(kSessionsAtOnce, ended_.size() - emitted_);
      emit_sessions({ended_.data() + emitted_, count}, out);
      emitted_ += count;
    }
    ended_.clear();
    emitted_ = 0;
    out.hold({.count = index_.open(), .due = index_.next_end()});
    if (index_.is_sparse()) {
      table_.before_compact();
      const std::vector<GroupId> old_numbers = index_.compact();
      rows_.compact(old_numbers);
      table_.after_compact(old_numbers);
    }
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return session_output_watermark(watermark);
  }

  Kept kept() const override {
    return {.count = index_.open(), .bytes = index_.memory_bytes() + rows_.memory_bytes()};
  }

 private:
  void emit_sessions(std::span<const GroupId> ids, Emitter& out) {
    KeptRows::Rows rows = rows_.read(ids);
    sort_kept(rows);
    rows.columns.resize(rows.columns.size() - kOrigins);
    const Type timestamp = type_of(TypeKind::kTimestamp);
    const auto times = [&](auto micros_of) {
      return fixed_column<std::int64_t>(timestamp, rows.places.size(), [&](std::size_t i) {
        return micros_of(ids[rows.places[i]]);
      });
    };
    Batch batch;
    batch.length = static_cast<std::uint32_t>(rows.places.size());
    batch.columns = std::move(rows.columns);
    batch.columns.push_back(times([&](GroupId id) { return index_.first(id).micros; }));
    batch.columns.push_back(times([&](GroupId id) { return index_.end(id).micros; }));
    batch.columns.push_back(times([&](GroupId id) { return index_.end(id).micros - 1; }));
    set_event_time(batch, batch.columns.back());
    batch.position =
        fixed_column<std::int64_t>(type_of(TypeKind::kBigint), batch.length,
                                   [](std::size_t i) { return static_cast<std::int64_t>(i); });
    batch.partition = fixed_column<std::int32_t>(type_of(TypeKind::kInt), batch.length,
                                                 [](std::size_t) { return std::int32_t{0}; });
    out.emit(Port::kMain, std::move(batch));
  }

  Aggregation keys_;
  SessionIndex index_;
  KeptRows rows_;
  RowsOfSessions contents_{rows_};
  SessionTable table_;
  EventTime watermark_ = kStartOfTime;
  std::vector<GroupId> ended_;  // Not all out yet.
  std::size_t emitted_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_session_rows(SessionRowsSpec spec) {
  return std::make_unique<SessionRows>(std::move(spec));
}

}  // namespace thalweg
