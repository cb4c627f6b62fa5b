#include <fmt/format.h>

#include <clocale>
#include <csignal>
#include <exception>

#include "commands.h"

namespace {

int dispatch(const thalweg::cli::CommandLine& line) {
  using thalweg::cli::Command;
  switch (line.command) {
    case Command::kQuery:
      return run_query(line);
    case Command::kRun:
      return run_pipeline(line);
    case Command::kValidate:
      return run_validate(line);
    case Command::kExplain:
      return run_explain(line);
    case Command::kDemo:
      return run_demo(line);
    case Command::kConnectors:
      return list_connectors(line);
    case Command::kFunctions:
      return list_functions(line);
    case Command::kHelp:
      return show_help(line);
    case Command::kVersion:
      return show_version(line);
  }
  return thalweg::cli::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    // A reader that goes away shows as a failed write, which ends the run in order.
    std::signal(SIGPIPE, SIG_IGN);
    const thalweg::cli::ParsedCommandLine parsed = thalweg::cli::parse_command_line(argc, argv);
    if (parsed.exit_code != thalweg::cli::kExitOk || !parsed.command_line) {
      return parsed.exit_code;
    }
    return dispatch(*parsed.command_line);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: internal: {}\n  = help: please report this with the command\n",
               error.what());
    return thalweg::cli::kExitFailed;
  }
}
