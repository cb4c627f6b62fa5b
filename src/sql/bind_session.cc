#include <algorithm>
#include <utility>

#include "plan/build.h"
#include "plan/duration_text.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"

// SESSION(table [PARTITION BY columns], time column, gap).
namespace thalweg::sql {
namespace {

// Sessions of processing time may end at any moment: how soon after it that is noticed.
constexpr std::int64_t kTicksOfGap = 10;
constexpr std::int64_t kTickMin = 1'000;
constexpr std::int64_t kTickMax = 1'000'000;

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

plan::NodePtr assign_sessions(BindContext& context, const Scope& input, const WindowCall& call,
                              std::vector<ExprPtr> keys) {
  const std::optional<TimedRows> rows = bind_timed_rows(context, input, call);
  const std::optional<std::int64_t> gap = bind_gap(context, *call.gap);
  if (!rows || !gap || !check_final(context, *input.node, "SESSION", call.input_span)) {
    return nullptr;
  }
  const std::int64_t tick = std::clamp(*gap / kTicksOfGap, kTickMin, kTickMax);
  const auto first = static_cast<std::uint32_t>(input.columns().size());
  plan::NodePtr node = plan::make_assign_session(rows_in_time(*rows, tick, 0),
                                                 {.keys = std::move(keys), .gap_micros = *gap},
                                                 context.next_id("session"), context.name);
  return rows->distance_micros == 0 ? node
                                    : shift_window_columns(node, first, rows->distance_micros);
}

std::optional<Scope> bind_session(BindContext& context, const ast::WindowTable& window,
                                  const Scope& input) {
  const WindowCall call{.kind = window.kind,
                        .time = window.time.get(),
                        .gap = window.gap.get(),
                        .input_span = window.input->span};
  std::vector<ExprPtr> keys;
  bool ok = true;
  for (const ast::ExprPtr& expr : window.partition_by) {
    keys.push_back(ExprBinder(context, input, "PARTITION BY").bind_value(*expr));
    ok = ok && keys.back() != nullptr;
  }
  plan::NodePtr node = ok ? assign_sessions(context, input, call, std::move(keys)) : nullptr;
  if (node == nullptr) {
    return std::nullopt;
  }
  return with_window_columns(input, std::move(node));
}

}  // namespace thalweg::sql
