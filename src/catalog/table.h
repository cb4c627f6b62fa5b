#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "columnar/batch.h"
#include "expr/expr.h"

namespace thalweg {

enum class OnError : std::uint8_t { kSkip, kFail };

// What becomes of rows that come too late for their window. Always counted.
enum class OnLate : std::uint8_t {
  kDrop,    // Left out, unless LATE(view) is read.
  kOutput,  // What is written from such windows is refused where LATE(view) is not read beside it.
  kFail,    // The first one stops the job.
};

// How a source's event time and watermark follow from its rows.
struct Watermark {
  std::uint32_t column = 0;  // The TIMESTAMP or TIMESTAMPTZ column, by number.
  // The watermark is the largest `bound` over the rows so far. `bound` is over the table's columns;
  // where it is the column minus a constant, `delay_micros` says so and `bound` is not evaluated.
  ExprPtr bound;
  std::optional<std::int64_t> delay_micros;
};

// What a source does about partitions that fall silent, run ahead or bring times that cannot be.
// All in microseconds; zero: it does not.
struct TimePolicy {
  std::int64_t idle_timeout = 0;     // A partition silent for so long holds nobody back.
  bool advance_when_idle = false;    // All silent: the watermark follows the wall clock.
  std::int64_t max_future_skew = 0;  // Rows so far beyond the wall clock are rejected.
  std::int64_t max_drift = 0;        // How far a partition may run ahead of the others.
};

// What a table's rows say of those before them.
enum class ChangeMode : std::uint8_t {
  kAppend,     // Nothing: rows are only ever added.
  kChangelog,  // Each comes or goes.
  kUpsert,     // Each stands for its key from now on, or says that the key is gone.
};

struct TableColumn {
  Field field;
  bool not_null = false;
  // Computed from the columns before it; such a column is not read from the source.
  ExprPtr computed;      // Over the table's columns, by number; nullptr for a physical column.
  std::string metadata;  // METADATA FROM 'key': the connector's name for it; empty: none.
  bool is_written_beside = false;  // Such a one whose values a sink writes, beside the row.
};

// Rows that INSERT put into a table without WITH, in order of insertion. Shared by the statements
// of a session; a statement that reads sees what earlier statements wrote.
struct MemoryRows {
  std::vector<Batch> batches;
};

enum class TableKind : std::uint8_t { kTable, kSource, kSink };

// A table, source or sink as declared. Immutable once bound.
struct Table {
  std::string name;  // As declared.
  TableKind kind = TableKind::kTable;
  std::vector<TableColumn> columns;
  std::vector<std::uint32_t> primary_key;
  std::optional<Watermark> watermark;
  std::string connector;           // "file"; "memory" for a table without WITH.
  std::string format;              // Empty where the connector takes none.
  bool writes_event_time = false;  // As a sink: beside the columns.
  Options options;                 // Checked, defaults filled in: the connector's and the format's.
  OnError on_error = OnError::kSkip;
  ChangeMode mode = ChangeMode::kAppend;
  // As it is read: a row that goes may have but its primary key, whose columns are all physical;
  // what goes is the row that came last with that key, as does one whose key comes again.
  bool takes_back_by_key = false;
  OnLate on_late = OnLate::kDrop;
  TimePolicy time_policy;
  bool bounded = true;
  std::shared_ptr<MemoryRows> memory;  // Connector "memory" only.

  Schema schema() const;
};
using TablePtr = std::shared_ptr<const Table>;

}  // namespace thalweg
