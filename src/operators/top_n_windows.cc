#include "operators/top_n_windows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "columnar/kernels.h"
#include "columnar/value.h"
#include "state/row_pieces.h"
#include "state/whole_rows.h"

namespace thalweg {
namespace {

// That of one window's table, and the window's end.
StateSchema schema_of(const TopNSpec& spec) {
  StateSchema schema = make_top_n_table(spec)->state().schema();
  schema.columns.insert(schema.columns.begin() + schema.partition_columns,
                        {.name = "window end", .type = type_of(TypeKind::kTimestamp)});
  ++schema.key_columns;
  return schema;
}

}  // namespace

TopNWindows::TopNWindows(const TopNSpec& spec) : spec_(spec), schema_(schema_of(spec)) {}

TopNTable& TopNWindows::at(EventTime end) {
  std::unique_ptr<TopNTable>& table = open_[end];
  if (table == nullptr && !spare_.empty()) {
    table = std::move(spare_.back());
    spare_.pop_back();
  } else if (table == nullptr) {
    table = make_top_n_table(spec_);
    if (notes_) {
      table->state().note_changes();
    }
  }
  return *table;
}

void TopNWindows::close_first() {
  const auto first = open_.begin();
  closed_to_ = first->first;
  first->second->clear();
  spare_.push_back(std::move(first->second));
  open_.erase(first);
}

std::uint64_t TopNWindows::rows() const {
  std::uint64_t rows = 0;
  for (const auto& [end, table] : open_) {
    rows += table->size();
  }
  return rows;
}

std::size_t TopNWindows::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [end, table] : open_) {
    bytes += table->memory_bytes();
  }
  for (const auto& table : spare_) {
    bytes += table->memory_bytes();
  }
  return bytes;
}

void TopNWindows::note_changes() {
  notes_ = true;
  for (const auto& [end, table] : open_) {
    table->state().note_changes();
  }
}

void TopNWindows::restored() {
  for (const auto& [end, table] : open_) {
    table->restored();
  }
}

bool TopNWindows::next_changes(std::uint32_t rows_max, StateChanges& out) {
  out = {};
  out.dropped_to = std::exchange(closed_to_, std::nullopt);
  RowPieces erased;
  RowPieces puts;
  const auto add = [this](std::vector<Column> rows, EventTime end, RowPieces& pieces) {
    if (!rows.empty()) {
      const Value value{.type = type_of(TypeKind::kTimestamp), .data = end.micros};
      rows.insert(rows.begin() + schema_.partition_columns, repeat(value, rows[0].length()));
      pieces.add(std::move(rows));
    }
  };
  auto window = open_.lower_bound(next_end_);
  for (std::uint32_t room = rows_max; room > 0 && window != open_.end();) {
    StateChanges part;
    if (!window->second->state().next_changes(room, part)) {
      ++window;
      continue;
    }
    room -= std::min(room, part.erased_rows() + part.put_rows());
    add(std::move(part.erased), window->first, erased);
    add(std::move(part.puts), window->first, puts);
  }
  next_end_ = window == open_.end() ? kEndOfTime : window->first;
  out.erased = erased.take(UINT32_MAX);
  out.puts = puts.take(UINT32_MAX);
  if (out.empty()) {
    next_end_ = kStartOfTime;
  }
  return !out.empty();
}

std::map<EventTime, std::vector<RowIndex>> TopNWindows::rows_by_end(const Column& ends) const {
  std::map<EventTime, std::vector<RowIndex>> rows;
  const auto values = ends.values<std::int64_t>();
  for (RowIndex row = 0; row < ends.length(); ++row) {
    rows[EventTime{values[row]}].push_back(row);
  }
  return rows;
}

Status TopNWindows::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    open_.erase(open_.begin(), open_.upper_bound(*changes.dropped_to));
  }
  const auto pass_on = [&](const std::vector<Column>& columns,
                           std::vector<Column> StateChanges::* rows) -> Status {
    if (columns.empty()) {
      return {};
    }
    const std::size_t end_column = schema_.partition_columns;
    if (columns[end_column].may_have_nulls()) {
      return wrong_rows(schema_, "a row is of no window");
    }
    for (const auto& [end, numbers] : rows_by_end(columns[end_column])) {
      StateChanges part;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i != end_column) {
          (part.*rows).push_back(gather(columns[i], numbers));
        }
      }
      TW_TRY(at(end).state().apply(part));
    }
    return {};
  };
  TW_TRY(pass_on(changes.erased, &StateChanges::erased));
  return pass_on(changes.puts, &StateChanges::puts);
}

}  // namespace thalweg
