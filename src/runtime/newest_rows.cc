#include "runtime/newest_rows.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"

namespace thalweg {
namespace {

// The rows whose slices end later.
std::vector<RowIndex> rows_after(EventTime dropped_to, const Column& ends) {
  std::vector<RowIndex> rows;
  for (RowIndex row = 0; row < ends.length(); ++row) {
    if (ends.values<std::int64_t>()[row] > dropped_to.micros) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

NewestRows::NewestRows(const StateSchema& schema)
    : schema_(schema), told_(KeyIndex::make(schema.key_types())) {}

void NewestRows::find_new(std::span<const Column> columns, std::vector<RowIndex>& rows) {
  const std::uint32_t length = columns[0].length();
  std::uint32_t known = told_->size();
  ids_.resize(length);
  told_->find_or_insert(columns.first(schema_.key_columns), {.rows = {}, .all = true}, ids_);
  for (RowIndex row = 0; row < length; ++row) {
    if (ids_[row] == known) {
      rows.push_back(row);
      ++known;
    }
  }
}

void NewestRows::note(const StateChanges& changes) {
  if (changes.dropped_to) {
    dropped_to_ = std::max(dropped_to_.value_or(*changes.dropped_to), *changes.dropped_to);
  }
  std::vector<RowIndex> ignored;
  for (const std::vector<Column>* rows : {&changes.erased, &changes.puts}) {
    if (!rows->empty()) {
      find_new(*rows, ignored);
    }
  }
}

std::vector<Column> NewestRows::holding(std::vector<Column> puts) {
  if (dropped_to_) {
    const Column& ends = puts[schema_.partition_columns];
    if (const auto rows = rows_after(*dropped_to_, ends); rows.size() < ends.length()) {
      puts = gather(puts, rows);
    }
  }
  std::vector<RowIndex> rows;
  find_new(puts, rows);
  return rows.size() == puts[0].length() ? puts : gather(puts, rows);
}

}  // namespace thalweg
