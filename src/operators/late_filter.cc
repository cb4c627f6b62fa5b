#include "operators/late_filter.h"

#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "columnar/builder.h"
#include "columnar/calendar.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

// What a row is late for.
enum class Lateness : std::uint8_t { kNone, kSomeWindows, kAllWindows };

std::string text_of(EventTime time) {
  return to_string(Value{type_of(TypeKind::kTimestamp), time.micros});
}

// The first window after `after` of those a row stands for, where it is late for it.
std::optional<TimeWindow> missed_window(const WindowInput& windows, const Batch& batch,
                                        RowIndex row, EventTime after = kStartOfTime) {
  std::optional<TimeWindow> window;
  if (windows.by == WindowsBy::kColumn) {
    const EventTime end{batch.columns[windows.column].values<std::int64_t>()[row] +
                        windows.micros_to_end};
    window = end > after ? std::optional(windows.grid.ending_at(end)) : std::nullopt;
  } else {
    window = windows.grid.first_window({batch.event_time->values<std::int64_t>()[row]}, after);
  }
  const EventTime stamp{batch.stamps->values<std::int64_t>()[row]};
  const bool late = window && later_by(window->end, windows.lateness_micros) <= stamp;
  return late ? window : std::nullopt;
}

class LateFilter final : public Operator {
 public:
  explicit LateFilter(LateFilterSpec spec) : spec_(std::move(spec)) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (!batch.stamps) {
      out.emit(Port::kMain, std::move(batch));
      return Progress::kDone;
    }
    TW_CHECK(batch.event_time.has_value());
    const auto times = batch.event_time->values<std::int64_t>();
    const auto stamps = batch.stamps->values<std::int64_t>();
    const bool by_column = spec_.windows && spec_.windows->by == WindowsBy::kColumn;
    std::vector<RowIndex> in_time;
    std::vector<RowIndex> late;
    std::size_t gone = 0;
    bool some_windows = false;
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      Lateness judged;
      if (by_column) {
        judged = judge_column(batch, row, {times[row]}, {stamps[row]});
      } else {
        judged = judge({times[row]}, {stamps[row]});
        some_windows |= judged == Lateness::kSomeWindows;
      }
      if (spec_.fails && judged != Lateness::kNone) {
        return late_error(batch, row);
      }
      if (judged == Lateness::kAllWindows) {
        late.push_back(row);
      } else if (by_column && judged == Lateness::kSomeWindows) {
        ++gone;  // The row counts elsewhere.
      } else {
        in_time.push_back(row);
      }
    }
    if (!late.empty()) {
      out.reject(batch, late, RowError::kLate);
    }
    if (!late.empty() || gone > 0) {
      batch = std::move(batch).select(std::move(in_time));
    }
    if (!some_windows) {
      batch.stamps.reset();
    }
    if (!batch.empty()) {
      out.emit(Port::kMain, std::move(batch));
    }
    return Progress::kDone;
  }

 private:
  Lateness judge(EventTime time, EventTime stamp) {
    if (!spec_.windows) {
      return later_by(time, spec_.lateness_micros) < stamp ? Lateness::kAllWindows
                                                           : Lateness::kNone;
    }
    if (!slice_.contains(time)) {
      const WindowGrid& grid = spec_.windows->grid;
      slice_ = grid.slice_of(time);
      // Rows that are in no window are late for none.
      first_end_ = last_end_ = kEndOfTime;
      if (const std::optional<TimeWindow> window = grid.last_window(time)) {
        last_end_ = later_by(window->end, spec_.windows->lateness_micros);
        first_end_ = later_by(grid.first_window(time)->end, spec_.windows->lateness_micros);
      }
    }
    if (last_end_ <= stamp) {
      return Lateness::kAllWindows;
    }
    return first_end_ <= stamp ? Lateness::kSomeWindows : Lateness::kNone;
  }

  // For a row that stands for one of the windows of the row it was: for all, if that is the last.
  Lateness judge_column(const Batch& batch, RowIndex row, EventTime time, EventTime stamp) const {
    const WindowInput& windows = *spec_.windows;
    const EventTime end{batch.columns[windows.column].values<std::int64_t>()[row] +
                        windows.micros_to_end};
    if (later_by(end, windows.lateness_micros) > stamp) {
      return Lateness::kNone;
    }
    const std::optional<TimeWindow> last = windows.grid.last_window(time);
    return last && last->end == end ? Lateness::kAllWindows : Lateness::kSomeWindows;
  }

  Status late_error(const Batch& batch, RowIndex row) const {
    const EventTime time{batch.event_time->values<std::int64_t>()[row]};
    std::string missed = "rows are put in order of it";
    if (spec_.windows) {
      missed = "it missed the window " + text_of(missed_window(*spec_.windows, batch, row)->start) +
               " to " + text_of(missed_window(*spec_.windows, batch, row)->end);
    }
    const EventTime stamp{batch.stamps->values<std::int64_t>()[row]};
    return {Code::kRowFailed, "a row came too late: its time is " + text_of(time) + ", " + missed +
                                  ", and the watermark of its partition stood at " +
                                  text_of(stamp) +
                                  " (late = 'fail'); a larger delay in WATERMARK "
                                  "FOR waits for such rows, late = 'drop' leaves them out"};
  }

  const LateFilterSpec spec_;
  TimeWindow slice_;  // Around the last row judged; its windows' first and last end, plus lateness.
  EventTime first_end_;
  EventTime last_end_;
};

