#include "command_help.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace thalweg::cli {
namespace {

constexpr std::array kCommands{
    CommandHelp{"run", "thalweg run FILE [--state-dir DIR] [--set NAME=VALUE] [-q]",
                "Runs the pipeline in a file until its inputs end or Ctrl-C stops it.",
                "  thalweg run hot.sql\n"
                "  thalweg run hot.sql --state-dir state      goes on where it stopped or crashed\n"
                "  thalweg run hot.sql --workers 4 --set batch_rows=1024\n"},
    CommandHelp{"validate", "thalweg validate FILE... [--json]",
                "Checks syntax, names, types and options; shows all mistakes; runs nothing.",
                "  thalweg validate jobs/*.sql\n"},
    CommandHelp{
        "explain",
        "thalweg explain FILE | -c SQL [--analyze | --watermarks [--for 5s]] [--format text|json]",
        "Shows the plan; with --analyze or --watermarks, what it does when it is run.",
        "  thalweg explain hot.sql\n"
        "  thalweg explain -c \"SELECT net, count(*) FROM 'quakes.jsonl' GROUP BY net\" "
        "--analyze\n"
        "  thalweg explain hot.sql --watermarks --for 10s\n"},
    CommandHelp{"checkpoints",
                "thalweg checkpoints list | show NAME | verify NAME | export NAME --state-dir DIR",
                "Looks at the state that pipelines keep, whether they run or not.",
                "  thalweg checkpoints list --state-dir state\n"
                "  thalweg checkpoints export hot --state-dir state > rows.jsonl\n"},
    CommandHelp{"savepoint", "thalweg savepoint create NAME PATH --state-dir DIR",
                "Writes a pipeline's state into one file, for another directory or machine.",
                "  thalweg savepoint create hot hot.savepoint --state-dir state\n"
                "  thalweg run hot.sql --state-dir other --from-savepoint hot.savepoint\n"},
    CommandHelp{"upgrade", "thalweg upgrade --check OLD.sql NEW.sql",
                "Tells whether a changed pipeline can go on with the state of the one before.",
                "  thalweg upgrade --check hot.sql hotter.sql\n"
                "  thalweg upgrade --check hot.sql hotter.sql --allow-new-state\n"},
    CommandHelp{"topics", "thalweg topics [list | show NAME | tail NAME] [--brokers HOST:PORT]",
                "Looks at the topics of a Kafka cluster; tail shows what comes in from now on.",
                "  thalweg topics --brokers localhost:9092\n"
                "  thalweg topics tail quakes\n"
                "  thalweg topics list --set security.protocol=ssl --set ssl.ca.location=ca.pem\n"},
    CommandHelp{"groups", "thalweg groups [list | show NAME] [--brokers HOST:PORT]",
                "Looks at Kafka's consumer groups: how far they are, and who reads.",
                "  thalweg groups show hot\n"},
    CommandHelp{"demo", "thalweg demo [quakes|orders]",
                "quakes: a week of real earthquakes in about ten seconds. orders: generated, "
                "endless.",
                "  thalweg demo\n  thalweg demo orders\n"},
    CommandHelp{"connectors", "thalweg connectors [NAME] [--json]",
                "Lists connectors and formats, or the options of one.",
                "  thalweg connectors file\n"},
    CommandHelp{"functions", "thalweg functions [NAME] [--json]",
                "Lists functions, or shows one with its example.",
                "  thalweg functions date_trunc\n"},
    CommandHelp{"help", "thalweg help [COMMAND | CODE | REASON]",
                "Explains a command, an error code or why rows are rejected.",
                "  thalweg help S0203\n"},
    CommandHelp{"version", "thalweg version [--json]", "Prints the version.", ""},
};

constexpr std::array kFlags{
    FlagHelp{"--command", "  -c, --command SQL     run SQL, print its results", " -c "},
    FlagHelp{"--command", "  -c, --command SQL     the SQL itself", " explain "},
    FlagHelp{"--file", "  -f, --file FILE       run the SQL in a file; - is standard input",
             " -c "},
    FlagHelp{"--file", "  -f, --file FILE       the file with the SQL; - is standard input",
             " explain "},
    FlagHelp{"--analyze", "      --analyze         run it; rows, time and bytes of each step",
             " explain "},
    FlagHelp{"--watermarks", "      --watermarks      run it for a while; what time is doing",
             " explain "},
    FlagHelp{"--for", "      --for TIME        how long --watermarks runs; default: 5s",
             " explain "},
    FlagHelp{"--format",
             "      --format FORMAT   table, plain, json, jsonl or csv; table on a terminal, else "
             "plain",
             " -c run "},
    FlagHelp{"--format", "      --format FORMAT   text or json", " explain "},
    FlagHelp{
        "--json", "      --json            results, listings and errors as JSON",
        " -c run validate explain checkpoints upgrade topics groups connectors functions version "},
    FlagHelp{"--workers", "      --workers N       threads; default: one for each core",
             " -c run explain demo "},
    FlagHelp{"--brokers", "      --brokers HOST:PORT,...  some of them; default: localhost:9092",
             " topics groups "},
    FlagHelp{"--set",
             "      --set NAME=VALUE  a setting of librdkafka; may be ${file:PATH} or ${env:NAME}",
             " topics groups "},
    FlagHelp{"--state-dir", "      --state-dir DIR   keep the state there, and go on from it",
             " run "},
    FlagHelp{"--state-dir", "      --state-dir DIR   where pipelines keep their state",
             " checkpoints savepoint "},
    FlagHelp{"--name", "      --name NAME       of the pipeline there; default: FILE's name",
             " run "},
    FlagHelp{"--from-scratch",
             "      --from-scratch    begin anew; the old state stays under another name", " run "},
    FlagHelp{"--take-over",
             "      --take-over       end the process that runs it, and take its place", " run "},
    FlagHelp{"--from-savepoint", "      --from-savepoint PATH  begin with the state in a savepoint",
             " run "},
    FlagHelp{"--check", "      --check           judges only; exit code 0: the state is kept",
             " upgrade "},
    FlagHelp{"--allow-new-state",
             "      --allow-new-state  what a changed query adds begins with nothing",
             " run upgrade "},
    FlagHelp{"--allow-dropped-state",
             "      --allow-dropped-state  what a changed query no longer has is lost",
             " run upgrade "},
    FlagHelp{"--set", "      --set NAME=VALUE  a setting, as SET in the script; may be repeated",
             " -c run explain "},
    FlagHelp{"--quiet", "  -q, --quiet           no progress, no summary",
             " -c run validate explain checkpoints demo "},
    FlagHelp{"--color", "      --color WHEN      auto, always or never", ""},
    FlagHelp{"--no-color", "      --no-color        the same as --color never", ""},
    FlagHelp{"--help", "  -h, --help            help; also: thalweg help COMMAND", ""},
    FlagHelp{"--version", "      --version         the version", " -c version "},
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

Commands:
)";

std::string flags_text(std::string_view command) {
  std::string text = "\nFlags, before or after the command:\n";
  for (const FlagHelp& flag : kFlags) {
    if (knows_flag(command, flag)) {
      text += fmt::format("{}\n", flag.text);
    }
  }
  return text;
}

std::string plain_help(std::string_view command) {
  if (const CommandHelp* const found = find_command(command)) {
    std::string text = fmt::format("{}\n\nUsage: {}\n", found->text, found->usage);
    if (!found->examples.empty()) {
      text += fmt::format("\nExamples:\n{}", found->examples);
    }
    return text + flags_text(command);
  }
  std::string text(kQueryHelp);
  for (const CommandHelp& each : kCommands) {
    text += fmt::format("  {:<11} {}\n", each.name, each.text);
  }
  return text + flags_text("-c");
}

// Headings stand at the beginning of a line and go up to the colon.
std::string with_bold_headings(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    const bool heading = line[0] >= 'A' && line[0] <= 'Z' && colon != std::string_view::npos &&
                         (line[colon + 1] == '\n' || line.starts_with("Usage:"));
    out += heading ? fmt::format("\033[1m{}\033[0m{}", line.substr(0, colon + 1),
                                 line.substr(colon + 1))
                   : std::string(line);
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::span<const CommandHelp> command_helps() { return kCommands; }
std::span<const FlagHelp> flag_helps() { return kFlags; }

const CommandHelp* find_command(std::string_view name) {
  const auto* const found =
      std::find_if(kCommands.begin(), kCommands.end(),
                   [&](const CommandHelp& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : found;
}

bool knows_flag(std::string_view command, const FlagHelp& flag) {
  return flag.commands.empty() ||
         flag.commands.find(fmt::format(" {} ", command)) != std::string_view::npos;
}

std::string help_text(std::string_view command, bool bold) {
  const std::string text = plain_help(command);
  return bold ? with_bold_headings(text) : text;
}

}  // namespace thalweg::cli
