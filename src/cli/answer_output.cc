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
      inner_(make_text_receiver(format_for(line), [this](std::string_view text) {
        has_written_ = true;
        return screen_.write(text);
      })) {}

void AnswerOutput::warning(const Problem& problem) { show_problem(problem, line_.json); }

// Who asks for a format is given the changes.
bool AnswerOutput::is_live(const ResultHeader& header) const {
  return header.updating && !line_.format && can_redraw(STDOUT_FILENO);
}

void AnswerOutput::resuming(const ResumedRun& run) {
  if (!line_.quiet) {
    tell("{}", describe_resumed(run));
  }
}

void AnswerOutput::at_least_once(const std::vector<std::string>& sinks) {
  if (!line_.quiet) {
    tell("{}", describe_at_least_once(sinks));
  }
}

void AnswerOutput::waiting(std::string_view why) {
  if (!line_.quiet) {
    tell("{}", describe_waiting(why));
  }
}

void AnswerOutput::begin(const ResultHeader& header) {
  rows_[header.statement] = 0;
  if (!is_live(header)) {
    inner_->begin(header);
    return;
  }
  if (!live_) {
    live_.emplace(line_, screen_);
  }
  live_->begin(header);
}

bool AnswerOutput::rows(const ResultHeader& header, const Rows& rows) {
  rows_[header.statement] += rows.count();
  if (!is_live(header)) {
    return inner_->rows(header, rows);
  }
  live_->apply(header, rows);
  return true;
}

void AnswerOutput::end(const ResultHeader& header, const RunProgress& summary) {
  if (is_live(header)) {
    end_live(header.statement);
  } else {
    inner_->end(header, summary);
  }
  // SHOW and the like are answered without running anything.
  const bool has_run = !summary.operators.empty();
  has_answered_ |= has_run;
  if (has_run && !summary.was_finished() && rows_[header.statement] == 0 && !line_.quiet) {
    screen_.clear();
    tell("no rows: {}\n", explain_empty(summary));
  }
}

void AnswerOutput::end_live(std::size_t statement) {
  // The text stands apart from what was written before, and what comes next from it.
  const std::string gap = has_written_ ? "\n" : "";
  inner_->explanation(gap + live_->end(statement));
}

void AnswerOutput::close() {
  if (live_) {
    for (const std::size_t statement : live_->statements()) {
      end_live(statement);
    }
    live_.reset();
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
