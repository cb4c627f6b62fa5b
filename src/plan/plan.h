#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/table.h"
#include "columnar/kernels.h"
#include "columnar/keyed_function.h"
#include "columnar/match_function.h"
#include "columnar/row_function.h"
#include "columnar/row_key.h"
#include "expr/aggregate.h"
#include "expr/expr.h"
#include "expr/join_kind.h"
#include "expr/over.h"
#include "expr/ranking.h"
#include "expr/row_pattern.h"

namespace thalweg::plan {

enum class WindowKind : std::uint8_t { kTumble, kHop, kCumulate };

// Windows by the calendar of a time zone, in months, days and time; `operators/calendar_grid.h`
// says which they are.
struct CalendarWindow {
  Interval size;
  Interval step;  // HOP's slide, CUMULATE's step.
  Interval offset;
  std::string zone;
  friend bool operator==(const CalendarWindow&, const CalendarWindow&) = default;
};

// The windows of a window function, in microseconds since 1970. `operators/window_grid.h` says
// which they are.
struct Window {
  WindowKind kind = WindowKind::kTumble;
  std::int64_t size_micros = 0;
  std::int64_t step_micros = 0;  // HOP's slide, CUMULATE's step.
  std::int64_t offset_micros = 0;
  std::optional<CalendarWindow> calendar = {};  // In place of those above, which are zero then.

