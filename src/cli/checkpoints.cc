#include "thalweg/checkpoints.h"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "commands.h"
#include "screen.h"
#include "terminal.h"

namespace thalweg::cli {
namespace {

// Tells the problem, where there is one.
int outcome(const std::string& problem) {
  if (problem.empty()) {
    return kExitOk;
  }
  tell("error: {}\n", problem);
  return kExitFailed;
}

int shown(const CheckpointReport& report) {
  fmt::print("{}", report.text);
  return outcome(report.problem);
}

int verify(const CommandLine& line, const std::string& name) {
  const std::vector<std::string> problems = verify_checkpoint(line.state_dir, name);
  int exit_code = kExitOk;
  for (const std::string& problem : problems) {
    exit_code = outcome(problem);
  }
  if (problems.empty() && !line.quiet) {
    fmt::print("{}: every byte is as it was written\n", name);
  }
  return exit_code;
}

int export_rows(const CommandLine& line, const std::string& name) {
  Screen screen;
  std::string problem = export_checkpoint(
      line.state_dir, name, [&](std::string_view lines) { return screen.write(lines); });
  if (screen.failure() != 0) {
    problem = fmt::format("cannot write standard output: {}", std::strerror(screen.failure()));
  }
  return outcome(problem);
}

}  // namespace

int run_checkpoints(const CommandLine& line) {
  const std::string& what = line.arguments[0];
  if (what == "list") {
    return shown(list_checkpoints(line.state_dir, line.json));
  }
  const std::string& name = line.arguments[1];
  if (what == "show") {
    return shown(show_checkpoint(line.state_dir, name, line.json));
  }
  return what == "verify" ? verify(line, name) : export_rows(line, name);
}

int run_savepoint(const CommandLine& line) {
  return shown(create_savepoint(line.state_dir, line.arguments[1], line.arguments[2]));
}

}  // namespace thalweg::cli
