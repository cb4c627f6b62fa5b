#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "operators/group_state.h"
#include "operators/group_table.h"
#include "operators/pane.h"
#include "operators/window_input.h"
#include "state/group_set.h"

namespace thalweg {

// Groups that one batch of results holds at most.
inline constexpr std::uint32_t kResultRows = 4096;

// What panes are.
enum class PanesAre : std::uint8_t {
  kWindows,  // A row is added to each of its windows.
  kSlices,  // Pieces that windows consist of: a row is added to one, however many windows it is in.
};

// Whether an aggregate over such rows can be computed from slices.
PanesAre panes_of(const AggregationSpec& spec, const WindowInput& input);

// The open panes of a windowed aggregate: a table of groups each, in order of time. The table of a
// pane that is done with is kept for the next one.
class WindowTables final : public TablesOfGroups {
 public:
  using PaneTables = std::map<Pane, std::unique_ptr<GroupTable>>;

  // Borrows `spec`, which outlives the tables.
  WindowTables(const AggregationSpec& spec, WindowInput input);

  // Adds the rows, or partial results of panes, each to the panes of those of its windows that are
  // not closed: `watermark` and its stamp, if it has one, are before their end plus lateness. Rows
  // without such a window are appended to `too_late`, unless they are in no window at all.
  void add(const AggregateColumns& columns, EventTime watermark, std::vector<RowIndex>& too_late);

  // The same, rejecting those rows (RowError::kLateAfterIdle).
  void add_or_reject(const AggregateColumns& columns, EventTime watermark, Emitter& out);

  // The same for rows whose only window ends at a time that `end_of(row)` tells. `closed`: the last
  // end of a closed window.
  template <typename EndOf>
  void add_by_end(const AggregateColumns& columns, EventTime closed, EndOf end_of,
                  std::vector<RowIndex>& too_late);

  // From now on lists which groups of which panes change.
  void list_changes() { lists_changes_ = true; }
  // Those of the rows added since it was last asked that take back what was not there, each once.
  std::vector<RowIndex> take_missing();

  // By pane, what has changed since it was taken from here.
  std::map<Pane, GroupSet>& changed() { return changed_; }
  // Lists all groups of a pane.
  void list_all(const Pane& pane);

  bool empty() const { return tables_.empty(); }
  TimeWindow first() const { return bounds_of(tables_.begin()->first); }
  Pane first_pane() const { return tables_.begin()->first; }
  GroupTable& first_table() { return *tables_.begin()->second; }
  void drop_first();

  const PaneTables& tables() const { return tables_; }
  // A table that is taken counts as there until its pane is dropped.
  std::unique_ptr<GroupTable> take(PaneTables::const_iterator pane);
  void recycle(std::unique_ptr<GroupTable> table);
  // The panes that end by then are gone, also those of tables that were taken.
  void note_dropped(EventTime end) { dropped_to_ = std::max(dropped_to_, end); }

  // For a restart.
  void append_tables(std::vector<Table>& tables) override;
  GroupTable& table_of(const Pane& pane) override;
  void note_changes() override;
  EventTime dropped_to() const override { return dropped_to_; }
  void drop_to(EventTime end) override;
  PaneColumns pane_columns() const {
    return are_slices() ? PaneColumns::kEndAndCountsFrom : PaneColumns::kEnd;
  }
  // When all tables are back.
  void restored();

  TimeWindow bounds_of(const Pane& pane) const;
  bool are_slices() const { return panes_are_ == PanesAre::kSlices; }
  // The end of the last window that is closed when the watermark is at `watermark`.
  EventTime closed_at(EventTime watermark) const;

  std::uint32_t groups() const { return groups_; }
  std::size_t memory_bytes() const;

 private:
  using RowsOf = std::map<Pane, std::vector<RowIndex>>;

  void add_by_time(const AggregateColumns& columns, EventTime closed,
                   std::vector<RowIndex>& too_late);
  void add_by_pane(const AggregateColumns& columns, EventTime closed,
                   std::vector<RowIndex>& too_late);
  bool add_whole(const AggregateColumns& columns, EventTime closed);
  bool all_count(const TimeWindow& slice, EventTime closed) const;
  void add_halves(const AggregateColumns& columns, EventTime middle, EventTime end);
  void add_rows(const AggregateColumns& columns, const RowsOf& rows_of);
  void add_to(const Pane& pane, const AggregateColumns& columns, KeyIndex::Rows rows,
              std::uint32_t count);
  std::unique_ptr<GroupTable> make_table();
  void note_missing(const std::vector<RowIndex>& rows);

  const AggregationSpec& spec_;
  const WindowInput input_;
  const WindowGrid& grid_ = input_.grid;
  const PanesAre panes_are_;
  PaneTables tables_;
  std::vector<std::unique_ptr<GroupTable>> spare_;
  bool lists_changes_ = false;
  std::map<Pane, GroupSet> changed_;
  bool notes_changes_ = false;
  std::vector<Table> taken_;  // Those with changes of this epoch.
  EventTime dropped_to_ = kStartOfTime;
  std::uint32_t groups_ = 0;
  std::vector<RowIndex> missing_;
  std::vector<RowIndex> first_half_, second_half_;  // Of the batch being added.
};

// `count` times the same timestamp.
Column repeat_time(EventTime time, std::uint32_t count);

template <typename EndOf>
void WindowTables::add_by_end(const AggregateColumns& columns, EventTime closed, EndOf end_of,
                              std::vector<RowIndex>& too_late) {
  RowsOf rows_of;
  const KeyIndex::Rows rows = columns.all_rows();
  std::vector<RowIndex>* current = nullptr;
  EventTime current_end;
  for (std::uint32_t i = 0; i < columns.count; ++i) {
    const RowIndex row = rows[i];
    const EventTime end = end_of(row);
    if (end <= closed) {
      too_late.push_back(row);
      continue;
    }
    if (current == nullptr || end != current_end) {
      current = &rows_of[Pane{end}];
      current_end = end;
    }
    current->push_back(row);
  }
  add_rows(columns, rows_of);
}

}  // namespace thalweg
