#pragma once

#include <optional>
#include <vector>

#include "sql/scope.h"

namespace thalweg::sql {

// The rows of a query. `node` is null when it was in error, which has then been reported.
struct QueryRows {
  plan::NodePtr node;
  // Columns, by number, that are but texts in quotes or NULLs, and so take the type of what they
  // meet. They have type TEXT.
  std::vector<bool> untyped;
};

QueryRows bind_query(BindContext& context, const ast::Query& query);

// A query within another: its operators stand under `name`, and nothing outside types its columns.
plan::NodePtr bind_sub_query(BindContext& context, const ast::Query& query,
                             const std::string& name);

// Nothing when in error.
std::optional<Scope> bind_from(BindContext& context, const ast::TableRef& from);

// A table by its name, for all that reads it; reports tables that cannot be read.
plan::NodePtr bind_table(BindContext& context, const TablePtr& table, Span span);

// LATE(view): the rows that came too late for it.
std::optional<Scope> bind_late(BindContext& context, const ast::Call& call, Span span);
std::optional<Scope> bind_dead_letters(BindContext& context, const ast::Call& call, Span span);

// What a plain name stands for: a CTE, a view, a table or standard input; `table` is set where it
// is a table. Null, reported, in error.
plan::NodePtr bind_name(BindContext& context, const ast::QualifiedName& name, Span span,
                        TablePtr& table);

// TUMBLE and its kin.
std::optional<Scope> bind_window(BindContext& context, const ast::WindowTable& window, Span span);

// MATCH_RECOGNIZE.
std::optional<Scope> bind_match(BindContext& context, const ast::MatchTable& match, Span span);

// JOIN, and relations behind each other.
std::optional<Scope> bind_join(BindContext& context, const ast::Join& join);

// A window function wherever it stands. `time`, `size` and what else its kind needs are not null.
struct WindowCall {
  ast::WindowKind kind = ast::WindowKind::kTumble;
  const ast::Expr* time = nullptr;
  const ast::Expr* size = nullptr;
  const ast::Expr* step = nullptr;
  const ast::Expr* offset = nullptr;
  const ast::Expr* gap = nullptr;
  Span span;
  Span input_span;
};
// The rows of a relation with their windows, as AssignWindow; null, reported, in error.
plan::NodePtr assign_windows(BindContext& context, const Scope& input, const WindowCall& call);

QueryRows bind_select(BindContext& context, const ast::Query& query, const ast::Select& select);
QueryRows bind_values(BindContext& context, const ast::Values& values, Span span);
QueryRows bind_set_operation(BindContext& context, const ast::SetOperation& operation);

// The rows without duplicates.
plan::NodePtr make_distinct(BindContext& context, const plan::NodePtr& node, Span span);

// The same rows under other names; all of them, or the first of them. Reports too many.
plan::NodePtr rename_columns(BindContext& context, const plan::NodePtr& node,
                             const std::vector<ast::Name>& names);

// How the aggregate over `input` gives its results: as EMIT says, else by its input. False,
// reported, when that cannot be.
bool choose_emit(BindContext& context, const plan::Node& input, bool windowed,
                 plan::Aggregate& aggregate);

// Warns of an aggregate or a top-N over endless input that keeps every key for ever.
void warn_of_state(BindContext& context, const plan::Node& node, Span span);

// Adds `shift` to the three window columns from `first` on, and notes so in the node's time.
plan::NodePtr shift_window_columns(const plan::NodePtr& node, std::uint32_t first,
                                   std::int64_t shift_micros);

// Whether a column that a query gives as a constant goes into the type; where not, reports it.
bool check_constant_column(BindContext& context, const plan::Node& node, std::uint32_t column,
                           const Type& type, Span span);

// Every column of a node as an expression, for projections that pass columns on.
std::vector<ExprPtr> column_exprs(const plan::Node& node);
std::vector<std::string> column_names(const plan::Node& node);

}  // namespace thalweg::sql
