#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

// Makes the steps of a plan, with what follows from their inputs filled in: schema, time, whether
// the rows end and whether they carry changes. Expressions are over the input's columns.
namespace thalweg::plan {

// All columns of the table.
NodePtr make_scan(TablePtr table);
NodePtr make_scan(TablePtr table, std::vector<std::uint32_t> columns, ExprPtr predicate);

// Requires: every row as long as the schema.
NodePtr make_values(Schema schema, std::vector<std::vector<Value>> rows);

NodePtr make_filter(NodePtr input, ExprPtr predicate);

// Requires: as many names as expressions.
NodePtr make_project(NodePtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names,
                     ExprPtr predicate = nullptr);

// Whether an expression is what the wall clock shows: PROCTIME().
bool shows_wall_clock(const Expr& expr);

NodePtr make_processing_time(NodePtr input, ProcessingTime time);

// Requires: the input has event time.
NodePtr make_assign_window(NodePtr input, Window window, bool once = false);

// Requires: the input has event time.
NodePtr make_assign_session(NodePtr input, AssignSession session, std::string id, std::string name);

// Requires: the input has event time.
NodePtr make_assign_count_window(NodePtr input, AssignCountWindow windows, std::string id,
                                 std::string name);

// Requires: as many names as keys.
NodePtr make_aggregate(NodePtr input, Aggregate aggregate,
                       const std::vector<std::string>& key_names, std::string id, std::string name);

// Requires: inputs of equal types, at least one. Names are the first input's.
NodePtr make_union(std::vector<NodePtr> inputs);

// What is known of the time of rows that stand for one of their windows each, where each counts as
// of the last microsecond of that window. Requires: a window with a column of its end.
TimeInfo time_in_windows(TimeInfo time);

// Requires: keys of equal types; by time inputs with event time, whose rows are only added; at the
// end inputs that end.
NodePtr make_join(NodePtr left, NodePtr right, Join join, std::string id, std::string name);

// Whether a join by keys may take back what it has put out.
bool join_makes_changes(const Node& left, const Node& right, JoinKind kind);

NodePtr make_sort(NodePtr input, Sort sort, std::string id, std::string name);

// Requires: kOnWindowClose has a column with the window's end among its keys; kBehindWatermark an
// order that begins with the column of event time.
NodePtr make_top_n(NodePtr input, TopN top, std::string rank_name, std::string id,
                   std::string name);

// When the first rows of each key come out: at every change if `changes` is asked for, else as the
// input and the order allow.
TopNEmit choose_top_n_emit(const Node& input, const TopN& top, bool changes = false);

// Requires: the input has event time, and its rows have not been judged.
NodePtr make_late_rows(NodePtr input, LateRows late);

// Requires: a scan. What it cannot read whole is what no column of it can be read of, too.
NodePtr make_dead_letters(NodePtr scan);

// Requires: kBehindWatermark has an order that begins with event time or what is at a fixed
// distance from it.
NodePtr make_over(NodePtr input, Over over, std::string id, std::string name);

// Requires: final rows with event time. Rows of matches have the time of the row that they are, or
// of the match's last one.
NodePtr make_match_pattern(NodePtr input, MatchPattern match, std::string id, std::string name);

// `schema`: of what the function makes; the output has the input's columns before those that it
// adds.
NodePtr make_process(NodePtr input, Process process, Schema schema);

// Requires: keys, and inputs that only add rows; of two inputs, both with event time or neither,
// and the second on one worker. `schema`: of the output.
NodePtr make_keyed_process(std::vector<NodePtr> inputs, KeyedProcess process, Schema schema,
                           std::string id, std::string name);

// Columns are shown under `names`, or the input's names where there are none. `key`: what the table
// is to know the rows by, where that is not the input's own key.
NodePtr make_sink(NodePtr input, TablePtr table, std::vector<std::string> names = {},
                  RowKey key = std::nullopt);

// The same step over other inputs of the same columns; the node itself where they are its own.
NodePtr with_inputs(const NodePtr& node, std::vector<NodePtr> inputs);

// Columns that AssignWindow and AssignSession append, and that windowed aggregates begin with.
inline constexpr std::uint32_t kWindowColumns = 3;
// AssignCountWindow's: window_number stands behind the others.
inline constexpr std::uint32_t kCountWindowColumns = 4;

}  // namespace thalweg::plan
