#include "operators/window_tables.h"

#include <algorithm>
#include <utility>

namespace thalweg {
namespace {

// Tables kept for windows to come.
constexpr std::size_t kSpareMax = 4;

}  // namespace

Column repeat_time(EventTime time, std::uint32_t count) {
  auto buffer = Buffer::allocate(std::size_t{count} * sizeof(std::int64_t));
  std::fill_n(buffer->as<std::int64_t>(), count, time.micros);
  Column column(type_of(TypeKind::kTimestamp), count);
  column.set_values(std::move(buffer));
  return column;
}

void WindowTables::add(const AggregateColumns& columns, EventTime closed,
                       std::vector<RowIndex>& too_late) {
  if (columns.count == 0) {
    return;  // No row, no window.
  }
  const TimeWindow window = grid_.window_of(columns.batch.time_min);
  if (window.contains(columns.batch.time_max) && window.end > closed) {
    add_to(window.start.micros, columns, columns.all_rows(), columns.count);
    return;
  }
  const auto times = columns.batch.event_time->values<std::int64_t>();
  add_split(columns, closed, too_late,
            [&](RowIndex row) { return grid_.window_of(EventTime{times[row]}).start.micros; });
}

void WindowTables::add_by_start(const AggregateColumns& columns, const Column& starts,
                                EventTime closed, std::vector<RowIndex>& too_late) {
  const auto values = starts.values<std::int64_t>();
  add_split(columns, closed, too_late, [&](RowIndex row) { return values[row]; });
}

template <typename StartAt>
void WindowTables::add_split(const AggregateColumns& columns, EventTime closed,
                             std::vector<RowIndex>& too_late, StartAt start_at) {
  std::map<std::int64_t, std::vector<RowIndex>> rows_of;
  const KeyIndex::Rows rows = columns.all_rows();
  std::vector<RowIndex>* current = nullptr;
  std::int64_t current_start = 0;
  for (std::uint32_t i = 0; i < columns.count; ++i) {
    const RowIndex row = rows[i];
    const std::int64_t start = start_at(row);
    if (current == nullptr || start != current_start) {
      current = &rows_of[start];
      current_start = start;
    }
    current->push_back(row);
  }
  for (const auto& [start, window_rows] : rows_of) {
    if (grid_.from_start(start).end <= closed) {
      too_late.insert(too_late.end(), window_rows.begin(), window_rows.end());
    } else {
      add_to(start, columns, {.rows = window_rows}, static_cast<std::uint32_t>(window_rows.size()));
    }
  }
  std::sort(too_late.begin(), too_late.end());
}

void WindowTables::add_to(std::int64_t start, const AggregateColumns& columns, KeyIndex::Rows rows,
                          std::uint32_t count) {
  std::unique_ptr<GroupTable>& table = open_[start];
  if (table == nullptr) {
    if (spare_.empty()) {
      table = std::make_unique<GroupTable>(spec_);
    } else {
      table = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  const std::uint32_t before = table->size();
  table->add(columns, rows, count);
  groups_ += table->size() - before;
}

void WindowTables::drop_first() {
  std::unique_ptr<GroupTable> table = std::move(open_.begin()->second);
  open_.erase(open_.begin());
  groups_ -= table->size();
  if (spare_.size() < kSpareMax) {
    table->clear();
    spare_.push_back(std::move(table));
  }
}

}  // namespace thalweg
