#include "command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <string_view>

#include "command_help.h"
#include "terminal.h"
#include "thalweg/docs.h"

namespace thalweg::cli {
namespace {

constexpr std::uint32_t kWorkersMax = 128;

int usage_error(const std::string& message) {
  tell("error: {}\n  = help: thalweg --help\n", message);
  return kExitUsage;
}

// Names the unknown word's nearest command or flag.
std::string suggestion(const std::string& word) {
  if (word.ends_with(".sql")) {
    return fmt::format("; did you mean \"thalweg run {}\"?", word);
  }
  std::vector<std::string> candidates;
  if (word.starts_with("-")) {
    for (const FlagHelp& flag : flag_helps()) {
      candidates.emplace_back(flag.name);
    }
  } else {
    for (const CommandHelp& command : command_helps()) {
      candidates.emplace_back(command.name);
    }
  }
  const std::optional<std::string> near = suggest(word, candidates);
  return near ? fmt::format("; did you mean \"{}\"?", *near) : "";
}

Command command_named(std::string_view name) {
  if (name == "run") return Command::kRun;
  if (name == "validate") return Command::kValidate;
  if (name == "explain") return Command::kExplain;
  if (name == "checkpoints") return Command::kCheckpoints;
  if (name == "savepoint") return Command::kSavepoint;
  if (name == "upgrade") return Command::kUpgrade;
  if (name == "topics") return Command::kTopics;
  if (name == "groups") return Command::kGroups;
  if (name == "demo") return Command::kDemo;
  if (name == "connectors") return Command::kConnectors;
  if (name == "functions") return Command::kFunctions;
  if (name == "version") return Command::kVersion;
  return Command::kHelp;
}

int check_checkpoints(const CommandLine& line) {
  constexpr std::array<std::string_view, 3> kOfOne{"show", "verify", "export"};
  const std::vector<std::string>& words = line.arguments;
  const bool lists = words.size() == 1 && words[0] == "list";
  const bool is_of_one =
      words.size() == 2 && std::find(kOfOne.begin(), kOfOne.end(), words[0]) != kOfOne.end();
  if (!lists && !is_of_one) {
    return usage_error("checkpoints takes list, show NAME, verify NAME or export NAME");
  }
  return line.state_dir.empty() ? usage_error("checkpoints needs --state-dir DIR") : kExitOk;
}

// `of_one`: the words that a name follows. "list" stands alone, and may be left out.
bool lists_or_is_of_one(const std::vector<std::string>& words,
                        std::initializer_list<std::string_view> of_one) {
  const bool lists = words.empty() || (words.size() == 1 && words[0] == "list");
  return lists ||
         (words.size() == 2 && std::find(of_one.begin(), of_one.end(), words[0]) != of_one.end());
}

// How many words a command takes after its name.
int check_arguments(const CommandLine& line, const std::string& name) {
  const std::size_t count = line.arguments.size();
  switch (line.command) {
    case Command::kRun:
      return count == 1 ? kExitOk : usage_error("run takes one FILE: thalweg run FILE");
    case Command::kValidate:
      return count > 0 ? kExitOk : usage_error("validate takes files: thalweg validate FILE...");
    case Command::kExplain:
      return count + (line.sql || line.sql_file ? 1 : 0) == 1
                 ? kExitOk
                 : usage_error("explain takes one FILE, or -c SQL");
    case Command::kCheckpoints:
      return check_checkpoints(line);
    case Command::kSavepoint:
      if (count != 3 || line.arguments[0] != "create") {
        return usage_error("savepoint takes create NAME PATH");
      }
      return line.state_dir.empty() ? usage_error("savepoint needs --state-dir DIR") : kExitOk;
    case Command::kUpgrade:
      return count == 2 && line.check ? kExitOk
                                      : usage_error("upgrade takes --check OLD.sql NEW.sql");
    case Command::kTopics:
      return lists_or_is_of_one(line.arguments, {"show", "tail"})
                 ? kExitOk
                 : usage_error("topics takes list, show NAME or tail NAME");
    case Command::kGroups:
      return lists_or_is_of_one(line.arguments, {"show"})
                 ? kExitOk
                 : usage_error("groups takes list or show NAME");
    case Command::kVersion:
      return count == 0 ? kExitOk : usage_error("version takes no argument");
    case Command::kDemo:
    case Command::kConnectors:
    case Command::kFunctions:
    case Command::kHelp:
      return count <= 1 ? kExitOk : usage_error(name + " takes at most one argument");
    case Command::kQuery:
      break;
  }
  return kExitOk;
}

struct RawFlags {
  std::string sql;
  std::string sql_file;
  std::string format;
  std::string color = "auto";
  bool no_color = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> settings;
  std::vector<std::string> words;
};

ColorChoice color_choice(const RawFlags& raw) {
  if (raw.no_color || raw.color == "never") {
    return ColorChoice::kNever;
  }
  return raw.color == "always" ? ColorChoice::kAlways : ColorChoice::kAuto;
}

void declare_flags(CLI::App& app, RawFlags& raw, CommandLine& line) {
  app.add_option("-c,--command", raw.sql);
  app.add_option("-f,--file", raw.sql_file);
  app.add_option("--format", raw.format);
  app.add_flag("--json", line.json);
  app.add_option("--workers", line.workers);
  app.add_option("--brokers", line.brokers);
  app.add_option("--state-dir", line.state_dir);
  app.add_option("--name", line.name);
  app.add_flag("--from-scratch", line.from_scratch);
  app.add_flag("--take-over", line.take_over);
  app.add_option("--from-savepoint", line.from_savepoints)->allow_extra_args(false);
  app.add_flag("--allow-new-state", line.allow_new_state);
  app.add_flag("--allow-dropped-state", line.allow_dropped_state);
  app.add_flag("--check", line.check);
  app.add_option("--set", raw.settings)->allow_extra_args(false);
  app.add_option("--color", raw.color);
  app.add_flag("--no-color", raw.no_color);
  app.add_flag("-q,--quiet", line.quiet);
  app.add_flag("--analyze", line.analyze);
  app.add_flag("--watermarks", line.watermarks);
  app.add_option("--for", line.for_seconds)
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, double>{
              {"ms", 0.001}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}},
          CLI::AsNumberWithUnit::CASE_INSENSITIVE, "DURATION"))
      ->check(CLI::PositiveNumber);
  app.add_flag("-h,--help", raw.help);
  app.add_flag("--version", raw.version);
  app.add_option("words", raw.words);
}

