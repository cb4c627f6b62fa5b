#include "operators/window_tables.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace thalweg {
namespace {

// Tables kept for panes to come.
constexpr std::size_t kSpareMax = 4;

}  // namespace

Column repeat_time(EventTime time, std::uint32_t count) {
  auto buffer = Buffer::allocate(std::size_t{count} * sizeof(std::int64_t));
  std::fill_n(buffer->as<std::int64_t>(), count, time.micros);
  Column column(type_of(TypeKind::kTimestamp), count);
  column.set_values(std::move(buffer));
  return column;
}

PanesAre panes_of(const AggregationSpec& spec, const WindowInput& input) {
  const bool slices = input.by == WindowsBy::kTime && !input.grid.tumbles() &&
                      !input.needs_whole_windows && !spec.updating_input &&
                      std::all_of(spec.aggregates.begin(), spec.aggregates.end(),
                                  [](const AggregateCall& call) { return can_combine(call); });
  return slices ? PanesAre::kSlices : PanesAre::kWindows;
}

WindowTables::WindowTables(const AggregationSpec& spec, WindowInput input)
    : spec_(spec), input_(std::move(input)), panes_are_(panes_of(spec, input_)) {}

EventTime WindowTables::closed_at(EventTime watermark) const {
  return passed_at(watermark, input_.lateness_micros);
}

TimeWindow WindowTables::bounds_of(const Pane& pane) const {
  return panes_are_ == PanesAre::kSlices ? grid_.slice_of({pane.end.micros - 1})
                                         : grid_.ending_at(pane.end);
}

void WindowTables::add(const AggregateColumns& columns, EventTime watermark,
                       std::vector<RowIndex>& too_late) {
  const EventTime closed = closed_at(watermark);
  if (spec_.input == AggregateInput::kPartials) {
    add_by_pane(columns, closed, too_late);
  } else if (input_.by == WindowsBy::kTime) {
    add_by_time(columns, closed, too_late);
  } else {
    const bool by_column = input_.by == WindowsBy::kColumn;
    const Column& column =
        by_column ? columns.batch.columns[input_.column] : *columns.batch.event_time;
    const auto values = column.values<std::int64_t>();
    const std::int64_t micros_to_end = by_column ? input_.micros_to_end : 1;
    add_by_end(
        columns, closed, [&](RowIndex row) { return EventTime{values[row] + micros_to_end}; },
        too_late);
  }
}

void WindowTables::add_or_reject(const AggregateColumns& columns, EventTime watermark,
                                 Emitter& out) {
  std::vector<RowIndex> too_late;
  add(columns, watermark, too_late);
  if (!too_late.empty()) {
    out.reject(columns.batch, too_late, RowError::kLateAfterIdle);
  }
  if (const std::vector<RowIndex> missing = take_missing(); !missing.empty()) {
    out.reject(columns.batch, missing, RowError::kNotThere);
  }
}

void WindowTables::add_by_time(const AggregateColumns& columns, EventTime closed,
                               std::vector<RowIndex>& too_late) {
  if (columns.count == 0 || add_whole(columns, closed)) {
    return;  // No row, no window.
  }
  const auto times = columns.batch.event_time->values<std::int64_t>();
  if (grid_.tumbles()) {
    TimeWindow window;
    const auto end_of = [&](RowIndex row) {
      if (!window.contains({times[row]})) {
        window = grid_.window_of({times[row]});
      }
      return window.end;
    };
    add_by_end(columns, closed, end_of, too_late);
    return;
  }
  const std::int64_t* const stamps =
      columns.batch.stamps ? columns.batch.stamps->values<std::int64_t>().data() : nullptr;
  RowsOf rows_of;
  const KeyIndex::Rows rows = columns.all_rows();
  TimeWindow slice;
  std::optional<TimeWindow> earliest;  // Of the slice's windows.
  std::vector<RowIndex>* current = nullptr;
  for (std::uint32_t i = 0; i < columns.count; ++i) {
    const RowIndex row = rows[i];
    const EventTime time{times[row]};
    if (!slice.contains(time)) {
      slice = grid_.slice_of(time);
      earliest = grid_.first_window(time);
      current = nullptr;
    }
    if (!earliest) {
      continue;
    }
    const EventTime missed =
        stamps == nullptr ? closed : std::max(closed, closed_at(EventTime{stamps[row]}));
    if (panes_are_ == PanesAre::kSlices && earliest->end > missed) {
      if (current == nullptr) {
        current = &rows_of[Pane{slice.end}];
      }
      current->push_back(row);
      continue;
    }
    std::optional<TimeWindow> window = grid_.first_window(time, missed);
    if (!window) {
      too_late.push_back(row);
    } else if (panes_are_ == PanesAre::kSlices) {
      rows_of[Pane{slice.end, window->end}].push_back(row);
    } else {
      for (; window; window = grid_.first_window(time, window->end)) {
        rows_of[Pane{window->end}].push_back(row);
      }
    }
  }
  add_rows(columns, rows_of);
}

