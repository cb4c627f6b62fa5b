#include "sql/bind_emit.h"

#include <algorithm>
#include <variant>

#include "plan/duration_text.h"
#include "sql/bind_window.h"

// EMIT: when results come out.
namespace thalweg::sql {
namespace {

const char* name_of(const ast::Emit& emit) {
  switch (emit.kind) {
    case ast::EmitKind::kOnWindowClose:
      return emit.interval == nullptr ? "EMIT ON WINDOW CLOSE" : "WITH LATENESS";
    case ast::EmitKind::kChanges:
      return "EMIT CHANGES";
    case ast::EmitKind::kEvery:
      return "EMIT EVERY";
  }
  return "";
}

const std::vector<std::string>& window_notes() {
  static const std::vector<std::string> kNotes = {
      "group by window_start over FROM TUMBLE(table, time column, INTERVAL '...')"};
  return kNotes;
}

// Whether rows of a table stand in sessions by themselves, rather than as results.
bool puts_into_sessions(const plan::Node& node) {
  if (std::holds_alternative<plan::AssignSession>(node.step)) {
    return !node.inputs[0]->time.judged;
  }
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [](const auto& input) { return puts_into_sessions(*input); });
}

bool choose_windowed(BindContext& context, const plan::Node& input, plan::Aggregate& aggregate) {
  aggregate.emit = plan::Emit::kOnWindowClose;
  EmitRule* const rule = context.emit;
  if (rule == nullptr) {
    return true;
  }
  switch (rule->written.kind) {
    case ast::EmitKind::kOnWindowClose:
      if (rule->written.interval == nullptr) {
        rule->used = true;
      } else if (!input.time.judged) {
        rule->used = true;
        aggregate.lateness_micros = rule->micros;
      } else {
        rule->over_judged = true;
        aggregate.emit = input.updating ? plan::Emit::kChanges : aggregate.emit;
      }
      return true;
    case ast::EmitKind::kChanges:
      rule->used = true;
      aggregate.emit = plan::Emit::kChanges;
      return true;
    case ast::EmitKind::kEvery:
      rule->used = true;
      // Rows that come by the clock already need not wait for it again.
      aggregate.emit = input.updating ? plan::Emit::kChanges : plan::Emit::kEvery;
      aggregate.every_micros = input.updating ? 0 : rule->micros;
      return true;
  }
  return true;
}

}  // namespace

std::optional<EmitRule> bind_emit(BindContext& context, const ast::Emit& emit) {
  EmitRule rule{.written = emit};
  if (emit.interval == nullptr) {
    return rule;
  }
  const bool every = emit.kind == ast::EmitKind::kEvery;
  const std::string what = every ? "the period of EMIT EVERY" : "the lateness";
  const std::optional<std::int64_t> micros = bind_interval(context, *emit.interval, what);
  if (!micros) {
    return std::nullopt;
  }
  if (*micros < 0 || (every && *micros == 0)) {
    context.error("P0103",
                  what + (every ? " must be more than zero, not " : " cannot be less than zero: ") +
                      plan::duration_text(*micros),
                  emit.interval->span, "", {"as in INTERVAL '10 seconds'"});
    return std::nullopt;
  }
  rule.micros = *micros;
  return rule;
}

bool check_emit(BindContext& context, const EmitRule& rule, const plan::Node& node) {
  const ast::Emit& emit = rule.written;
  // Every row of a query is a change, and what is final already stays so.
  const bool holds = emit.kind == ast::EmitKind::kChanges ||
                     (emit.kind == ast::EmitKind::kOnWindowClose && emit.interval == nullptr &&
                      !node.updating && node.time.window);
  if (rule.used || holds) {
    return true;
  }
  const std::string name = name_of(emit);
  const bool late = emit.kind == ast::EmitKind::kOnWindowClose && emit.interval != nullptr;
  if (!node.time.window && !rule.over_judged) {
    context.error("P0105", name + " needs a window, and this query has none", emit.span, "",
                  window_notes());
  } else if (!node.time.judged && !rule.over_judged) {
    context.error("P0105", name + " is about the results of windows, and these are their rows",
                  emit.span, "", {"add GROUP BY window_start, window_end"});
  } else if (late && puts_into_sessions(node)) {
    context.error("P0105", "WITH LATENESS needs sessions by the columns that are grouped by",
                  emit.span, "",
                  {"as in FROM SESSION(table PARTITION BY a, time column, INTERVAL '...') GROUP BY "
                   "window_start, window_end, a"});
  } else {
    context.error("P0105", name + " has no late rows to wait for here", emit.span,
                  "these rows are results already, or of processing time",
                  {"say it where the rows of a table are put into windows, in the view or "
                   "sub-query that reads them"});
  }
  return false;
}

bool asks_for_changes(BindContext& context, const plan::Node& input) {
  EmitRule* const rule = context.emit;
  return rule != nullptr && (rule->written.kind == ast::EmitKind::kChanges ||
                             (rule->written.interval != nullptr && input.updating));
}

bool choose_emit(BindContext& context, const plan::Node& input, bool windowed,
                 plan::Aggregate& aggregate) {
  if (windowed) {
    return choose_windowed(context, input, aggregate);
  }
  const EmitRule* const rule = context.emit;
  const bool changes = asks_for_changes(context, input);
  if (rule != nullptr && !changes && context.emit_is_own) {
    context.error(
        "P0105",
        std::string(name_of(rule->written)) + " needs a window, and this groups without one",
        rule->written.span, "", window_notes());
    return false;
  }
  aggregate.emit = changes || !input.bounded ? plan::Emit::kChanges : plan::Emit::kAtEnd;
  return true;
}

}  // namespace thalweg::sql
