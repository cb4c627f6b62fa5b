#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "operators/told_rows.h"
#include "operators/window_operators.h"
#include "operators/window_tables.h"

namespace thalweg {
namespace {

WindowAggregateSpec with_whole_windows(WindowAggregateSpec spec) {
  spec.windows.needs_whole_windows = true;
  return spec;
}

// Windows whose results are told before they are final. It keeps what it has told of each group,
// until no row can change it any more.
class ChangingWindow final : public Operator {
 public:
  explicit ChangingWindow(WindowAggregateSpec spec)
      : emit_(spec.emit),
        every_micros_(spec.every_micros),
        aggregation_(std::move(spec.aggregation)),
        tables_(aggregation_.spec(), std::move(spec.windows)) {
    tables_.note_changes();
  }

  Result<std::vector<StateTable*>> state_tables() override {
    return invalid_argument("the state of windows whose results change cannot be kept yet");
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    tables_.add_or_reject(columns, watermark_, out);
    queue_changes([this](const Pane& pane) { return is_told_at_once(pane); });
    // As much as the batch has changed, so there is no need to wait for room.
    while (!due_.empty()) {
      tell_some(out);
    }
    tell_held(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
    if (clock == Clock::kWatermark) {
      watermark_ = now;
      queue_changes([now](const Pane& pane) { return pane.end <= now; });
      return resume(out);
    }
    wall_ = now;
    if (now < tick_) {
      return Progress::kDone;
    }
    queue_changes([](const Pane&) { return true; });
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (!due_.empty()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      tell_some(out);
    }
    const EventTime gone = tables_.closed_at(watermark_);
    while (!tables_.empty() && tables_.first_pane().end <= gone) {
      tables_.changed().erase(tables_.first_pane());
      told_.erase(tables_.first_pane());
      tables_.drop_first();
    }
    tell_held(out);
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return tables_.closed_at(watermark);
  }

 private:
  // Groups of a window whose results are to be told.
  struct Due {
    Pane pane;
    std::vector<GroupId> ids;
    std::size_t told = 0;
  };

  bool is_told_at_once(const Pane& pane) const {
    return emit_ == WindowEmit::kChanges || pane.end <= watermark_;
  }

  template <typename Chosen>
  void queue_changes(Chosen chosen) {
    std::map<Pane, ChangedGroups>& changed = tables_.changed();
    for (auto each = changed.begin(); each != changed.end();) {
      if (chosen(each->first)) {
        due_.push_back({.pane = each->first, .ids = each->second.take()});
        each = changed.erase(each);
      } else {
        ++each;
      }
    }
  }

  void tell_some(Emitter& out) {
    Due& due = due_.front();
    const std::size_t count = std::min<std::size_t>(kResultRows, due.ids.size() - due.told);
    tell(due.pane, {due.ids.data() + due.told, count}, out);
    due.told += count;
    if (due.told == due.ids.size()) {
      due_.pop_front();
    }
  }

  void tell(const Pane& pane, std::span<const GroupId> ids, Emitter& out) {
    GroupTable& table = *tables_.tables().at(pane);
    std::vector<RowIndex> overflow;
    const std::vector<Column> now = table.results(ids, overflow);
    std::vector<RowIndex> rows;
    for (RowIndex row = 0; row < ids.size(); ++row) {
      rows.push_back(table.is_live(ids[row]) ? row : ToldRows::kNoRow);
    }
    for (const RowIndex row : overflow) {
      rows[row] = ToldRows::kNoRow;
    }
    const auto told = told_.try_emplace(pane, result_types(aggregation_.spec())).first;
    ToldRows::Changes changes = told->second.tell(ids, rows, now);
    const TimeWindow window = tables_.bounds_of(pane);
    if (!overflow.empty()) {
      Batch rejected = window_batch(window, static_cast<std::uint32_t>(ids.size()));
      rejected.columns.insert(rejected.columns.end(), now.begin(), now.end());
      out.reject(rejected, overflow, RowError::kOverflow);
    }
    Batch batch = window_batch(window, static_cast<std::uint32_t>(changes.places.size()));
    std::ranges::move(changes.columns, std::back_inserter(batch.columns));
    batch.changes = std::move(changes.changes);
    out.emit(Port::kMain, std::move(batch));
  }

  void tell_held(Emitter& out) {
    // A period begins with the first change that has not been told.
    if (tables_.changed().empty()) {
      tick_ = kEndOfTime;
    } else if (emit_ == WindowEmit::kEvery && tick_ == kEndOfTime) {
      tick_ = {wall_.micros + every_micros_};
    }
    const auto next = tables_.tables().upper_bound(Pane{watermark_, kEndOfTime});
    out.hold({.count = tables_.groups(),
              .due = next == tables_.tables().end() ? kEndOfTime : next->first.end,
              .due_by_wall_clock = tick_});
  }

  const WindowEmit emit_;
  const std::int64_t every_micros_;
  Aggregation aggregation_;
  WindowTables tables_;
  std::map<Pane, ToldRows> told_;
  EventTime watermark_ = kStartOfTime;
  EventTime wall_ = kStartOfTime;
  EventTime tick_ = kEndOfTime;  // kEvery: when to tell what has changed.
  std::deque<Due> due_;
};

}  // namespace

std::unique_ptr<Operator> make_changing_window(WindowAggregateSpec spec) {
  return std::make_unique<ChangingWindow>(with_whole_windows(std::move(spec)));
}

}  // namespace thalweg
