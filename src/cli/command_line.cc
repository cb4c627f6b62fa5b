#include "command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string_view>

#include "thalweg/docs.h"

namespace thalweg::cli {
namespace {

struct CommandHelp {
  std::string_view name;
  std::string_view usage;
  std::string_view text;
  std::string_view examples;
};

constexpr std::array kCommands{
    CommandHelp{"run", "thalweg run FILE [--set NAME=VALUE] [-q]",
                "Runs the pipeline in a file until its inputs end or Ctrl-C stops it.",
                "  thalweg run hot.sql\n"
                "  thalweg run hot.sql --workers 4 --set checkpoint_interval=1s\n"},
    CommandHelp{"validate", "thalweg validate FILE... [--json]",
                "Checks syntax, names, types and options; shows all mistakes; runs nothing.",
                "  thalweg validate jobs/*.sql\n"},
    CommandHelp{
        "explain", "thalweg explain FILE [--analyze | --watermarks [--for 5s]] [--json]",
        "Shows the plan. --analyze runs it and shows rows, time and bytes; --watermarks runs "
        "it for a while, writes nothing out, and shows what time is doing.",
        "  thalweg explain hot.sql\n"
        "  thalweg explain -c \"SELECT net, count(*) FROM 'quakes.jsonl' GROUP BY net\" "
        "--analyze\n"
        "  thalweg explain hot.sql --watermarks --for 10s\n"},
    CommandHelp{"demo", "thalweg demo [quakes|orders]",
                "quakes: a week of real earthquakes in about ten seconds. orders: generated, "
                "endless.",
                "  thalweg demo\n  thalweg demo orders\n"},
    CommandHelp{"connectors", "thalweg connectors [NAME] [--json]",
                "Lists connectors, or one connector's options.", "  thalweg connectors file\n"},
    CommandHelp{"functions", "thalweg functions [NAME] [--json]",
                "Lists functions, or shows one with its example.",
                "  thalweg functions date_trunc\n"},
    CommandHelp{"help", "thalweg help [COMMAND | CODE]", "Explains a command or an error code.",
                "  thalweg help S0203\n"},
    CommandHelp{"version", "thalweg version [--json]", "Prints the version.", ""},
};

constexpr std::string_view kQueryHelp =
    R"(thalweg: event streams in SQL, in one program.

Examples:
  thalweg demo                                     see it work
  thalweg -c "SELECT net, count(*) FROM 'quakes.jsonl' GROUP BY net"
  cat clicks.jsonl | thalweg -c "SELECT page, count(*) FROM stdin GROUP BY page"
  thalweg run hot.sql                              run a pipeline

Usage: thalweg -c SQL | -f FILE | COMMAND
       thalweg < FILE                              runs standard input as SQL
)";

constexpr std::string_view kFlagsHelp = R"(
Flags, before or after the command:
  -c, --command SQL     run SQL, print its results
  -f, --file FILE       run the SQL in a file; - is standard input
      --format FORMAT   table, plain, json, jsonl or csv; table on a terminal, else plain
      --json            json for results; errors and listings as JSON
      --workers N       threads; default: one for each core
      --set NAME=VALUE  a setting, as SET in the script; may be repeated
      --color WHEN      auto, always or never; --no-color is never
  -q, --quiet           no progress, no summary
  -h, --help            help; also: thalweg help COMMAND
      --version         the version
)";

std::optional<CommandHelp> find_command(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const CommandHelp& command) { return command.name == name; });
  return found == kCommands.end() ? std::nullopt : std::optional(*found);
}

std::string flags_text() { return std::string(kFlagsHelp); }

int usage_error(const std::string& message) {
  fmt::print(stderr, "error: {}\n  = help: thalweg --help\n", message);
  return kExitUsage;
}

