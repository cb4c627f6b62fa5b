#pragma once

#include <map>
#include <memory>
#include <vector>

#include "operators/group_table.h"
#include "operators/window_grid.h"

namespace thalweg {

// Groups that one batch of results holds at most.
inline constexpr std::uint32_t kResultRows = 4096;

// The open windows of an aggregate: a table each, in order of time. Closing a window drops its
// table, which is kept for the next window.
class WindowTables {
 public:
  // Borrows `spec`, which outlives the tables.
  WindowTables(const AggregationSpec& spec, WindowGrid grid) : spec_(spec), grid_(grid) {}

  // Adds the rows, each to its window by event time. Rows for windows that end at or before
  // `closed` are appended to `too_late` instead.
  void add(const AggregateColumns& columns, EventTime closed, std::vector<RowIndex>& too_late);
  // The same for rows whose window starts stand in a column.
  void add_by_start(const AggregateColumns& columns, const Column& starts, EventTime closed,
                    std::vector<RowIndex>& too_late);

  bool empty() const { return open_.empty(); }
  TimeWindow first() const { return grid_.from_start(open_.begin()->first); }
  GroupTable& first_table() { return *open_.begin()->second; }
  void drop_first();

  std::uint32_t groups() const { return groups_; }

 private:
  template <typename StartAt>
  void add_split(const AggregateColumns& columns, EventTime closed, std::vector<RowIndex>& too_late,
                 StartAt start_at);
  void add_to(std::int64_t start, const AggregateColumns& columns, KeyIndex::Rows rows,
              std::uint32_t count);

  const AggregationSpec& spec_;
  const WindowGrid grid_;
  std::map<std::int64_t, std::unique_ptr<GroupTable>> open_;  // By window start.
  std::vector<std::unique_ptr<GroupTable>> spare_;
  std::uint32_t groups_ = 0;
};

// `count` times the same timestamp.
Column repeat_time(EventTime time, std::uint32_t count);

}  // namespace thalweg