// Whether the command knows all flags that are given.
int check_flags(const CLI::App& app, std::string_view command) {
  for (const CLI::Option* const option : app.get_options()) {
    const auto helps = flag_helps();
    const std::string name = option->get_name();
    const auto is_this = [&](const FlagHelp& flag) { return flag.name == name; };
    const bool known = std::none_of(helps.begin(), helps.end(), is_this) ||
                       std::any_of(helps.begin(), helps.end(), [&](const FlagHelp& flag) {
                         return is_this(flag) && knows_flag(command, flag);
                       });
    if (option->count() > 0 && !known) {
      return usage_error(command == "-c" ? fmt::format("{} belongs to a command", name)
                                         : fmt::format("{} has no flag {}", command, name));
    }
  }
  return kExitOk;
}

int interpret_format(const std::string& format, CommandLine& line) {
  if (line.command == Command::kExplain) {
    if (format != "text" && format != "json") {
      return usage_error(fmt::format("--format {} is not known; it is text or json", format));
    }
    line.json |= format == "json";
    return kExitOk;
  }
  line.format = parse_output_format(format);
  return line.format ? kExitOk
                     : usage_error(fmt::format("--format {} is not known; it is one of table, "
                                               "plain, json, jsonl, csv",
                                               format));
}

int interpret_settings(const std::vector<std::string>& settings, CommandLine& line) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage_error(fmt::format("--set {} is not of the form NAME=VALUE", setting));
    }
    line.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return kExitOk;
}