// Adds all rows at once where they are in one pane, or in two that follow each other, as those of
// rows out of order mostly are.
bool WindowTables::add_whole(const AggregateColumns& columns, EventTime closed) {
  if (!grid_.tumbles() && (panes_are_ == PanesAre::kWindows || columns.batch.stamps)) {
    return false;
  }
  const TimeWindow first = grid_.slice_of(columns.batch.time_min);
  if (!all_count(first, closed)) {
    return false;
  }
  if (first.contains(columns.batch.time_max)) {
    add_to(Pane{first.end}, columns, columns.all_rows(), columns.count);
    return true;
  }
  const TimeWindow second = grid_.slice_of(columns.batch.time_max);
  if (second.start != first.end || !all_count(second, closed)) {
    return false;
  }
  add_halves(columns, first.end, second.end);
  return true;
}

// Whether rows of this slice are in windows, none of which is closed.
bool WindowTables::all_count(const TimeWindow& slice, EventTime closed) const {
  const std::optional<TimeWindow> window = grid_.first_window(slice.start);
  return window && window->end > closed;
}

// Which half a row is in cannot be foreseen, so that no branch asks.
void WindowTables::add_halves(const AggregateColumns& columns, EventTime middle, EventTime end) {
  const auto times = columns.batch.event_time->values<std::int64_t>();
  const KeyIndex::Rows rows = columns.all_rows();
  first_half_.resize(columns.count);
  second_half_.resize(columns.count);
  std::uint32_t firsts = 0;
  for (std::uint32_t i = 0; i < columns.count; ++i) {
    const RowIndex row = rows[i];
    first_half_[firsts] = row;
    second_half_[i - firsts] = row;
    firsts += times[row] < middle.micros ? 1 : 0;
  }
  const std::span<const RowIndex> halves[] = {{first_half_.data(), firsts},
                                              {second_half_.data(), columns.count - firsts}};
  const EventTime ends[] = {middle, end};
  for (std::size_t half = 0; half < 2; ++half) {
    if (!halves[half].empty()) {
      add_to(Pane{ends[half]}, columns, {.rows = halves[half]},
             static_cast<std::uint32_t>(halves[half].size()));
    }
  }
}

void WindowTables::add_by_pane(const AggregateColumns& columns, EventTime closed,
                               std::vector<RowIndex>& too_late) {
  const std::vector<Column>& received = columns.batch.columns;
  const auto pane_ends = received[received.size() - (are_slices() ? 2 : 1)].values<std::int64_t>();
  if (panes_are_ == PanesAre::kWindows) {
    add_by_end(columns, closed, [&](RowIndex row) { return EventTime{pane_ends[row]}; }, too_late);
    return;
  }
  const auto labels = received.back().values<std::int64_t>();
  RowsOf rows_of;
  const KeyIndex::Rows rows = columns.all_rows();
  for (std::uint32_t i = 0; i < columns.count; ++i) {
    const RowIndex row = rows[i];
    const EventTime last{pane_ends[row] - 1};
    // The label names a window that counts the row: those that end before it do not.
    const EventTime missed = std::max(
        closed, labels[row] == kStartOfTime.micros ? kStartOfTime : EventTime{labels[row] - 1});
    const std::optional<TimeWindow> window = grid_.first_window(last, missed);
    if (!window) {
      too_late.push_back(row);
      continue;
    }
    const bool whole = window->end == grid_.first_window(last)->end;
    rows_of[Pane{{pane_ends[row]}, whole ? kStartOfTime : window->end}].push_back(row);
  }
  add_rows(columns, rows_of);
}

