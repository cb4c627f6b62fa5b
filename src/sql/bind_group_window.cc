#include <array>
#include <utility>

#include "plan/build.h"
#include "sql/bind_expr.h"
#include "sql/bind_window.h"

// Windows among the keys of GROUP BY, as Flink writes them: TUMBLE(ts, INTERVAL '1 hour').
namespace thalweg::sql {
namespace {

using Part = const ast::Expr* WindowCall::*;

// How one kind of window is written in GROUP BY.
struct GroupWindowForm {
  std::string_view name;
  std::string_view shown;
  std::string_view takes;     // For people.
  std::string_view example;   // The same.
  std::array<Part, 4> parts;  // By place; null where there are fewer.
  std::size_t required = 0;   // So many of `parts`.
};

constexpr std::array<GroupWindowForm, 4> kForms = {{
    {"tumble",
     "TUMBLE",
     "a time column and a size",
     "TUMBLE(ts, INTERVAL '1 hour')",
     {&WindowCall::time, &WindowCall::size, &WindowCall::offset, nullptr},
     2},
    {"hop",
     "HOP",
     "a time column, a slide and a size",
     "HOP(ts, INTERVAL '1 minute', INTERVAL '1 hour')",
     {&WindowCall::time, &WindowCall::step, &WindowCall::size, &WindowCall::offset},
     3},
    {"cumulate",
     "CUMULATE",
     "a time column, a step and a size",
     "CUMULATE(ts, INTERVAL '1 hour', INTERVAL '1 day')",
     {&WindowCall::time, &WindowCall::step, &WindowCall::size, &WindowCall::offset},
     3},
    {"session",
     "SESSION",
     "a time column and a gap",
     "SESSION(ts, INTERVAL '10 minutes')",
     {&WindowCall::time, &WindowCall::gap, nullptr, nullptr},
     2},
}};

std::optional<ast::WindowKind> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    if (kForms[i].name == name) {
      return static_cast<ast::WindowKind>(i);
    }
  }
  return std::nullopt;
}

const GroupWindowForm& form_of(ast::WindowKind kind) {
  return kForms[static_cast<std::size_t>(kind)];
}

// Which of a window's columns TUMBLE_START and its kin stand for; nothing: it is none of them.
struct WindowBound {
  ast::WindowKind window = ast::WindowKind::kTumble;
  std::uint32_t place = 0;
};
std::optional<WindowBound> window_bound_named(const std::string& name) {
  const std::size_t at = name.rfind('_');
  const std::optional<ast::WindowKind> window =
      at == std::string::npos ? std::nullopt : kind_named(std::string_view(name).substr(0, at));
  if (!window) {
    return std::nullopt;
  }
  constexpr std::array<std::string_view, plan::kWindowColumns> kBounds = {"start", "end",
                                                                          "rowtime"};
  const std::string bound = name.substr(at + 1) == "proctime" ? "rowtime" : name.substr(at + 1);
  for (std::uint32_t i = 0; i < kBounds.size(); ++i) {
    if (bound == kBounds[i]) {
      return WindowBound{*window, i};
    }
  }
  return std::nullopt;
}

bool same_arguments(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ExprPtr& x, const ExprPtr& y) { return equal(*x, *y); });
}

}  // namespace

bool is_group_window(const ast::Expr& expr) {
  const auto* call = expr.as<ast::Call>();
  return call != nullptr && call->name.size() == 1 && kind_named(call->name[0].key);
}

std::optional<WindowCall> read_group_window(BindContext& context, const ast::Expr& expr) {
  const auto& call = *expr.as<ast::Call>();
  const ast::WindowKind kind = *kind_named(call.name[0].key);
  const GroupWindowForm& form = form_of(kind);
  WindowCall window{.kind = kind, .span = expr.span};
  bool fits = call.arguments.size() >= form.required;
  for (std::size_t i = 0; i < call.arguments.size() && fits; ++i) {
    fits = i < form.parts.size() && form.parts[i] != nullptr && !call.arguments[i].name;
    if (fits) {
      window.*form.parts[i] = call.arguments[i].value.get();
    }
  }
  if (!fits) {
    context.error("S0206", call.name[0].text + " in GROUP BY takes " + std::string(form.takes),
                  expr.span, "", {"as in " + std::string(form.example)});
    return std::nullopt;
  }
  window.input_span = window.time->span;
  return window;
}

std::vector<ExprPtr> bind_window_arguments(BindContext& context, const Scope& scope,
                                           const ast::Call& call) {
  std::vector<ExprPtr> arguments;
  for (const ast::Argument& argument : call.arguments) {
    const ExprPtr bound = ExprBinder(context, scope, "GROUP BY").bind_value(*argument.value);
    if (bound == nullptr) {
      return {};
    }
    arguments.push_back(fold_constants(bound));
  }
  return arguments;
}

plan::NodePtr assign_group_windows(BindContext& context, const Scope& input,
                                   const WindowCall& window, std::vector<ExprPtr> keys) {
  return window.kind == ast::WindowKind::kSession
             ? assign_sessions(context, input, window, std::move(keys))
             : assign_windows(context, input, window);
}

std::optional<Bound> ExprBinder::bind_window_bound(const ast::Call& call, const ast::Expr& expr) {
  const std::optional<WindowBound> bound = window_bound_named(call.name.back().key);
  if (!bound || call.name.size() > 1) {
    return std::nullopt;
  }
  const std::string& shown = call.name[0].text;
  const bool grouped = aggregates_ != nullptr && aggregates_->window_columns && !in_aggregate_;
  if (!grouped || bound->window != aggregates_->window) {
    const std::string window(form_of(bound->window).shown);
    context_.error("S0212", shown + " needs GROUP BY " + window + "(...) beside it", expr.span, "",
                   {"over FROM " + window + "(...) it is window_start, window_end or window_time"});
    return Bound{};
  }
  const std::vector<ExprPtr> arguments = bind_window_arguments(context_, scope_, call);
  if (!same_arguments(arguments, aggregates_->window_arguments)) {
    if (arguments.size() == call.arguments.size()) {
      context_.error("S0206", shown + " must have the arguments of the window grouped by",
                     expr.span, "", {"it is " + aggregates_->window_written});
    }
    return Bound{};
  }
  constexpr const char* kNames[] = {"window_start", "window_end", "window_time"};
  return Bound{column_expr(*aggregates_->window_columns + bound->place,
                           type_of(TypeKind::kTimestamp), kNames[bound->place])};
}

}  // namespace thalweg::sql
