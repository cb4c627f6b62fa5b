#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/event_time.h"
#include "columnar/column.h"

namespace thalweg {

// Which rows of the columns a batch consists of, ascending. Shared: never changed once made.
using Selection = std::shared_ptr<const std::vector<RowIndex>>;

// Rows on their way between operators: columns of equal length, and what the engine knows of
// each row beside them. With a selection, only the selected rows exist; kernels may compute over
// the others too, but nothing they yield counts.
//
// A plain value: moving it moves the columns, copying it shares their buffers.
struct Batch {
  std::vector<Column> columns;

  // Rows of every column, selected or not.
  std::uint32_t length = 0;

  // Absent: all rows.
  Selection selection;

  // Microseconds; no nulls. Present where the stream has event time.
  std::optional<Column> event_time;

  // Bounds of event_time over the batch's rows; may be wider than the rows still selected.
  EventTime time_min = kEndOfTime;
  EventTime time_max = kStartOfTime;

  // Int64 microseconds: the watermark of each row's own partition just before that row. Absent when
  // no row of the batch is older than its stamp, hence none can be late anywhere.
  std::optional<Column> stamps;

  // SMALLINT +1 or -1. Absent in streams that never retract.
  std::optional<Column> changes;

  // Where each row came from, present only in plans whose results depend on it: INT, the number of
  // the partition in its source, and BIGINT, its place there (byte or record offset).
  std::optional<Column> partition;
  std::optional<Column> position;

  // Rows that exist.
  std::uint32_t num_rows() const {
    return selection ? static_cast<std::uint32_t>(selection->size()) : length;
  }
  bool empty() const { return num_rows() == 0; }

  // The column's row number of this batch's i-th row.
  RowIndex row(std::uint32_t i) const { return selection ? (*selection)[i] : i; }

  // The same rows without a selection: gathers every column where there is one.
  Batch compacted() &&;

  // Only these rows of the columns (numbers of column rows, not of selected rows; they must be
  // among the selected). Copies nothing but the numbers.
  Batch select(std::vector<RowIndex> rows) &&;

  // Rows [begin, begin + count) of the existing rows.
  Batch slice(std::uint32_t begin, std::uint32_t count) const;

  std::size_t memory_bytes() const;
};

// Sets event_time and its bounds.
void set_event_time(Batch& batch, Column event_time);

// The named rows of a batch, in that order, each as often as it is named.
Batch gather(const Batch& batch, RowSpan rows);

// All rows of `batches`, which have the same columns, in one. Requires: not empty.
Batch concat(const std::vector<Batch>& batches);

}  // namespace thalweg