void WindowTables::add_rows(const AggregateColumns& columns, const RowsOf& rows_of) {
  for (const auto& [pane, rows] : rows_of) {
    add_to(pane, columns, {.rows = rows}, static_cast<std::uint32_t>(rows.size()));
  }
}

void WindowTables::add_to(const Pane& pane, const AggregateColumns& columns, KeyIndex::Rows rows,
                          std::uint32_t count) {
  GroupTable& table = table_of(pane);
  const std::uint32_t before = table.size();
  if (lists_changes_) {
    const std::span<const GroupId> ids = table.find_groups(columns, rows, count);
    changed_[pane].add(ids);
    note_missing(table.update(columns, rows, ids));
  } else {
    note_missing(table.add(columns, rows, count));
  }
  groups_ += table.size() - before;
}

GroupTable& WindowTables::table_of(const Pane& pane) {
  std::unique_ptr<GroupTable>& table = tables_[pane];
  if (table == nullptr) {
    table = make_table();
  }
  return *table;
}

std::unique_ptr<GroupTable> WindowTables::make_table() {
  std::unique_ptr<GroupTable> table;
  if (spare_.empty()) {
    table = std::make_unique<GroupTable>(spec_);
  } else {
    table = std::move(spare_.back());
    spare_.pop_back();
  }
  if (notes_changes_) {
    table->note_changes();
  }
  return table;
}

void WindowTables::list_all(const Pane& pane) {
  std::vector<GroupId> ids(tables_.at(pane)->size());
  std::iota(ids.begin(), ids.end(), GroupId{0});
  changed_[pane].add(ids);
}

void WindowTables::drop_first() {
  note_dropped(first_pane().end);
  recycle(take(tables_.begin()));
}

void WindowTables::note_missing(const std::vector<RowIndex>& rows) {
  missing_.insert(missing_.end(), rows.begin(), rows.end());
}

std::vector<RowIndex> WindowTables::take_missing() {
  std::vector<RowIndex> rows = std::exchange(missing_, {});
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

std::unique_ptr<GroupTable> WindowTables::take(PaneTables::const_iterator pane) {
  const Pane bounds = pane->first;
  std::unique_ptr<GroupTable> table = std::move(tables_.extract(pane).mapped());
  groups_ -= table->size();
  if (!table->changed_groups().empty()) {
    taken_.push_back({.pane = bounds, .groups = table.get()});
  }
  return table;
}

void WindowTables::recycle(std::unique_ptr<GroupTable> table) {
  std::erase_if(taken_, [&](const Table& taken) { return taken.groups == table.get(); });
  table->save_changes();
  if (spare_.size() < kSpareMax) {
    table->clear();
    spare_.push_back(std::move(table));
  }
}

// The groups of one slice change no more once it has been taken, so that it is listed once.
void WindowTables::append_tables(std::vector<Table>& tables) {
  std::erase_if(taken_, [](const Table& taken) { return taken.groups->changed_groups().empty(); });
  tables.insert(tables.end(), taken_.begin(), taken_.end());
  for (const auto& [pane, table] : tables_) {
    tables.push_back({.pane = pane, .groups = table.get()});
  }
}

void WindowTables::note_changes() {
  notes_changes_ = true;
  for (const auto& [pane, table] : tables_) {
    table->note_changes();
  }
}

void WindowTables::drop_to(EventTime end) {
  while (!tables_.empty() && first_pane().end <= end) {
    drop_first();
  }
}

std::size_t WindowTables::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [pane, table] : tables_) {
    bytes += table->memory_bytes();
  }
  for (const auto& table : spare_) {
    bytes += table->memory_bytes();
  }
  return bytes;
}

void WindowTables::restored() {
  groups_ = 0;
  for (const auto& [pane, table] : tables_) {
    groups_ += table->size();
  }
}

}  // namespace thalweg
