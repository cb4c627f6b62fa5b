#include "api/problems.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace thalweg {

Problem to_problem(const SourceText& source, const Diagnostic& diagnostic, bool color) {
  Problem problem;
  problem.is_error = diagnostic.severity == Severity::kError;
  problem.code = diagnostic.code;
  problem.message = diagnostic.message;
  problem.file = source.name;
  const LineColumn begin = locate(source.text, diagnostic.span.begin);
  const LineColumn end = locate(source.text, diagnostic.span.end);
  if (diagnostic.span.end > diagnostic.span.begin) {
    problem.line = begin.line;
    problem.column = begin.column;
    problem.end_line = end.line;
    problem.end_column = end.column;
  }
  if (!diagnostic.label.empty()) {
    problem.hints.push_back(diagnostic.label);
  }
  problem.hints.insert(problem.hints.end(), diagnostic.notes.begin(), diagnostic.notes.end());
  problem.text = render_text(source, diagnostic, color);
  problem.json = render_json(source, diagnostic);
  return problem;
}

std::vector<Problem> to_problems(const SourceText& source, const Diagnostics& diagnostics,
                                 bool color) {
  // Those of syntax are found before those of names: people read them from top to bottom.
  std::vector<Diagnostic> in_order = diagnostics.all();
  std::stable_sort(in_order.begin(), in_order.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return a.span.begin < b.span.begin;
  });
  std::vector<Problem> problems;
  for (const Diagnostic& diagnostic : in_order) {
    problems.push_back(to_problem(source, diagnostic, color));
  }
  return problems;
}

Problem to_problem(const SourceText& source, const Status& status, bool color) {
  const Outcome outcome = outcome_of(status);
  Diagnostic diagnostic;
  diagnostic.code = outcome != Outcome::kFailed        ? "C0301"
                    : status.code() == Code::kNoMemory ? "R0002"
                                                       : "R0001";
  diagnostic.message = status.message();
  return to_problem(source, diagnostic, color);
}

Outcome outcome_of(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return Outcome::kDone;
    case Code::kReaderGone:
      return Outcome::kStopped;
    case Code::kInvalidArgument:
      return Outcome::kInvalid;
    case Code::kUnavailable:
      return Outcome::kUnavailable;
    case Code::kNoSpace:
    case Code::kNoMemory:
    case Code::kCorrupt:
    case Code::kRowFailed:
      break;
  }
  return Outcome::kFailed;
}

}  // namespace thalweg
