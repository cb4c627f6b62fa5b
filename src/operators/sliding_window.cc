#include <algorithm>
#include <optional>
#include <utility>

#include "operators/slice_merge.h"
#include "operators/window_operators.h"
#include "operators/window_tables.h"

namespace thalweg {
namespace {

// Windows that overlap, from slices: a row is added to one table, and a slice to what its windows
// have together when the first of them closes.
class SlidingWindow final : public Operator {
 public:
  explicit SlidingWindow(WindowAggregateSpec spec)
      : aggregation_(std::move(spec.aggregation)),
        grid_(spec.windows.grid),
        slices_(aggregation_.spec(), spec.windows),
        merge_(aggregation_.spec()) {}

  Result<std::vector<StateTable*>> state_tables() override {
    state_ = make_group_state(
        {.aggregation = aggregation_.spec(), .panes = slices_.pane_columns(), .tables = slices_});
    return borrow_tables(state_);
  }

  // What its windows have together is made again from the slices, when the first of them closes.
  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    watermark_ = watermark;
    closed_ = watermark;
    slices_.restored();
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    slices_.add_or_reject(columns, watermark_, out);
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
    return {.count = slices_.groups() + merge_.live_groups(),
            .bytes = slices_.memory_bytes() + merge_.memory_bytes()};
  }

 private:
  Progress close_windows(Emitter& out) {
    while (open_ || begin_window()) {
      while (emitted_ < merge_.size()) {
        if (!out.has_room()) {
          return Progress::kMore;
        }
        emit_groups(out);
      }
      closed_ = open_->end;
      open_.reset();
    }
    tell_held(out);
    return Progress::kDone;
  }

  void tell_held(Emitter& out) const {
    const std::optional<EventTime> start = earliest_slice();
    const std::optional<TimeWindow> next =
        start ? grid_.first_window(*start, closed_) : std::nullopt;
    out.hold(
        {.count = slices_.groups() + merge_.live_groups(), .due = next ? next->end : kEndOfTime});
  }

  // Makes the slices of the next window to close those merged; false where none is to be closed.
  bool begin_window() {
    while (const std::optional<EventTime> start = earliest_slice()) {
      open_ = grid_.first_window(*start, closed_);
      if (!open_) {
        // No window to come has it.
        drop_before({start->micros + 1});
        continue;
      }
      if (open_->end > watermark_) {
        open_.reset();
        return false;
      }
      drop_before(open_->start);
      merge_slices();
      emitted_ = 0;
      return true;
    }
    return false;
  }

  std::optional<EventTime> earliest_slice() const {
    std::optional<EventTime> start;
    if (!merge_.empty()) {
      start = merge_.oldest().start;
    }
    if (!slices_.empty()) {
      const EventTime waiting = slices_.first().start;
      start = start ? std::min(*start, waiting) : waiting;
    }
    return start;
  }

  void drop_before(EventTime start) {
    while (!slices_.empty() && slices_.first().start < start) {
      slices_.drop_first();
    }
    if (!merge_.empty() && merge_.newest().start < start) {
      slices_.note_dropped(merge_.newest().end);
      for (std::unique_ptr<GroupTable>& table : merge_.take_all()) {
        slices_.recycle(std::move(table));
      }
    }
    while (!merge_.empty() && merge_.oldest().start < start) {
      slices_.note_dropped(merge_.oldest().end);
      slices_.recycle(merge_.take_oldest());
    }
  }

  // Adds the slices of the window that it is the first to count.
  void merge_slices() {
    const WindowTables::PaneTables& waiting = slices_.tables();
    for (auto slice = waiting.begin(); slice != waiting.end() && slice->first.end <= open_->end;) {
      const auto current = slice++;
      if (current->first.counts_from <= open_->end) {
        const TimeWindow bounds = slices_.bounds_of(current->first);
        merge_.add(bounds, slices_.take(current));
      }
    }
  }

  void emit_groups(Emitter& out) {
    std::vector<GroupId> ids;
    for (; emitted_ < merge_.size() && ids.size() < kResultRows; ++emitted_) {
      if (merge_.is_live(emitted_)) {
        ids.push_back(emitted_);
      }
    }
    std::vector<RowIndex> overflow;
    Batch batch = window_batch(*open_, static_cast<std::uint32_t>(ids.size()));
    for (Column& column : merge_.results(ids, overflow)) {
      batch.columns.push_back(std::move(column));
    }
    emit_results(std::move(batch), overflow, out);
  }

  Aggregation aggregation_;
  const WindowGrid grid_;
  WindowTables slices_;  // Not merged yet.
  std::vector<std::unique_ptr<StateTable>> state_;
  SliceMerge merge_;
  EventTime watermark_ = kStartOfTime;
  EventTime closed_ = kStartOfTime;  // End of the last window that has closed.
  std::optional<TimeWindow> open_;   // The window whose results are on their way out.
  std::uint32_t emitted_ = 0;        // Groups of it that are out already.
};

}  // namespace

std::unique_ptr<Operator> make_sliding_window(WindowAggregateSpec spec) {
  return std::make_unique<SlidingWindow>(std::move(spec));
}

}  // namespace thalweg