  bool are_equally_long() const { return kind != WindowKind::kCumulate && !calendar; }
  friend bool operator==(const Window&, const Window&) = default;
};

// Output columns that hold the bounds of each row's window.
struct WindowColumns {
  Window window;  // The one that holds the row's event time.
  // The columns hold the bounds of `window` plus this: not zero where a window was taken over a
  // column at a known distance from event time.
  std::int64_t shift_micros = 0;
  std::optional<std::uint32_t> start;
  std::optional<std::uint32_t> end;
  std::optional<std::uint32_t> time;
  // The row is the window's result, so that its event time is the window's last microsecond.
  bool is_result = false;
  // The bounds follow from the rows, as those of sessions do: `window` says nothing of them.
  bool varies = false;
};

// What a plan knows of a relation's time: which columns hold it, or stand at a known distance.
struct TimeInfo {
  // The output column that holds the event time; nothing when it was projected away. The rows still
  // have an event time then, unless `lost`.
  std::optional<std::uint32_t> column;
  // No event time at all: no watermark declared, or an un-windowed aggregate.
  bool lost = true;
  // The output column that shows the wall clock, as PROCTIME() does: windows over it are windows of
  // processing time.
  std::optional<std::uint32_t> wall_clock = std::nullopt;
  std::optional<WindowColumns> window = std::nullopt;
  // The rows are results, or a step below has judged them: none of them is late any more.
  bool judged = false;
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

// Reads a table. Output: the table's columns named by `columns`, in that order. Only what is output
// stands there: what computed columns and the watermark are computed from is the runtime's to read.
struct Scan {
  TablePtr table;
  std::vector<std::uint32_t> columns;
  // Pushed down: BOOLEAN over the output columns, or nullptr. Watermarks are taken before it.
  ExprPtr predicate;
};

// Rows written in the query. One row without columns where there is no FROM.
struct Values {
  std::vector<std::vector<Value>> rows;
};

// Keeps rows for which `predicate`, over the input's columns, is true.
struct Filter {
  ExprPtr predicate;
};

// One output column per expression over the input's columns.
struct Project {
  std::vector<ExprPtr> exprs;
  // Only the input's rows for which it is true, computed before `exprs`; nullptr: all rows.
  ExprPtr predicate = nullptr;
};

// Assigns each row its windows: appends window_start, window_end and window_time (TIMESTAMP) to the
// input's columns, and repeats the row for each window that it is in. A row without event time
// cannot get here.
struct AssignWindow {
  Window window;
  // Nobody tells a row's windows apart but aggregates that find them by its time: rows need not be
  // repeated, nor columns be appended that nobody reads.
  bool once = false;
};

// Gives rows the wall clock as their event time, and the stream one watermark that follows it, for
// windows of processing time. Passes the input's columns on.
struct ProcessingTime {
  std::optional<std::uint32_t> column;  // Shows that time in place of what stood there.
  // The watermark goes on when the clock passes a multiple of the one, counted from the other.
  std::int64_t tick_micros = 0;
  std::int64_t tick_offset_micros = 0;
};

// How the rows of a windowed aggregate find their windows.
enum class WindowsBy : std::uint8_t {
  kTime,        // All that hold their event time.
  kResultTime,  // They are results of such windows: the one whose last microsecond is their time.
  kColumn,      // AssignWindow has repeated them: the one that a column tells.
};

// The other side of a step that judges rows: only the input's rows that are late for it, once for
// each window that they missed. Output: the input's columns, window_start and window_end
// (TIMESTAMP, NULL where there are no windows), and how far the watermark of the row's partition
// was beyond the last moment (INTERVAL). Rows of an input that changes are only ever added all the
// same: one more column says whether each came, 1, or takes one back, -1 (SMALLINT).
struct LateRows {
  std::optional<Window> window;  // Absent: for a step that puts rows in order of time.
  std::int64_t lateness_micros = 0;
  WindowsBy windows_by = WindowsBy::kTime;
  std::uint32_t window_end = 0;  // kColumn: the window ends at this column's value.
};

// The rows of a scan that could not be read whole: what became of each, where it stood and the
// bytes it had. Output: dead_letter_schema().
struct DeadLetters {};

// Assigns each row its session: appends window_start, window_end and window_time (TIMESTAMP) to the
// input's columns. A session is a run of rows with equal keys of which each is at most the gap from
// the next: [first row, last row + gap). Rows come out when their session has ended, with
// window_time as event time.
struct AssignSession {
  std::vector<ExprPtr> keys;  // Over the input's columns.
  std::int64_t gap_micros = 0;
};

// Assigns each row its windows of so many rows of its key in order of event time, one beginning
// every `step` rows: appends window_start, window_end, window_time (TIMESTAMP) and window_number
// (BIGINT, from 1 within each key) to the input's columns, and repeats the row for each window that
// it is in. Window 1 has rows 1 to `rows` of the key, window 2 begins at row step + 1.
// [window_start, window_end) holds the window's rows, and window_time is the last one's. The rows
// of a window come out together when it is full, at the end of the input also those of windows that
// are not. They have no event time for what is above but aggregates that group by the window: it
// would stand before the watermark at the end of the input.
struct AssignCountWindow {
  std::vector<std::uint32_t> keys;  // Columns of the input.
  std::uint64_t rows = 1;
  std::uint64_t step = 1;
  // More than so much after its last row a key begins anew, and its windows that are not full come
  // out; 0: never.
  std::int64_t ttl_micros = 0;
};

enum class Emit : std::uint8_t {
  // One final row per window and key; append-only. With lateness, changes follow it for late rows.
  kOnWindowClose,
  kAtEnd,    // One final row per key when the bounded input ends; append-only.
  kChanges,  // Net changes per batch, as a changelog.
  kEvery,    // Net changes by the wall clock, and at window close.
};

// GROUP BY. Output: window_start, window_end, window_time where there is a window, then one column
// per key, then one per aggregate. Without keys and window: one row, also over no rows.
struct Aggregate {
  std::optional<Window> window;  // The input is then the relation under the window function.
  // The same of the sessions of the keys. Not both.
  std::optional<std::int64_t> session_gap_micros = std::nullopt;
  WindowsBy windows_by = WindowsBy::kTime;
  std::uint32_t window_column = 0;        // kColumn: the window ends at this column's value,
  std::int64_t micros_to_window_end = 0;  // plus this.
  std::vector<ExprPtr> keys;              // Over the input's columns.
  std::vector<AggregateCall> aggregates;
  Emit emit = Emit::kAtEnd;
  std::int64_t lateness_micros = 0;  // kOnWindowClose: how long after its end a window takes rows.
  std::int64_t every_micros = 0;     // kEvery.
  // kChanges: how long a key's state is kept that no row touches; 0: for ever. In event time where
  // the input has any, else by the wall clock.
  std::int64_t ttl_micros = 0;
  // Windows whose bounds follow from the rows: the first three keys. `window` is then a
  // microsecond, so that a group is final when its window_time has passed.
  bool windows_are_keys = false;
  // GROUPING SETS: whether each has the key of that number; the others are NULL in its rows. The
  // last key stands then for the set's number, INT, from 0. Empty: rows are grouped by all keys,
  // once.
  std::vector<std::vector<bool>> sets;

