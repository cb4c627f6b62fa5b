#include "answer_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include "terminal.h"

namespace thalweg::cli {
namespace {

OutputFormat format_for(const CommandLine& line) {
  return line.format.value_or(is_terminal(STDOUT_FILENO) ? OutputFormat::kTable
                                                         : OutputFormat::kPlain);
}

void show_problem(const Problem& problem, bool json) {
  write_all(STDERR_FILENO, json ? problem.json + "\n" : problem.text);
}

}  // namespace

AnswerOutput::AnswerOutput(const CommandLine& line, Screen& screen)
    : line_(line),
      screen_(screen),
      inner_(make_text_receiver(format_for(line),
                                [&screen](std::string_view text) { return screen.write(text); })) {}

void AnswerOutput::warning(const Problem& problem) { show_problem(problem, line_.json); }

void AnswerOutput::begin(const ResultHeader& header) {
  rows_[header.statement] = 0;
  inner_->begin(header);
}

bool AnswerOutput::rows(const ResultHeader& header, const Rows& rows) {
  rows_[header.statement] += rows.count();
  return inner_->rows(header, rows);
}

void AnswerOutput::end(const ResultHeader& header, const RunProgress& summary) {
  inner_->end(header, summary);
  // SHOW and the like are answered without running anything.
  const bool has_run = !summary.operators.empty();
  has_answered_ |= has_run;
  if (has_run && rows_[header.statement] == 0 && !line_.quiet) {
    screen_.clear_line();
    fmt::print(stderr, "no rows: {}\n", explain_empty(summary));
  }
}

void show_problems(const std::vector<Problem>& problems, bool json) {
  for (const Problem& problem : problems) {
    show_problem(problem, json);
  }
}

void show_errors(const RunReport& report, bool json) {
  for (const Problem& problem : report.problems) {
    if (problem.is_error || report.outcome == Outcome::kInvalid) {
      show_problem(problem, json);
    }
  }
}

}  // namespace thalweg::cli
