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

std::string arguments_of(const BindContext& context, const ast::Call& call) {
  std::string text;
  for (const ast::Argument& argument : call.arguments) {
    text += (text.empty() ? "" : ", ") + context.written(argument.value->span);
  }
  return text;
}

}  // namespace

bool is_session_call(const ast::Expr& expr) {
  const auto* call = expr.as<ast::Call>();
  return call != nullptr && call->name.size() == 1 && call->name[0].key == "session";
}

std::optional<GroupSession> bind_group_session(BindContext& context, const Scope& scope,
                                               const ast::Expr& expr) {
  const auto& call = *expr.as<ast::Call>();
  if (call.arguments.size() != 2) {
    context.error("S0206", "SESSION in GROUP BY takes a time column and a gap", expr.span, "",
                  {"as in SESSION(ts, INTERVAL '10 minutes')"});
    return std::nullopt;
  }
  const std::optional<std::int64_t> distance =
      bind_time(context, scope, *call.arguments[0].value, call.arguments[0].value->span, "SESSION");
  const std::optional<std::int64_t> gap = bind_gap(context, *call.arguments[1].value);
  if (!distance || !gap) {
    return std::nullopt;
  }
  return GroupSession{
      .gap_micros = *gap, .distance_micros = *distance, .arguments = arguments_of(context, call)};
}

std::optional<Bound> ExprBinder::bind_session_bound(const ast::Call& call, const ast::Expr& expr) {
  const std::string& name = call.name.back().key;
  const int place = name == "session_start"     ? 0
                    : name == "session_end"     ? 1
                    : name == "session_rowtime" ? 2
                                                : -1;
  if (place < 0 || call.name.size() > 1) {
    return std::nullopt;
  }
  if (aggregates_ == nullptr || !aggregates_->session_columns || in_aggregate_) {
    context_.error("S0212", call.name.back().text + " needs GROUP BY SESSION(...) beside it",
                   expr.span, "",
                   {"over FROM SESSION(...) it is window_start, window_end or window_time"});
    return Bound{};
  }
  if (arguments_of(context_, call) != aggregates_->session_arguments) {
    context_.error("S0206",
                   call.name.back().text + " must have the arguments of the SESSION grouped by",
                   expr.span, "", {"they are (" + aggregates_->session_arguments + ')'});
    return Bound{};
  }
  constexpr const char* kNames[] = {"window_start", "window_end", "window_time"};
  return Bound{column_expr(*aggregates_->session_columns + static_cast<std::uint32_t>(place),
                           type_of(TypeKind::kTimestamp), kNames[place])};
}

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