  bool windowed() const { return window || session_gap_micros; }
  // Whether it may take back what it has put out.
  bool makes_changes() const {
    return emit == Emit::kChanges || emit == Emit::kEvery || lateness_micros > 0;
  }
};

// UNION ALL: inputs of equal types.
struct Union {};

// What tells how long the rows of a join are kept.
enum class JoinBy : std::uint8_t {
  // Event times of a pair are near each other: a pair comes out when the second of its rows has
  // come, with the later of the two times; a row without a partner, where such come out, when the
  // watermark says that none can come.
  kTime,
  // Nothing: rows of inputs that may change are kept for as long as they are there. Results change
  // with them.
  kKeys,
  // The same of inputs that end: final rows when they have.
  kKeysAtEnd,
  // Each left row has at most one partner: of the right rows of its keys the last one up to
  // `upper_micros` from it, or the first one from `lower_micros` on, whichever is there. It comes
  // out with its own time when the watermark says that no better partner can come.
  kAsOf,
};

// Joins rows of two inputs with equal keys, none of them NULL. Output: the left input's columns and
// then the right one's, NULL where there is no row; kSemi and kAnti the left ones alone.
struct Join {
  JoinBy by = JoinBy::kTime;
  JoinKind kind = JoinKind::kInner;
  std::vector<ExprPtr> left_keys;  // Over the left input's columns.
  std::vector<ExprPtr> right_keys;
  // kTime and kAsOf: bounds of the right row's event time less the left one's, included; absent:
  // none.
  std::optional<std::int64_t> lower_micros;
  std::optional<std::int64_t> upper_micros;
  // kTime, by input: its rows stand for one of their windows each, and count as of its last
  // microsecond.
  std::array<bool, 2> in_windows = {};
  // kTime, over the columns of one input, a TIMESTAMP: the last event time of the other side's rows
  // that a row matches, NULL where it matches none; nullptr: there is no such. `condition` says the
  // same.
  ExprPtr left_last = nullptr;
  ExprPtr right_last = nullptr;
  // What else must be true of a pair, over the columns of both; nullptr: nothing.
  ExprPtr condition = nullptr;
  std::int64_t ttl_micros = 0;  // kKeys: as an aggregate's, of the rows of both inputs.

