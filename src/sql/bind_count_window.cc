#include <utility>

#include "plan/build.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"
#include "sql/sql_text.h"

// TUMBLE_ROWS(table [PARTITION BY columns], time column, size) and HOP_ROWS.
namespace thalweg::sql {
namespace {

// Rows to a window: each of its rows is repeated for every window it is in.
constexpr std::int64_t kRowsMax = 1'000'000;

// A constant number of rows; nothing, reported, when it is none.
std::optional<std::uint64_t> bind_rows(BindContext& context, const ast::Expr& expr,
                                       const std::string& what) {
  const Scope no_columns;
  const Bound bound = ExprBinder(context, no_columns, what).bind(expr);
  if (!bound) {
    return std::nullopt;
  }
  const ExprPtr folded = fold_constants(bound.expr);
  const auto* rows = std::get_if<std::int64_t>(&folded->literal.data);
  if (folded->kind != ExprKind::kLiteral || rows == nullptr || !is_integer(folded->type.kind)) {
    context.error("P0103", what + " must be a constant number of rows", expr.span, "",
                  {"as in TUMBLE_ROWS(t PARTITION BY k, ts, 10)"});
    return std::nullopt;
  }
  if (*rows <= 0 || *rows > kRowsMax) {
    context.error("P0103",
                  what + " must be from 1 to " + std::to_string(kRowsMax) + " rows, not " +
                      std::to_string(*rows),
                  expr.span);
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*rows);
}

std::optional<std::uint32_t> bind_key(BindContext& context, const Scope& input,
                                      const ast::Expr& expr, const std::string& function) {
  const ExprPtr key = ExprBinder(context, input, "PARTITION BY").bind_value(expr);
  if (key == nullptr) {
    return std::nullopt;
  }
  if (key->kind != ExprKind::kColumn) {
    context.error("P0103", "PARTITION BY of " + function + " takes columns", expr.span, "",
                  {"compute it below: " + function +
                   "((SELECT *, ... AS k FROM t) PARTITION BY k, " + "...)"});
    return std::nullopt;
  }
  return key->column;
}

}  // namespace

std::optional<Scope> bind_count_window(BindContext& context, const ast::WindowTable& window,
                                       const Scope& input) {
  const bool hops = window.kind == ast::WindowKind::kHopRows;
  const std::string function = hops ? "HOP_ROWS" : "TUMBLE_ROWS";
  const std::optional<std::int64_t> distance =
      bind_time(context, input, *window.time, window.input->span, function);
  const auto rows = bind_rows(context, *window.size, "the size of " + function);
  const auto step = hops ? bind_rows(context, *window.step, "the slide of " + function) : rows;
  if (distance && *distance != 0) {
    context.error("P0103", function + " needs the event time itself", window.time->span, "",
                  {"name the column that WATERMARK FOR names, or window_time"});
    return std::nullopt;
  }
  plan::AssignCountWindow windows;
  bool ok =
      distance && rows && step && check_final(context, *input.node, function, window.input->span);
  for (const ast::ExprPtr& expr : window.partition_by) {
    const auto key = bind_key(context, input, *expr, function);
    ok = ok && key;
    windows.keys.push_back(key.value_or(0));
  }
  if (!ok) {
    return std::nullopt;
  }
  windows.rows = *rows;
  windows.step = *step;
  windows.ttl_micros = windows.keys.empty() ? 0 : context.ttl_micros();
  plan::NodePtr node = plan::make_assign_count_window(input.node, std::move(windows),
                                                      context.next_id("window"), context.name);
  warn_of_state(context, *node, window.input->span);
  Scope scope = with_window_columns(input, std::move(node));
  if (scope.relations.size() == 1) {
    scope.relations[0].count += plan::kCountWindowColumns - plan::kWindowColumns;
  }
  return scope;
}

}  // namespace thalweg::sql
