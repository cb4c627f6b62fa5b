// Writes the pages of docs/reference/ that are made from the engine's own tables, or with --check
// tells which of them are no longer what the tables say. The last line is `N passed, N failed`.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/docs.h"

namespace thalweg::tests {
namespace {

namespace fs = std::filesystem;

// A cell of a table: no bars, no line ends.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    safe += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  }
  return safe;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + code(word);
  }
  return text;
}

std::string functions_page() {
  std::string page =
      "# Functions\n\n"
      "Made from the table that the program itself looks functions up in. Unless a text says\n"
      "otherwise, a function gives NULL when an argument is NULL. Every example is run by a "
      "test.\n";
  std::string category;
  for (const FunctionDoc& function : function_docs()) {
    if (function.category != category) {
      category = function.category;
      page += "\n## " + category + "\n\n" +
              (category == "aggregate"
                   ? "The examples are over `FROM " + aggregate_rows_of_examples() + "`.\n\n"
                   : "") +
              "| function | what it gives | example | result |\n| --- | --- | --- | --- |\n";
    }
    std::string text = cell(function.text);
    if (!function.aliases.empty()) {
      text += " Also " + list(function.aliases) + ".";
    }
    page += "| " + code(function.signature) + " | " + text + " | " + code(function.example) +
            " | " + code(function.result) + " |\n";
  }
  return page;
}

std::string options_table(const std::vector<OptionDoc>& options) {
  if (options.empty()) {
    return "No options.\n";
  }
  std::string table = "| option | type | default | what it says |\n| --- | --- | --- | --- |\n";
  for (const OptionDoc& option : options) {
    std::string text = cell(option.text);
    if (!option.choices.empty()) {
      text += " One of " + list(option.choices) + ".";
    }
    if (!option.aliases.empty()) {
      text += " Also " + list(option.aliases) + ".";
    }
    table += "| " + code(option.name) + " | " + option.type + " | " +
             (option.required ? "required" : code(option.default_value)) + " | " + text + " |\n";
  }
  return table;
}

std::string connectors_page() {
  std::string page =
      "# Connectors and formats\n\n"
      "Made from the tables that `WITH (...)` is checked with. Names may be quoted or not:\n"
      "`path = 'x'` and `'path' = 'x'` are the same. `thalweg connectors NAME` tells the same.\n"
      "\n## Every table that is read\n\n" +
      options_table(table_option_docs());
  for (const ConnectorDoc& connector : connector_docs()) {
    page += "\n## Connector " + connector.name + "\n\n" + connector.text +
            (connector.aliases.empty() ? "" : " Also " + list(connector.aliases) + ".") +
            " It can be " +
            (connector.can_read && connector.can_write ? "read and written"
             : connector.can_read                      ? "read"
                                                       : "written") +
            ".";
    if (connector.takes_format) {
      page += " It takes a format" +
              (connector.default_format.empty() ? "" : ", by default " + connector.default_format) +
              ".";
    }
    page += "\n\n" + options_table(connector.options);
  }
  for (const FormatDoc& format : format_docs()) {
    page += "\n## Format " + format.name + "\n\n" + options_table(format.options);
  }
  return page;
}

std::string errors_page() {
  std::string page =
      "# Errors\n\n"
      "Every error of a query or an option has a code that never changes its meaning.\n"
      "`thalweg help CODE` shows the same. S: syntax, names and types. P: queries that cannot run "
      "as\n"
      "a stream. C: connectors and options. R: run time.\n\n"
      "| code | what | when, and the cure |\n| --- | --- | --- |\n";
  for (const ErrorDoc& error : error_docs()) {
    page +=
        "| " + error.code + " | " + cell(error.title) + " | " + cell(error.explanation) + " |\n";
  }
  page +=
      "\n## Rejected rows\n\n"
      "A row that cannot be processed is left out and counted by its reason, or stops the run "
      "with\n"
      "`on_error = 'fail'`. The summary of a run names the reasons, with examples.\n\n"
      "| reason | what happened, and the cure |\n| --- | --- |\n";
  for (const RowErrorDoc& error : row_error_docs()) {
    page += "| " + error.reason + " | " + cell(error.explanation) + " |\n";
  }
  return page;
}

struct Page {
  std::string name;
  std::string content;
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int run(const std::vector<std::string>& words) {
  const bool check = words.size() > 1 && words[1] == "--check";
  const fs::path folder = words.size() > 1 && !check ? words[1] : "docs/reference";
  const std::vector<Page> pages = {{"functions.md", functions_page()},
                                   {"connectors.md", connectors_page()},
                                   {"errors.md", errors_page()}};
  int stale = 0;
  for (const Page& page : pages) {
    const fs::path path = folder / page.name;
    if (!check) {
      std::ofstream(path, std::ios::binary) << page.content;
    } else if (read_file(path) != page.content) {
      ++stale;
      std::printf("%s is not what the tables say: run ./dev pages\n", path.c_str());
    }
  }
  std::printf("%zu passed, %d failed\n", pages.size() - static_cast<std::size_t>(stale), stale);
  return stale == 0 ? 0 : 1;
}

}  // namespace
}  // namespace thalweg::tests

int main(int argc, char** argv) { return thalweg::tests::run({argv, argv + argc}); }