Column changes_of(const Batch& batch, const std::vector<RowIndex>& rows) {
  return batch.changes ? gather(*batch.changes, rows)
                       : repeat(Value{type_of(TypeKind::kSmallint), std::int64_t{1}},
                                static_cast<std::uint32_t>(rows.size()));
}

class LateRows final : public Operator {
 public:
  explicit LateRows(LateFilterSpec spec) : spec_(std::move(spec)) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (!batch.stamps) {
      return Progress::kDone;
    }
    const auto times = batch.event_time->values<std::int64_t>();
    const auto stamps = batch.stamps->values<std::int64_t>();
    std::vector<RowIndex> rows;
    ColumnBuilder starts(type_of(TypeKind::kTimestamp));
    ColumnBuilder ends(type_of(TypeKind::kTimestamp));
    ColumnBuilder late_by(type_of(TypeKind::kInterval));
    const auto add = [&](RowIndex row, EventTime limit) {
      rows.push_back(row);
      const std::int64_t micros = stamps[row] - limit.micros;
      late_by.append(Interval{.months = 0,
                              .days = static_cast<std::int32_t>(micros / kMicrosPerDay),
                              .nanos = micros % kMicrosPerDay * 1000});
    };
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      const EventTime time{times[row]};
      const EventTime stamp{stamps[row]};
      if (!spec_.windows) {
        if (const EventTime limit = later_by(time, spec_.lateness_micros); limit < stamp) {
          add(row, limit);
          starts.append_null();
          ends.append_null();
        }
        continue;
      }
      for (auto window = time < stamp ? missed_window(*spec_.windows, batch, row) : std::nullopt;
           window; window = missed_window(*spec_.windows, batch, row, window->end)) {
        add(row, later_by(window->end, spec_.windows->lateness_micros));
        starts.append(window->start.micros);
        ends.append(window->end.micros);
      }
    }
    if (!rows.empty()) {
      Batch late;
      late.length = static_cast<std::uint32_t>(rows.size());
      late.columns = gather(batch.columns, rows);
      late.columns.push_back(starts.finish());
      late.columns.push_back(ends.finish());
      late.columns.push_back(late_by.finish());
      if (spec_.shows_changes) {
        late.columns.push_back(changes_of(batch, rows));
      }
      out.emit(Port::kMain, std::move(late));
    }
    return Progress::kDone;
  }

 private:
  const LateFilterSpec spec_;
};

}  // namespace

std::unique_ptr<Operator> make_late_filter(LateFilterSpec spec) {
  return std::make_unique<LateFilter>(std::move(spec));
}

std::unique_ptr<Operator> make_late_rows(LateFilterSpec spec) {
  return std::make_unique<LateRows>(std::move(spec));
}

}  // namespace thalweg
