#include "sql/bind_context.h"

#include <utility>

#include "base/nearest.h"

namespace thalweg::sql {
namespace {

constexpr std::size_t kNamesListedMax = 20;

Diagnostic diagnostic(Severity severity, std::string code, std::string message, Span span,
                      std::string label, std::vector<std::string> notes) {
  return {.severity = severity,
          .code = std::move(code),
          .message = std::move(message),
          .span = span,
          .label = std::move(label),
          .notes = std::move(notes)};
}

}  // namespace

void BindContext::error(std::string code, std::string message, Span span, std::string label,
                        std::vector<std::string> notes) {
  diagnostics_.add(diagnostic(Severity::kError, std::move(code), std::move(message), span,
                              std::move(label), std::move(notes)));
}

void BindContext::warn(std::string code, std::string message, Span span, std::string label,
                       std::vector<std::string> notes) {
  diagnostics_.add(diagnostic(Severity::kWarning, std::move(code), std::move(message), span,
                              std::move(label), std::move(notes)));
}

void BindContext::not_supported(const std::string& what, Span span,
                                std::vector<std::string> notes) {
  error("P0001", what + " is not supported yet", span, "", std::move(notes));
}

std::string BindContext::written(Span span) const {
  std::string line;
  bool gap = false;
  for (const char c : text_.substr(span.begin, span.end - span.begin)) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank && gap) {
      line += ' ';
    }
    if (!blank) {
      line += c;
    }
    gap = blank;
  }
  return line;
}

std::string BindContext::next_id(const std::string& kind) {
  const bool by_itself = name == "query";
  const std::string which =
      by_itself && names_.selects > 0 ? std::to_string(names_.selects + 1) : "";
  const std::string family = name + which + '/' + kind;
  const int number = ++(by_itself ? own_operators_ : names_.operators)[family];
  if (hinted_id) {
    return *std::exchange(hinted_id, std::nullopt);
  }
  return family + '#' + std::to_string(number);
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::optional<std::string> nearest = nearest_name(name, candidates);
  return nearest ? "did you mean \"" + *nearest + "\"?" : "";
}

std::string list_names(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kNamesListedMax) {
      return list + ", and " + std::to_string(names.size() - i) + " more";
    }
    list += (i == 0 ? "" : ", ") + names[i];
  }
  return list;
}

}  // namespace thalweg::sql