  bool by_time() const { return by == JoinBy::kTime; }
  bool as_of() const { return by == JoinBy::kAsOf; }
  // Rows have event time, and may be late.
  bool follows_time() const { return by_time() || as_of(); }
};

// Sorts by output columns and keeps rows [offset, offset + limit), when the input has ended;
// without keys as they come.
struct Sort {
  std::vector<SortKey> keys;  // Empty: keep the order of arrival, any order being right.
  std::optional<std::uint64_t> limit;
  std::uint64_t offset = 0;
  // The first key is event time, or stands at a fixed distance from it, ascending: each row comes
  // out when no older one can come any more. There is no limit and no offset then. Keys without it:
  // the input is bounded. Without keys rows are in order of event time, those of one time as they
  // were read; where there is no event time, as they come.
  bool behind_watermark = false;
};

enum class TopNEmit : std::uint8_t {
  kAtEnd,            // The final rows when the bounded input ends; append-only.
  kChanges,          // Net changes per batch, as a changelog.
  kOnWindowClose,    // Keys hold the input's window: its rows once, at its end; append-only.
  kBehindWatermark,  // Ordered by event time: each row when the watermark has passed it;
                     // append-only.
};

inline constexpr std::uint64_t kNoLimit = UINT64_MAX;

// The first `limit` rows of each key in an order. Output: the input's columns, then the rank,
// BIGINT, if it is shown. Rows equal in the order are told apart by where they came from.
struct TopN {
  std::vector<std::uint32_t> keys;  // Columns of the input; none: one key.
  std::vector<SortKey> order;
  Ranking ranking = Ranking::kRowNumber;
  std::uint64_t limit = 1;  // kNoLimit: all rows, in order.
  bool shows_rank = false;
  TopNEmit emit = TopNEmit::kAtEnd;
  std::int64_t ttl_micros = 0;  // As an aggregate's; kBehindWatermark: since the key's first row.
  bool keeps_last = false;      // Of rows equal in the order the last one that came is the first.
};

// Calls OVER one window. Output: the input's columns, then one per call.
struct Over {
  std::vector<std::uint32_t> keys;  // Columns of the input; none: one key.
  std::vector<SortKey> order;       // Rows equal in it are told apart by where they came from.
  std::vector<OverCall> calls;
  // kBehindWatermark: the first of `order` is event time, or stands at a fixed distance from it,
  // ascending. kChanges: of an input whose rows change.
  OverEmit emit = OverEmit::kAtEnd;
  // kChanges: as an aggregate's. kBehindWatermark: a key begins anew so much after its last row.
  std::int64_t ttl_micros = 0;
};

// What a function of a C++ program makes of each match.
struct MatchCall {
  std::string text;                    // As EXPLAIN shows it: "Alert".
  std::vector<std::uint32_t> columns;  // Of the input, that it sees of each row.
  MakeMatchFunction make;
  Schema schema;  // Of the output.
};

// Finds runs of rows of each key that match a pattern. Each is told of once, when it is certain.
// Output: kOne the keys, otherwise the input's columns; then one column for each of `values`. Or
// what `call` makes.
struct MatchPattern {
  std::vector<std::uint32_t> keys;  // Columns of the input; none: one key.
  // Begins with event time, or what stands at a fixed distance from it, ascending. Rows equal in
  // the order are told apart by where they came from.
  std::vector<SortKey> order;
  RowPattern pattern;  // compile_pattern() gives a program for it.
  std::vector<std::string> variables;
  // By variable: a BOOLEAN column of the input that says which rows it can be; absent: all.
  std::vector<std::optional<std::uint32_t>> conditions;
  MatchConditions moving;  // What must be true beside, of the match's rows up to the row.
  std::vector<MatchValue> values;
  RowsPerMatch rows = RowsPerMatch::kOne;
  AfterMatch after = AfterMatch::kPastLastRow;
  VariableSet skip_to = 0;
  std::int64_t within_micros = 0;  // So much after its first row a match is over; 0: never.
  std::optional<MatchCall> call = std::nullopt;  // In place of `values`; `rows` is kOne then.
};

// Passes rows through a function of a C++ program, which the planner sees nothing of: it reads all
// of the input's columns.
struct Process {
  std::string text;  // As EXPLAIN shows it: "map to Delay".
  MakeRowFunction make;
  Yields yields = Yields::kRows;
};

// Passes rows through a function of a C++ program that keeps state and sets timers for each key.
// Where the input has event time its rows are taken in that order, behind the watermark, and those
// that come out have the time of the row or timer that they were made of.
// A second input's rows are given to every worker, whatever their key; where the inputs have event
// time, each before the first input's rows of its time.
struct KeyedProcess {
  std::string text;
  std::vector<std::uint32_t> keys;  // Columns of the first input.
  MakeKeyedFunction make;
  std::string state;                 // What it keeps for a key, in one line: names, types, ttls.
  std::string broadcast_state = {};  // The same of what the second input leaves on every worker.
};

// Writes the input's columns into a table's columns of equal types, or hands them to whoever asked
// for the result (table == nullptr).
struct Sink {
  TablePtr table;
  RowKey key = std::nullopt;  // Of the rows, as the table is to know it.
};

// One step of a logical plan; immutable and shared. Both front ends build it.
struct Node {
  std::variant<Scan, Values, Filter, Project, ProcessingTime, AssignWindow, AssignSession,
               AssignCountWindow, Aggregate, Union, Join, Sort, TopN, Over, MatchPattern, Process,
               LateRows, DeadLetters, KeyedProcess, Sink>
      step;
  std::vector<NodePtr> inputs;
  Schema schema;  // Of the output, names as shown to users.
  TimeInfo time;
  bool bounded = true;        // Whether the rows come to an end.
  bool updating = false;      // Whether rows carry changes.
  RowKey key;                 // Output columns by which rows differ.
  bool needs_origin = false;  // Whether rows must carry partition and position, for those above.
  // Stateful steps: NAME/kind#n, stable under edits of the rest of the query; empty for others.
  std::string id;
  std::string name;  // The view, CTE, alias or sink it stands under; may be empty.
};

// One job: the sinks of a script, sharing the nodes they share.
struct Plan {
  std::vector<NodePtr> sinks;
};

// EXPLAIN, in the user's words: `TUMBLE 1 hour -> count(*), max(mag) by net`.
std::string explain_text(const Plan& plan);

// The lines of explain_text(), for who wants to add to them. A step that several read has a line
// for each.
struct ExplainLine {
  const Node* node;
  std::string text;   // Without a newline.
  std::string below;  // What a further line about the node begins with.
};
std::vector<ExplainLine> explain_lines(const Plan& plan);
std::string explain_json(const Plan& plan);
// One line of the above for one node.
std::string describe(const Node& node);

// How far predicates move down: not through steps with state where that is to outlive the query, so
// that a condition on their results may change and their state is the same.
enum class PushThrough : std::uint8_t { kAll, kStateless };

// Constants folded, predicates and projections moved down to the scans, neighbouring filters and
// projections fused, columns nobody reads dropped; rows' origin asked for where a step needs it.
// Keeps ids, results and their order, and shares what was shared.
Plan rewrite(const Plan& plan, PushThrough push = PushThrough::kAll);

}  // namespace thalweg::plan
