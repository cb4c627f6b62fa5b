#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What this program has, told from the same tables that it checks queries with: for reference
// pages, `thalweg connectors` and `thalweg help CODE`.
namespace thalweg {

struct FunctionDoc {
  std::string name;
  std::vector<std::string> aliases;
  std::string signature;
  std::string category;  // "aggregate" for aggregates.
  std::string text;
  std::string example;  // For aggregates over aggregate_rows_of_examples().
  std::string result;
};

struct OptionDoc {
  std::string name;
  std::string type;  // "text", "boolean", "integer", "duration", "bytes" or "choice".
  bool required = false;
  std::string default_value;
  std::string text;
  std::vector<std::string> choices;
  std::vector<std::string> aliases;
};

struct ConnectorDoc {
  std::string name;
  std::vector<std::string> aliases;
  std::string text;
  bool can_read = false;
  bool can_write = false;
  bool takes_format = false;
  std::string default_format;
  std::vector<OptionDoc> options;
};

struct FormatDoc {
  std::string name;
  std::vector<OptionDoc> options;
};

struct ErrorDoc {
  std::string code;
  std::string title;
  std::string explanation;
};

// Why a row may be rejected, as summaries name it.
struct RowErrorDoc {
  std::string reason;  // "division_by_zero"
  std::string explanation;
};

std::vector<FunctionDoc> function_docs();
// Functions that stand in FROM, without examples; their category is "window".
std::vector<FunctionDoc> window_function_docs();
std::string aggregate_rows_of_examples();  // What FROM takes: "(VALUES ...) AS v(x, t)".
std::vector<ConnectorDoc> connector_docs();
std::vector<FormatDoc> format_docs();
// Options of every table that is read, beside those of its connector and format.
std::vector<OptionDoc> table_option_docs();
std::vector<ErrorDoc> error_docs();
std::vector<RowErrorDoc> row_error_docs();

// The candidate that a mistyped `word` was probably meant to be.
std::optional<std::string> suggest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace thalweg
