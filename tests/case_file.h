#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::tests {

// What one result of a script must hold: CSV lines, the header first.
struct ExpectedRows {
  std::vector<std::string> lines;
  bool ordered = false;
};

// One case of a file under tests/sql/, whose README.md describes the form.
struct Case {
  std::string name;
  std::size_t line = 0;
  std::map<std::string, std::string> inputs;  // File name to content.
  std::vector<std::string> data;              // Names of files of examples/data/.
  std::string sql;
  std::vector<ExpectedRows> rows;               // One for each result of the script.
  std::optional<std::string> error;             // The rendered text of all errors.
  std::optional<std::string> warning;           // And of all warnings; nothing: not looked at.
  std::map<std::string, std::size_t> rejected;  // Reason to number of rows.
};

// The cases of a file's text; `problem` says what is wrong with it, if anything is.
std::vector<Case> parse_cases(std::string_view text, std::string& problem);

}  // namespace thalweg::tests
