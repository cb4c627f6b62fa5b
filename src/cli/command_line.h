#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "terminal.h"
#include "thalweg/output.h"

namespace thalweg::cli {

// Exit codes, the same for every command.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,         // While running.
  kExitUsage = 2,          // A wrong command or flag.
  kExitUnavailable = 75,   // Something outside is not there.
  kExitInvalid = 78,       // Wrong SQL or options in it; nothing ran.
  kExitInterrupted = 130,  // A second Ctrl-C.
};

enum class Command {
  kQuery,
  kRun,
  kValidate,
  kExplain,
  kCheckpoints,
  kSavepoint,
  kUpgrade,
  kTopics,
  kGroups,
  kDemo,
  kConnectors,
  kFunctions,
  kHelp,
  kVersion
};

// What the user asked for, as typed.
struct CommandLine {
  Command command = Command::kQuery;
  std::optional<std::string> sql;       // -c
  std::optional<std::string> sql_file;  // -f; "-" is standard input.
  std::vector<std::string> arguments;   // FILE..., NAME, TOPIC.
  std::optional<OutputFormat> format;
  bool json = false;
  bool quiet = false;
  bool analyze = false;
  bool watermarks = false;
  double for_seconds = 5;  // How long explain --watermarks runs.
  ColorChoice color = ColorChoice::kAuto;
  std::string brokers = "localhost:9092";
  std::string state_dir;
  std::string name;  // Of the pipeline in it.
  bool from_scratch = false;
  bool take_over = false;
  std::vector<std::string> from_savepoints;
  bool allow_new_state = false;
  bool allow_dropped_state = false;
  bool check = false;         // upgrade: only judges.
  std::uint32_t workers = 0;  // 0: as many as the machine has cores.
  std::vector<std::pair<std::string, std::string>> settings;  // --set NAME=VALUE
};

// The command line read; or, with help or a mistake, the text already shown and the code to exit
// with.
struct ParsedCommandLine {
  std::optional<CommandLine> command_line;
  int exit_code = kExitOk;
};
ParsedCommandLine parse_command_line(int argc, char** argv);

}  // namespace thalweg::cli
