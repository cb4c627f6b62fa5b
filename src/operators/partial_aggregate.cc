#include "operators/partial_aggregate.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "operators/window_tables.h"

namespace thalweg {
namespace {

class PartialAggregate final : public Operator {
 public:
  explicit PartialAggregate(PartialAggregateSpec spec)
      : groups_max_(spec.groups_max),
        aggregation_(std::move(spec.aggregation)),
        windowed_(spec.windows.has_value()),
        // Without windows everything is one window that no watermark but the last closes.
        tables_(aggregation_.spec(), spec.windows.value_or(WindowInput{WindowGrid(1, 0)})) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    std::vector<RowIndex> too_late;
    if (windowed_) {
      tables_.add(columns, watermark_, too_late);
    } else {
      tables_.add_by_end(columns, kStartOfTime, [](RowIndex) { return EventTime{1}; }, too_late);
    }
    if (!too_late.empty()) {
      out.reject(columns.batch, too_late, RowError::kLateAfterIdle);
    }
    if (tables_.groups() >= groups_max_) {
      flush_until_ = kEndOfTime;
    }
    return flush(out);
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
      if (windowed_ || now == kEndOfTime) {
        flush_until_ = std::max(flush_until_, now);
      }
    }
    return flush(out);
  }

  Result<Progress> resume(Emitter& out) override { return flush(out); }

  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
  }

  // Partial results have no state of their own.
  Status before_epoch(Emitter& out) override {
    flush_until_ = kEndOfTime;
    while (flush_some(out) == Progress::kMore) {
    }
    return {};
  }

  Kept kept() const override {
    return {.count = tables_.groups(), .bytes = tables_.memory_bytes()};
  }

 private:
  // Passes on the panes that end by flush_until_.
  Progress flush(Emitter& out) {
    Progress progress = Progress::kMore;
    while (progress == Progress::kMore && out.has_room()) {
      progress = flush_some(out);
    }
    return progress;
  }

  // The next groups of these panes.
  Progress flush_some(Emitter& out) {
    if (!tables_.empty() && tables_.first_pane().end <= flush_until_) {
      GroupTable& table = tables_.first_table();
      if (emitted_ < table.size()) {
        emit_groups(table, std::min(kResultRows, table.size() - emitted_), out);
      }
      if (emitted_ == table.size()) {
        emitted_ = 0;
        tables_.drop_first();
      }
      return Progress::kMore;
    }
    flush_until_ = kStartOfTime;
    const bool waits = windowed_ && !tables_.empty();
    out.hold({.count = tables_.groups(), .due = waits ? tables_.first().end : kEndOfTime});
    return Progress::kDone;
  }

  void emit_groups(GroupTable& table, std::uint32_t count, Emitter& out) {
    std::vector<GroupId> ids(count);
    std::iota(ids.begin(), ids.end(), emitted_);
    emitted_ += count;
    Batch batch;
    batch.length = count;
    batch.columns = table.partials(ids);
    if (windowed_) {
      batch.columns.push_back(repeat_time(tables_.first_pane().end, count));
    }
    if (tables_.are_slices()) {
      batch.columns.push_back(repeat_time(tables_.first_pane().counts_from, count));
    }
    out.emit(Port::kMain, std::move(batch));
  }

  const std::uint32_t groups_max_;
  Aggregation aggregation_;
  const bool windowed_;
  WindowTables tables_;
  EventTime watermark_ = kStartOfTime;
  EventTime flush_until_ = kStartOfTime;
  std::uint32_t emitted_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_partial_aggregate(PartialAggregateSpec spec) {
  return std::make_unique<PartialAggregate>(std::move(spec));
}

}  // namespace thalweg
