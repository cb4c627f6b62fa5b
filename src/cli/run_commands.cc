#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "footer.h"
#include "interrupt.h"
#include "terminal.h"
#include "thalweg/output.h"
#include "thalweg/session.h"

namespace thalweg::cli {
namespace {

// The whole of a file; "-" is standard input. Nothing, with the reason told, when it cannot be
// read.
std::optional<Script> read_script(const std::string& path) {
  const int descriptor = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    fmt::print(stderr, "error: cannot read {}: {}\n", path, std::strerror(errno));
    return std::nullopt;
  }
  Script script{.name = path == "-" ? "<standard input>" : path, .text = {}};
  char buffer[65536];
  ssize_t count = 0;
  while ((count = ::read(descriptor, buffer, sizeof buffer)) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) {
      script.text.append(buffer, static_cast<std::size_t>(count));
    }
  }
  const int failure = count < 0 ? errno : 0;
  if (descriptor != STDIN_FILENO) {
    ::close(descriptor);
  }
  if (failure != 0) {
    fmt::print(stderr, "error: cannot read {}: {}\n", path, std::strerror(failure));
    return std::nullopt;
  }
  return script;
}

void show_problems(const std::vector<Problem>& problems, bool json) {
  for (const Problem& problem : problems) {
    write_all(STDERR_FILENO, json ? problem.json + "\n" : problem.text);
  }
}

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

// Counts what each answer brought, so that one without rows can be explained.
class CountingReceiver final : public ResultReceiver {
 public:
  CountingReceiver(std::unique_ptr<ResultReceiver> inner, bool explain)
      : inner_(std::move(inner)), explain_(explain) {}

  void begin(const ResultHeader& header) override {
    rows_ = 0;
    inner_->begin(header);
  }
  bool rows(const ResultHeader& header, const Rows& rows) override {
    rows_ += rows.count();
    return inner_->rows(header, rows);
  }
  void end(const ResultHeader& header, const RunProgress& summary) override {
    inner_->end(header, summary);
    if (rows_ == 0 && explain_) {
      fmt::print(stderr, "no rows: {}\n", explain_empty(summary));
    }
  }
  void explanation(std::string_view text) override { inner_->explanation(text); }

 private:
  const std::unique_ptr<ResultReceiver> inner_;
  const bool explain_;
  std::uint64_t rows_ = 0;
};

std::unique_ptr<ResultReceiver> standard_output(const CommandLine& line) {
  const OutputFormat format = line.format.value_or(
      is_terminal(STDOUT_FILENO) ? OutputFormat::kTable : OutputFormat::kPlain);
  return std::make_unique<CountingReceiver>(
      make_text_receiver(format,
                         [](std::string_view text) { return write_all(STDOUT_FILENO, text); }),
      !line.quiet);
}

std::optional<Script> script_of(const CommandLine& line) {
  if (line.sql) {
    return Script{.name = "<command line>", .text = *line.sql};
  }
  if (line.sql_file) {
    return read_script(*line.sql_file);
  }
  return read_script(line.arguments.empty() ? "-" : line.arguments.front());
}

// Rows that did not make it into the answer are never passed over in silence.
void report_rejected(const RunProgress& summary) {
  const std::uint64_t rejected = summary.rows_rejected();
  if (rejected > 0) {
    fmt::print(stderr, "{}\n{}", summary_line(summary), rejected_examples(summary));
  }
}

}  // namespace

int run_query(const CommandLine& line) {
  const std::optional<Script> script = script_of(line);
  if (!script) {
    return kExitInvalid;
  }
  Session session(session_options(line));
  if (!apply_settings(session, line)) {
    return kExitInvalid;
  }
  const InterruptGuard guard(session, line.quiet);
  const std::unique_ptr<ResultReceiver> output = standard_output(line);
  const RunReport report = session.execute(*script, *output);
  show_problems(report.problems, line.json);
  if (!line.quiet) {
    report_rejected(report.summary);
  }
  return exit_code(report.outcome);
}

int run_pipeline(const CommandLine& line) {
  const std::optional<Script> script = script_of(line);
  if (!script) {
    return kExitInvalid;
  }
  Session session(session_options(line));
  if (!apply_settings(session, line)) {
    return kExitInvalid;
  }
  RunReport report;
  {
    const InterruptGuard guard(session, line.quiet);
    const std::unique_ptr<ResultReceiver> output = standard_output(line);
    std::optional<Footer> footer;
    if (!line.quiet) {
      footer.emplace(session, is_terminal(STDERR_FILENO));
    }
    report = session.execute(*script, *output);
  }
  show_problems(report.problems, line.json);
  if (!line.quiet && report.outcome != Outcome::kInvalid) {
    fmt::print(stderr, "{}\n{}", summary_line(report.summary), rejected_examples(report.summary));
  }
  return exit_code(report.outcome);
}

int run_validate(const CommandLine& line) {
  int code = kExitOk;
  for (const std::string& path : line.arguments) {
    const std::optional<Script> script = read_script(path);
    if (!script) {
      code = kExitInvalid;
      continue;
    }
    Session session(session_options(line));
    const std::vector<Problem> problems = session.validate(*script);
    show_problems(problems, line.json);
    bool wrong = false;
    for (const Problem& problem : problems) {
      wrong |= problem.is_error;
    }
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
  show_problems(explanation.report.problems, line.json);
  write_all(STDOUT_FILENO, explanation.text);
  return exit_code(explanation.report.outcome);
}

}  // namespace thalweg::cli
