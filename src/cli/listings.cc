#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
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
  tell("error: there is no {} \"{}\"{}\n", what, name,
       near ? fmt::format("; did you mean \"{}\"?", *near) : "");
  return kExitUsage;
}

void print_options(const std::vector<OptionDoc>& options) {
  for (const OptionDoc& option : options) {
    std::string about = option.text;
    if (!option.choices.empty()) {
      about += fmt::format(" One of: {}.", fmt::join(option.choices, ", "));
    }
    if (!option.aliases.empty()) {
      about += fmt::format(" Also: {}.", fmt::join(option.aliases, ", "));
    }
    if (option.required) {
      about += " Required.";
    } else if (!option.default_value.empty()) {
      about += fmt::format(" Default: {}.", option.default_value);
    }
    fmt::print("  {:<20} {:<9} {}\n", option.name, option.type, about);
  }
}

std::string json_list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : ",") + json_text(word);
  }
  return "[" + out + "]";
}

std::string json_options(const std::vector<OptionDoc>& options) {
  std::string out;
  for (const OptionDoc& option : options) {
    out += fmt::format(
        "{}{{\"name\":{},\"type\":{},\"required\":{},\"default\":{},\"text\":{},\"choices\":{},"
        "\"aliases\":{}}}",
        out.empty() ? "" : ",", json_text(option.name), json_text(option.type), option.required,
        json_text(option.default_value), json_text(option.text), json_list(option.choices),
        json_list(option.aliases));
  }
  return "[" + out + "]";
}

bool is_called(const std::string& name, const std::vector<std::string>& aliases,
               const std::string& wanted) {
  return name == wanted || std::find(aliases.begin(), aliases.end(), wanted) != aliases.end();
}

struct Listing {
  bool json = false;
  bool whole = false;  // With the options.
};

const char* role_of(const ConnectorDoc& doc) {
  return doc.can_read && doc.can_write ? "source, sink" : doc.can_read ? "source" : "sink";
}

void show_connector(const ConnectorDoc& doc, Listing listing) {
  const std::vector<OptionDoc> general =
      doc.can_read ? table_option_docs() : std::vector<OptionDoc>();
  if (listing.json) {
    fmt::print(
        "{{\"name\":{},\"kind\":\"connector\",\"role\":\"{}\",\"text\":{},\"aliases\":{},"
        "\"takes_format\":{},\"options\":{},\"table_options\":{}}}\n",
        json_text(doc.name), role_of(doc), json_text(doc.text), json_list(doc.aliases),
        doc.takes_format, json_options(doc.options), json_options(general));
    return;
  }
  fmt::print("{:<11} {:<13} {}\n", doc.name, role_of(doc), doc.text);
  if (!listing.whole) {
    return;
  }
  if (!doc.aliases.empty()) {
    fmt::print("{:<11} also called {}\n", "", fmt::join(doc.aliases, ", "));
  }
  if (!doc.options.empty()) {
    fmt::print("\noptions\n");
    print_options(doc.options);
  }
  if (doc.takes_format) {
    std::string formats;
    for (const FormatDoc& format : format_docs()) {
      formats += (formats.empty() ? "" : ", ") + format.name;
    }
    fmt::print("  {:<20} {:<9} One of: {}.{} `thalweg connectors FORMAT` shows its options.\n",
               "format", "choice", formats,
               doc.default_format.empty() ? " Required."
                                          : fmt::format(" Default: {}.", doc.default_format));
  }
  if (!general.empty()) {
    fmt::print("\noptions of every table that is read\n");
    print_options(general);
  }
}

void show_format(const FormatDoc& doc, Listing listing) {
  if (listing.json) {
    fmt::print("{{\"name\":{},\"kind\":\"format\",\"options\":{}}}\n", json_text(doc.name),
               json_options(doc.options));
    return;
  }
  fmt::print("{:<11} format\n", doc.name);
  if (listing.whole) {
    fmt::print("\noptions\n");
    print_options(doc.options);
  }
}

// Names of functions fold, as in SQL.
bool is_function(const FunctionDoc& doc, const std::string& wanted) {
  const auto is_wanted = [&](const std::string& name) {
    return std::equal(
        name.begin(), name.end(), wanted.begin(), wanted.end(),
        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  return is_wanted(doc.name) || std::any_of(doc.aliases.begin(), doc.aliases.end(), is_wanted);
}

void show_function(const FunctionDoc& doc, Listing listing) {
  if (listing.json) {
    fmt::print(
        "{{\"name\":{},\"signature\":{},\"category\":{},\"text\":{},\"example\":{},"
        "\"result\":{}}}\n",
        json_text(doc.name), json_text(doc.signature), json_text(doc.category), json_text(doc.text),
        json_text(doc.example), json_text(doc.result));
    return;
  }
  fmt::print("{}\n    {}\n", doc.signature, doc.text);
  if (listing.whole && !doc.example.empty()) {
    fmt::print("    {} = {}\n", doc.example, doc.result);
    if (doc.category == "aggregate") {
      fmt::print("    over {}\n", aggregate_rows_of_examples());
    }
  }
}

}  // namespace

int list_connectors(const CommandLine& line) {
  const std::string wanted = line.arguments.empty() ? "" : line.arguments.front();
  std::vector<std::string> names;
  bool found = false;
  for (const ConnectorDoc& doc : connector_docs()) {
    names.push_back(doc.name);
    if (wanted.empty() || is_called(doc.name, doc.aliases, wanted)) {
      show_connector(doc, {.json = line.json, .whole = !wanted.empty()});
      found = true;
    }
  }
  if (wanted.empty() && !line.json) {
    fmt::print("\n");
  }
  for (const FormatDoc& doc : format_docs()) {
    names.push_back(doc.name);
    if (wanted.empty() || doc.name == wanted) {
      show_format(doc, {.json = line.json, .whole = !wanted.empty()});
      found = true;
    }
  }
  return found ? kExitOk : unknown("connector or format", wanted, names);
}

int list_functions(const CommandLine& line) {
  const std::string wanted = line.arguments.empty() ? "" : line.arguments.front();
  std::vector<FunctionDoc> docs = function_docs();
  for (FunctionDoc& window : window_function_docs()) {
    docs.push_back(std::move(window));
  }
  std::vector<std::string> names;
  bool found = wanted.empty();
  for (const FunctionDoc& doc : docs) {
    names.push_back(doc.name);
    if (wanted.empty() || is_function(doc, wanted)) {
      show_function(doc, {.json = line.json, .whole = !wanted.empty()});
      found = true;
    }
  }
  return found ? kExitOk : unknown("function", wanted, names);
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