// Names the unknown word's nearest command or flag.
std::string suggestion(const std::string& word) {
  std::vector<std::string> candidates;
  if (word.starts_with("-")) {
    candidates = {"--command", "--file",  "--format",  "--json",    "--workers",
                  "--set",     "--color", "--quiet",   "--analyze", "--watermarks",
                  "--for",     "--help",  "--version", "--no-color"};
  } else {
    for (const CommandHelp& command : kCommands) {
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
  if (name == "demo") return Command::kDemo;
  if (name == "connectors") return Command::kConnectors;
  if (name == "functions") return Command::kFunctions;
  if (name == "version") return Command::kVersion;
  return Command::kHelp;
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
      return count == 1 || line.sql ? kExitOk : usage_error("explain takes one FILE, or -c SQL");
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

void declare_flags(CLI::App& app, RawFlags& raw, CommandLine& line) {
  app.add_option("-c,--command", raw.sql);
  app.add_option("-f,--file", raw.sql_file);
  app.add_option("--format", raw.format);
  app.add_flag("--json", line.json);
  app.add_option("--workers", line.workers);
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
  if (!raw.format.empty()) {
    line.format = parse_output_format(raw.format);
    if (!line.format) {
      return usage_error(fmt::format(
          "--format {} is not known; it is one of table, plain, json, jsonl, csv", raw.format));
    }
  } else if (line.json) {
    line.format = OutputFormat::kJson;
  }
  if (raw.color != "auto" && raw.color != "always" && raw.color != "never") {
    return usage_error(
        fmt::format("--color {} is not known; it is auto, always or never", raw.color));
  }
  line.color = raw.no_color || raw.color == "never" ? ColorChoice::kNever
               : raw.color == "always"              ? ColorChoice::kAlways
                                                    : ColorChoice::kAuto;
  if (app.count("--workers") > 0 && (line.workers < 1 || line.workers > 128)) {
    return usage_error("--workers takes a number from 1 to 128");
  }
  for (const std::string& setting : raw.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage_error(fmt::format("--set {} is not of the form NAME=VALUE", setting));
    }
    line.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return kExitOk;
}

}  // namespace

std::string help_text(const std::string& command) {
  if (const std::optional<CommandHelp> found = find_command(command)) {
    std::string text = fmt::format("{}\n\nUsage: {}\n", found->text, found->usage);
    if (!found->examples.empty()) {
      text += fmt::format("\nExamples:\n{}", found->examples);
    }
    return text + flags_text();
  }
  std::string text(kQueryHelp);
  text += "\nCommands:\n";
  for (const CommandHelp& each : kCommands) {
    text += fmt::format("  {:<11} {}\n", each.name, each.text);
  }
  return text + flags_text();
}

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
    std::string unknown;
    for (const std::string& word : app.remaining()) {
      unknown = unknown.empty() ? word : unknown;
    }
    return {std::nullopt,
            usage_error(fmt::format("unknown flag {}{}", unknown, suggestion(unknown)))};
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, usage_error(error.what())};
  }
  std::string name = raw.words.empty() ? "" : raw.words.front();
  if (raw.help) {
    fmt::print("{}", help_text(name));
    return {std::nullopt, kExitOk};
  }
  if (const int code = interpret(app, raw, line); code != kExitOk) {
    return {std::nullopt, code};
  }
  if (raw.version) {
    name = "version";
  }
  if (!name.empty()) {
    if (!find_command(name)) {
      return {std::nullopt,
              usage_error(fmt::format("unknown command {}{}", name, suggestion(name)))};
    }
    line.command = command_named(name);
    if (!raw.words.empty()) {
      line.arguments.assign(raw.words.begin() + 1, raw.words.end());
    }
    return {line, check_arguments(line, name)};
  }
  if (!line.sql && !line.sql_file && is_terminal(STDIN_FILENO)) {
    fmt::print("{}", help_text(""));
    return {std::nullopt, kExitUsage};
  }
  return {line, kExitOk};
}

}  // namespace thalweg::cli