// Checks what CLI11 cannot: formats, colours, settings, and which flags go together.
int interpret(const CLI::App& app, const RawFlags& raw, CommandLine& line) {
  if (app.count("--command") > 0) {
    line.sql = raw.sql;
  }
  if (app.count("--file") > 0) {
    line.sql_file = raw.sql_file;
  }
  if (line.sql && line.sql_file) {
    return usage_error("-c and -f exclude each other");
  }
  if (raw.color != "auto" && raw.color != "always" && raw.color != "never") {
    return usage_error(
        fmt::format("--color {} is not known; it is auto, always or never", raw.color));
  }
  line.color = color_choice(raw);
  if (app.count("--workers") > 0 && (line.workers < 1 || line.workers > kWorkersMax)) {
    return usage_error(fmt::format("--workers takes a number from 1 to {}", kWorkersMax));
  }
  if (line.analyze && line.watermarks) {
    return usage_error("--analyze and --watermarks exclude each other");
  }
  if (line.watermarks && (line.json || app.count("--format") > 0)) {
    return usage_error("--watermarks shows text only, without --format or --json");
  }
  for (const char* const flag : {"--state-dir", "--name", "--from-savepoint", "--file"}) {
    const CLI::Option* const option = app.get_option(flag);
    if (option->count() > 0 && std::ranges::count(option->results(), "") > 0) {
      return usage_error(fmt::format("{} takes a value that is not empty", flag));
    }
  }
  for (const char* const flag : {"--from-scratch", "--from-savepoint", "--name", "--take-over",
                                 "--allow-new-state", "--allow-dropped-state"}) {
    if (line.command == Command::kRun && app.count(flag) > 0 && line.state_dir.empty()) {
      return usage_error(
          fmt::format("{} is about the state in --state-dir DIR, and needs it", flag));
    }
  }
  if (app.count("--for") > 0 && !line.watermarks) {
    return usage_error("--for says how long --watermarks runs, and needs it");
  }
  if (line.json) {
    line.format = OutputFormat::kJson;
  }
  if (app.count("--format") > 0) {
    if (const int code = interpret_format(raw.format, line); code != kExitOk) {
      return code;
    }
  }
  return interpret_settings(raw.settings, line);
}

// CLI11's messages speak of what they call types; these of what was typed.
std::string parse_problem(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string flag = text.substr(0, text.find(':'));
  if (flag == "--for") {
    return "--for takes a span of time, such as 500ms, 5s or 2min";
  }
  if (error.get_name() == "ConversionError") {
    return fmt::format("--workers takes a number from 1 to {}", kWorkersMax);
  }
  if (error.get_name() == "ArgumentMismatch" && flag.starts_with("--")) {
    return flag + " takes one value, and may be given once";
  }
  return text;
}

}  // namespace

ParsedCommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  RawFlags raw;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras(false);
  declare_flags(app, raw, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> unknown = app.remaining();
    const std::string word = unknown.empty() ? "" : unknown.front();
    return {std::nullopt, usage_error(fmt::format("unknown flag {}{}", word, suggestion(word)))};
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, usage_error(parse_problem(error))};
  }
  std::string name = raw.words.empty() ? "" : raw.words.front();
  const bool bold = wants_color(STDOUT_FILENO, color_choice(raw));
  if (raw.help) {
    fmt::print("{}", help_text(name, bold));
    return {std::nullopt, kExitOk};
  }
  if (raw.version) {
    name = "version";
  }
  if (!name.empty() && find_command(name) == nullptr) {
    return {std::nullopt, usage_error(fmt::format("unknown command {}{}", name, suggestion(name)))};
  }
  line.command = name.empty() ? Command::kQuery : command_named(name);
  if (const int code = check_flags(app, name.empty() ? "-c" : name); code != kExitOk) {
    return {std::nullopt, code};
  }
  if (const int code = interpret(app, raw, line); code != kExitOk) {
    return {std::nullopt, code};
  }
  if (!raw.words.empty()) {
    line.arguments.assign(raw.words.begin() + 1, raw.words.end());
  }
  if (line.command == Command::kQuery && !line.sql && !line.sql_file && is_terminal(STDIN_FILENO)) {
    fmt::print("{}", help_text("", bold));
    return {std::nullopt, kExitUsage};
  }
  return {line, check_arguments(line, name)};
}

}  // namespace thalweg::cli
