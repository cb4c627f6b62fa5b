#include "operators/window_aggregate.h"

#include <algorithm>
#include <utility>

#include "operators/window_operators.h"
#include "operators/window_tables.h"

namespace thalweg {
namespace {

class WindowAggregate final : public Operator {
 public:
  explicit WindowAggregate(WindowAggregateSpec spec)
      : aggregation_(std::move(spec.aggregation)), tables_(aggregation_.spec(), spec.windows) {}

  Result<std::vector<StateTable*>> state_tables() override {
    state_ = make_group_state(
        {.aggregation = aggregation_.spec(), .panes = tables_.pane_columns(), .tables = tables_});
    return borrow_tables(state_);
  }

  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
    tables_.restored();
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    tables_.add_or_reject(columns, watermark_, out);
    tell_held(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
    }
    return close_windows(out);
  }

  Result<Progress> resume(Emitter& out) override { return close_windows(out); }

  Kept kept() const override {
    return {.count = tables_.groups(), .bytes = tables_.memory_bytes()};
  }

 private:
  Progress close_windows(Emitter& out) {
    while (!tables_.empty() && tables_.first_pane().end <= watermark_) {
      GroupTable& table = tables_.first_table();
      while (emitted_ < table.size()) {
        if (!out.has_room()) {
          return Progress::kMore;
        }
        emit_groups(table, std::min(kResultRows, table.size() - emitted_), out);
      }
      emitted_ = 0;
      tables_.drop_first();
    }
    tell_held(out);
    return Progress::kDone;
  }

  void tell_held(Emitter& out) const {
    out.hold(
        {.count = tables_.groups(), .due = tables_.empty() ? kEndOfTime : tables_.first().end});
  }

  void emit_groups(GroupTable& table, std::uint32_t count, Emitter& out) {
    std::vector<GroupId> ids;
    for (GroupId id = emitted_; id < emitted_ + count; ++id) {
      if (table.is_live(id)) {
        ids.push_back(id);
      }
    }
    emitted_ += count;
    Batch batch = window_batch(tables_.first(), static_cast<std::uint32_t>(ids.size()));
    std::vector<RowIndex> overflow;
    for (Column& column : table.results(ids, overflow)) {
      batch.columns.push_back(std::move(column));
    }
    emit_results(std::move(batch), overflow, out);
  }

  Aggregation aggregation_;
  WindowTables tables_;
  std::vector<std::unique_ptr<StateTable>> state_;
  EventTime watermark_ = kStartOfTime;
  std::uint32_t emitted_ = 0;  // Groups of the first window that are out already.
};

}  // namespace

Batch window_batch(const TimeWindow& window, std::uint32_t count) {
  Batch batch;
  batch.length = count;
  batch.columns = {repeat_time(window.start, count), repeat_time(window.end, count),
                   repeat_time(window.last(), count)};
  set_event_time(batch, batch.columns[2]);
  return batch;
}

std::unique_ptr<Operator> make_window_aggregate(WindowAggregateSpec spec) {
  if (spec.emit != WindowEmit::kOnClose || spec.windows.lateness_micros > 0) {
    return make_changing_window(std::move(spec));
  }
  if (panes_of(spec.aggregation, spec.windows) == PanesAre::kSlices) {
    return make_sliding_window(std::move(spec));
  }
  return std::make_unique<WindowAggregate>(std::move(spec));
}

}  // namespace thalweg
