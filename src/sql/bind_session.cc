#include <utility>

#include "plan/build.h"
#include "plan/duration_text.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"

// SESSION(table [PARTITION BY columns], time column, gap).
namespace thalweg::sql {
namespace {

std::optional<std::int64_t> bind_gap(BindContext& context, const ast::Expr& expr) {
  const std::optional<std::int64_t> gap = bind_interval(context, expr, "the gap of SESSION");
  if (gap && *gap <= 0) {
    context.error("P0103",
                  "a session's gap must be more than zero, not " + plan::duration_text(*gap),
                  expr.span);
    return std::nullopt;
  }
  return gap;
}

}  // namespace

std::optional<Scope> bind_session(BindContext& context, const ast::WindowTable& window,
                                  const Scope& input) {
  const std::optional<std::int64_t> distance =
      bind_time(context, input, *window.time, window.input->span, "SESSION");
  const std::optional<std::int64_t> gap = bind_gap(context, *window.gap);
  plan::AssignSession session;
  bool ok = distance && gap;
  for (const ast::ExprPtr& expr : window.partition_by) {
    session.keys.push_back(ExprBinder(context, input, "PARTITION BY").bind_value(*expr));
    ok = ok && session.keys.back() != nullptr;
  }
  if (!ok) {
    return std::nullopt;
  }
  session.gap_micros = *gap;
  const auto first = static_cast<std::uint32_t>(input.columns().size());
  plan::NodePtr node = plan::make_assign_session(input.node, std::move(session),
                                                 context.next_id("session"), context.name);
  if (*distance != 0) {
    node = shift_window_columns(node, first, *distance);
  }
  return with_window_columns(input, std::move(node));
}

}  // namespace thalweg::sql
