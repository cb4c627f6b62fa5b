#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

#include "commands.h"
#include "process.h"
#include "terminal.h"

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
    case Command::kCheckpoints:
      return run_checkpoints(line);
    case Command::kSavepoint:
      return run_savepoint(line);
    case Command::kUpgrade:
      return run_upgrade(line);
    case Command::kTopics:
      return run_topics(line);
    case Command::kGroups:
      return run_groups(line);
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

// A reader who has seen enough is no failure.
int code_without_output(int code, int error) {
  if (error == EPIPE) {
    return code;
  }
  thalweg::cli::tell("error: cannot write standard output: {}\n", std::strerror(error));
  return thalweg::cli::kExitFailed;
}

// What listings print stays in the buffer of stdout until here, where it must not get lost unseen.
int flushed(int code) { return std::fflush(stdout) == 0 ? code : code_without_output(code, errno); }

}  // namespace

int main(int argc, char** argv) {
  try {
    thalweg::cli::prepare_process();
    const thalweg::cli::ParsedCommandLine parsed = thalweg::cli::parse_command_line(argc, argv);
    const bool runs = parsed.exit_code == thalweg::cli::kExitOk && parsed.command_line;
    return flushed(runs ? dispatch(*parsed.command_line) : parsed.exit_code);
  } catch (const std::system_error& error) {
    return code_without_output(thalweg::cli::kExitOk, error.code().value());  // From fmt::print.
  } catch (const std::exception& error) {
    thalweg::cli::tell("error: internal: {}\n  = help: please report this with the command\n",
                       error.what());
    return thalweg::cli::kExitFailed;
  }
}
