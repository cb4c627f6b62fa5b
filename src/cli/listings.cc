#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "command_help.h"
#include "commands.h"
#include "json_text.h"
#include "terminal.h"
#include "thalweg/docs.h"
#include "thalweg/session.h"

namespace thalweg::cli {
namespace {

int unknown(std::string_view what, const std::string& name,
            const std::vector<std::string>& candidates) {
  const std::optional<std::string> near = suggest(name, candidates);
  fmt::print(stderr, "error: there is no {} \"{}\"{}\n", what, name,
             near ? fmt::format("; did you mean \"{}\"?", *near) : "");
  return kExitUsage;
}

void print_options(const std::vector<OptionDoc>& options) {
  for (const OptionDoc& option : options) {
    std::string about = option.text;
    if (!option.choices.empty()) {
      about += fmt::format(" One of: {}.", fmt::join(option.choices, ", "));
    }
    if (option.required) {
      about += " Required.";
    } else if (!option.default_value.empty()) {
      about += fmt::format(" Default: {}.", option.default_value);
    }
    fmt::print("  {:<20} {:<9} {}\n", option.name, option.type, about);
  }
}

std::string json_options(const std::vector<OptionDoc>& options) {
  std::string out;
  for (const OptionDoc& option : options) {
    out += fmt::format("{}{{\"name\":{},\"type\":{},\"required\":{},\"default\":{},\"text\":{}}}",
                       out.empty() ? "" : ",", json_text(option.name), json_text(option.type),
                       option.required, json_text(option.default_value), json_text(option.text));
  }
  return "[" + out + "]";
}

}  // namespace

int list_connectors(const CommandLine& line) {
  const std::vector<ConnectorDoc> docs = connector_docs();
  std::vector<std::string> names;
  bool found = line.arguments.empty();
  for (const ConnectorDoc& doc : docs) {
    names.push_back(doc.name);
    if (!line.arguments.empty() && doc.name != line.arguments.front()) {
      continue;
    }
    found = true;
    const char* const role = doc.can_read && doc.can_write ? "source, sink"
                             : doc.can_read                ? "source"
                                                           : "sink";
    if (line.json) {
      fmt::print("{{\"name\":{},\"role\":\"{}\",\"text\":{},\"options\":{}}}\n",
                 json_text(doc.name), role, json_text(doc.text), json_options(doc.options));
    } else {
      fmt::print("{:<11} {:<13} {}\n", doc.name, role, doc.text);
      if (!line.arguments.empty()) {
        print_options(doc.options);
      }
    }
  }
  if (!found) {
    return unknown("connector", line.arguments.front(), names);
  }
  if (line.arguments.empty() && !line.json) {
    for (const FormatDoc& format : format_docs()) {
      fmt::print("\nformat {}\n", format.name);
      print_options(format.options);
    }
  }
  return kExitOk;
}

int list_functions(const CommandLine& line) {
  std::vector<std::string> names;
  bool found = line.arguments.empty();
  for (const FunctionDoc& doc : function_docs()) {
    names.push_back(doc.name);
    if (!line.arguments.empty() && doc.name != line.arguments.front() &&
        std::find(doc.aliases.begin(), doc.aliases.end(), line.arguments.front()) ==
            doc.aliases.end()) {
      continue;
    }
    found = true;
    if (line.json) {
      fmt::print(
          "{{\"name\":{},\"signature\":{},\"category\":{},\"text\":{},\"example\":{},"
          "\"result\":{}}}\n",
          json_text(doc.name), json_text(doc.signature), json_text(doc.category),
          json_text(doc.text), json_text(doc.example), json_text(doc.result));
    } else {
      fmt::print("{}\n    {}\n", doc.signature, doc.text);
      if (!line.arguments.empty() && !doc.example.empty()) {
        fmt::print("    {} = {}\n", doc.example, doc.result);
        if (doc.category == "aggregate") {
          fmt::print("    over {}\n", aggregate_rows_of_examples());
        }
      }
    }
  }
  return found ? kExitOk : unknown("function", line.arguments.front(), names);
}

int show_help(const CommandLine& line) {
  const bool bold = wants_color(STDOUT_FILENO, line.color);
  const std::string topic = line.arguments.empty() ? "" : line.arguments.front();
  if (topic.empty() || find_command(topic) != nullptr) {
    fmt::print("{}", help_text(topic, bold));
    return kExitOk;
  }
  std::string code = topic;
  std::transform(code.begin(), code.end(), code.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<std::string> known;
  for (const CommandHelp& command : command_helps()) {
    known.emplace_back(command.name);
  }
  for (const ErrorDoc& doc : error_docs()) {
    if (doc.code == code) {
      fmt::print("{}: {}\n\n{}\n", doc.code, doc.title, doc.explanation);
      return kExitOk;
    }
    known.push_back(doc.code);
  }
  for (const RowErrorDoc& doc : row_error_docs()) {
    if (doc.reason == topic) {
      fmt::print("{}: why a row was rejected\n\n{}\n", doc.reason, doc.explanation);
      return kExitOk;
    }
    known.push_back(doc.reason);
  }
  return unknown("command, error code or row error", topic, known);
}

int show_version(const CommandLine& line) {
  if (line.json) {
    fmt::print("{{\"version\":{}}}\n", json_text(version()));
  } else {
    fmt::print("thalweg {}\n", version());
  }
  return kExitOk;
}

}  // namespace thalweg::cli
