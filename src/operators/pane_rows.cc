#include "operators/pane_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "operators/fixed_column.h"

namespace thalweg {
namespace {

std::size_t count_of(PaneColumns panes) {
  return panes == PaneColumns::kNone ? 0 : panes == PaneColumns::kEnd ? 1 : 2;
}

StateSchema schema_of(const std::string& name, const Schema& keys, PaneColumns panes,
                      const Schema& other_keys, const Schema& values) {
  StateSchema schema{.name = name, .columns = keys};
  schema.partition_columns = static_cast<std::uint32_t>(keys.size());
  const Type timestamp = type_of(TypeKind::kTimestamp);
  if (panes != PaneColumns::kNone) {
    schema.columns.push_back({"pane end", timestamp});
  }
  if (panes == PaneColumns::kEndAndCountsFrom) {
    schema.columns.push_back({"counts from", timestamp});
  }
  schema.columns.insert(schema.columns.end(), other_keys.begin(), other_keys.end());
  schema.key_columns = static_cast<std::uint32_t>(schema.columns.size());
  schema.columns.insert(schema.columns.end(), values.begin(), values.end());
  return schema;
}

Column times(EventTime time, std::size_t count) {
  return fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), count,
                                    [time](std::size_t) { return time.micros; });
}

}  // namespace

PaneRows::PaneRows(const Columns& columns)
    : ChangedRowsTable(
          schema_of(columns.name, columns.keys, columns.panes, columns.other_keys, columns.values)),
      panes_(columns.panes) {}

void PaneRows::append_pane(const Pane& pane, std::size_t count,
                           std::vector<Column>& columns) const {
  if (panes_ != PaneColumns::kNone) {
    columns.push_back(times(pane.end, count));
  }
  if (panes_ == PaneColumns::kEndAndCountsFrom) {
    columns.push_back(times(pane.counts_from, count));
  }
}

Status PaneRows::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    drop_to(*changes.dropped_to);
  }
  TW_TRY(for_each_pane(changes.erased, [this](const Rows& rows) { return erase(rows); }));
  return for_each_pane(changes.puts, [this](const Rows& rows) { return put(rows); });
}

std::map<Pane, std::vector<RowIndex>> PaneRows::rows_by_pane(
    std::span<const Column> columns) const {
  std::map<Pane, std::vector<RowIndex>> rows_of;
  const std::uint32_t length = columns[0].length();
  if (panes_ == PaneColumns::kNone) {
    std::vector<RowIndex>& rows = rows_of[Pane{}];
    rows.resize(length);
    std::iota(rows.begin(), rows.end(), RowIndex{0});
    return rows_of;
  }
  const std::size_t first = schema().partition_columns;
  const auto ends = columns[first].values<std::int64_t>();
  Pane current;
  std::vector<RowIndex>* rows = nullptr;
  for (RowIndex row = 0; row < length; ++row) {
    Pane pane{.end = {ends[row]}};
    if (panes_ == PaneColumns::kEndAndCountsFrom) {
      pane.counts_from = {columns[first + 1].values<std::int64_t>()[row]};
    }
    if (rows == nullptr || pane != current) {
      rows = &rows_of[pane];
      current = pane;
    }
    rows->push_back(row);
  }
  return rows_of;
}

template <typename Use>
Status PaneRows::for_each_pane(std::span<const Column> columns, Use use) const {
  if (columns.empty()) {
    return {};
  }
  const std::size_t keys = schema().partition_columns;
  for (const auto& [pane, rows] : rows_by_pane(columns)) {
    TW_TRY(use(Rows{.pane = pane,
                    .keys = columns.first(keys),
                    .others = columns.subspan(keys + count_of(panes_)),
                    .rows = rows}));
  }
  return {};
}

}  // namespace thalweg
