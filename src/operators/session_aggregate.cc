#include "operators/session_aggregate.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "operators/fixed_column.h"
#include "operators/group_state.h"
#include "operators/late_after_idle.h"
#include "operators/session_state.h"
#include "operators/session_table.h"
#include "operators/window_operators.h"
#include "operators/window_tables.h"
#include "state/session_index.h"

namespace thalweg {
namespace {

class SessionAggregate final : public Operator {
 public:
  explicit SessionAggregate(SessionAggregateSpec spec)
      : aggregation_(std::move(spec.aggregation)),
        index_(key_types(aggregation_.spec()), spec.gap_micros),
        state_(aggregation_.spec()),
        table_(key_schema(aggregation_.spec()), index_, state_) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&table_};
  }

  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
    index_.restored();
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    batch = reject_late_after_idle(std::move(batch), watermark_, out);
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    state_.add(columns, index_, ids_, merges_);
    table_.mark(ids_, merges_);
    out.hold({.count = index_.open(), .due = index_.next_end()});
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
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
      const std::size_t count = std::min<std::size_t>(kResultRows, ended_.size() - emitted_);
      emit_sessions({ended_.data() + emitted_, count}, out);
      emitted_ += count;
    }
    ended_.clear();
    emitted_ = 0;
    out.hold({.count = index_.open(), .due = index_.next_end()});
    if (index_.is_sparse()) {
      table_.before_compact();
      const std::vector<GroupId> old_numbers = index_.compact();
      state_.compact(old_numbers);
      table_.after_compact(old_numbers);
    }
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return session_output_watermark(watermark);
  }

  Kept kept() const override {
    return {.count = index_.open(), .bytes = index_.memory_bytes() + state_.memory_bytes()};
  }

 private:
  void emit_sessions(std::span<const GroupId> ids, Emitter& out) {
    Batch batch = session_bounds(index_, ids);
    for (Column& key : index_.keys(ids)) {
      batch.columns.push_back(std::move(key));
    }
    std::vector<RowIndex> overflow;
    for (Column& column : state_.results(ids, overflow)) {
      batch.columns.push_back(std::move(column));
    }
    emit_results(std::move(batch), overflow, out);
  }

  Aggregation aggregation_;
  SessionIndex index_;
  SessionState state_;
  SessionTable table_;
  EventTime watermark_ = kStartOfTime;
  std::vector<GroupId> ids_;
  std::vector<SessionIndex::Merge> merges_;
  std::vector<GroupId> ended_;  // Not all out yet.
  std::size_t emitted_ = 0;
};

}  // namespace

Batch session_bounds(const SessionIndex& index, std::span<const GroupId> ids) {
  const auto times = [&](auto micros_of) {
    return fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), ids.size(),
                                      [&](std::size_t i) { return micros_of(ids[i]); });
  };
  Batch batch;
  batch.length = static_cast<std::uint32_t>(ids.size());
  batch.columns = {times([&](GroupId id) { return index.first(id).micros; }),
                   times([&](GroupId id) { return index.end(id).micros; }),
                   times([&](GroupId id) { return index.end(id).micros - 1; })};
  set_event_time(batch, batch.columns[2]);
  return batch;
}

std::unique_ptr<Operator> make_session_aggregate(SessionAggregateSpec spec) {
  if (spec.emit != WindowEmit::kOnClose || spec.lateness_micros > 0) {
    return make_changing_session(std::move(spec));
  }
  return std::make_unique<SessionAggregate>(std::move(spec));
}

EventTime session_output_watermark(EventTime watermark) {
  return watermark == kStartOfTime || watermark == kEndOfTime ? watermark
                                                              : EventTime{watermark.micros - 1};
}

}  // namespace thalweg
