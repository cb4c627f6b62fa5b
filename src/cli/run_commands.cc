#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "answer_output.h"
#include "commands.h"
#include "footer.h"
#include "interrupt.h"
#include "screen.h"
#include "script_file.h"
#include "terminal.h"
#include "thalweg/session.h"

namespace thalweg::cli {
namespace {

int exit_code(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
    case Outcome::kStopped:
      return kExitOk;
    case Outcome::kInvalid:
      return kExitInvalid;
    case Outcome::kUnavailable:
      return kExitUnavailable;
    case Outcome::kFailed:
      return kExitFailed;
  }
  return kExitFailed;
}

SessionOptions session_options(const CommandLine& line) {
  SessionOptions options;
  options.workers = line.workers;
  options.color = wants_color(STDERR_FILENO, line.color);
  return options;
}

// Of a command that shows answers.
SessionOptions answer_options(const CommandLine& line) {
  SessionOptions options = session_options(line);
  options.answers_apart = line.format == OutputFormat::kJson ||
                          line.format == OutputFormat::kJsonLines ||
                          line.format == OutputFormat::kCsv;
  return options;
}

class NoResults final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override { return true; }
};

// Gives the session what --set said. False, with the reason told, when it refuses.
bool apply_settings(Session& session, const CommandLine& line) {
  for (const auto& [name, value] : line.settings) {
    std::string quoted;
    for (const char c : value) {
      quoted += c == '\'' ? "''" : std::string(1, c);
    }
    NoResults none;
    const RunReport report = session.execute(
        {.name = "--set " + name, .text = fmt::format("SET {} = '{}';", name, quoted)}, none);
    if (report.outcome != Outcome::kDone) {
      show_problems(report.problems, line.json);
      return false;
    }
  }
  return true;
}

// Rows that did not make it into the answer are never passed over in silence.
void report_rejected(const RunProgress& summary) {
  const bool begun_again = std::any_of(summary.partitions.begin(), summary.partitions.end(),
                                       [](const auto& each) { return each.restarts > 0; });
  if (summary.rows_rejected() > 0 || begun_again) {
    tell("{}", summarize(summary));
  }
}

// The code to exit with; a failure to write what the run answered is told here.
int finish(const RunReport& report, const Screen& screen, bool json) {
  show_errors(report, json);
  if (screen.failure() != 0) {
    tell("error: cannot write standard output: {}\n", std::strerror(screen.failure()));
    return kExitFailed;
  }
  return exit_code(report.outcome);
}

// Where nothing was asked for but put into tables, of which nothing came.
void explain_no_output(const RunReport& report) {
  const bool ended = report.outcome == Outcome::kDone || report.outcome == Outcome::kStopped;
  const RunProgress& summary = report.summary;
  if (ended && !summary.was_finished() && summary.rows_out == 0 && !summary.operators.empty()) {
    tell("no rows: {}\n", explain_empty(summary));
  }
}

}  // namespace

int run_query(const CommandLine& line) {
  const std::optional<Script> script = script_of(line);
  if (!script) {
    return kExitInvalid;
  }
  Session session(answer_options(line));
  if (!apply_settings(session, line)) {
    return kExitInvalid;
  }
  const InterruptGuard guard(session, line.quiet);
  Screen screen;
  AnswerOutput output(line, screen);
  const RunReport report = session.execute(*script, output);
  output.close();
  if (!line.quiet && !output.has_answered()) {
    explain_no_output(report);
  }
  if (!line.quiet) {
    report_rejected(report.summary);
  }
  return finish(report, screen, line.json);
}

int run_pipeline(const CommandLine& line) {
  const std::optional<Script> script = script_of(line);
  if (!script) {
    return kExitInvalid;
  }
  SessionOptions options = answer_options(line);
  options.state = {
      .directory = line.state_dir,
      .name = line.name.empty() ? std::filesystem::path(script->name).stem().string() : line.name,
      .from_scratch = line.from_scratch,
      .take_over = line.take_over,
      .from_savepoints = line.from_savepoints,
      .allow_new_state = line.allow_new_state,
      .allow_dropped_state = line.allow_dropped_state};
  Session session(options);
  if (!apply_settings(session, line)) {
    return kExitInvalid;
  }
  Screen screen;
  AnswerOutput output(line, screen);
  RunReport report;
  {
    const InterruptGuard guard(session, line.quiet);
    std::optional<Footer> footer;
    if (!line.quiet) {
      footer.emplace(session, screen);
    }
    report = session.execute(*script, output);
    output.close();
  }
  if (!line.quiet && report.outcome != Outcome::kInvalid) {
    if (!output.has_answered()) {
      explain_no_output(report);
    }
    if (!report.summary.operators.empty()) {
      tell("{}", summarize(report.summary));
    } else if (report.outcome == Outcome::kDone) {
      tell("nothing was run: the script has no SELECT and no INSERT\n");
    }
  }
  return finish(report, screen, line.json);
}

int run_validate(const CommandLine& line) {
  int code = kExitOk;
  for (const std::string& path : line.arguments) {
    const std::optional<Script> script = read_script(path, line.json);
    if (!script) {
      code = kExitInvalid;
      continue;
    }
    Session session(session_options(line));
    const std::vector<Problem> problems = session.validate(*script);
    show_problems(problems, line.json);
    const bool wrong = std::any_of(problems.begin(), problems.end(),
                                   [](const Problem& problem) { return problem.is_error; });
    if (wrong) {
      code = kExitInvalid;
    } else if (!line.quiet && !line.json) {
      fmt::print("{}: syntax, names, types and options are right\n", script->name);
    }
  }
  return code;
}

int run_explain(const CommandLine& line) {
  const std::optional<Script> script = script_of(line);
  if (!script) {
    return kExitInvalid;
  }
  Session session(session_options(line));
  if (!apply_settings(session, line)) {
    return kExitInvalid;
  }
  const InterruptGuard guard(session, line.quiet);
  const Explanation explanation = session.explain(
      *script, {.json = line.json,
                .analyze = line.analyze,
                .watermarks_after_micros =
                    line.watermarks ? static_cast<std::int64_t>(line.for_seconds * 1e6) : 0});
  Screen screen;
  screen.write(explanation.text);
  show_problems(explanation.report.problems, line.json);
  return finish({.outcome = explanation.report.outcome, .problems = {}, .summary = {}}, screen,
                line.json);
}

}  // namespace thalweg::cli
