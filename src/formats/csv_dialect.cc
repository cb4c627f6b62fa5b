#include "formats/csv_dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "formats/format.h"

namespace thalweg {
namespace {

std::optional<char> csv_character(std::string_view text) {
  if (text == "\\t" || text == "tab") {
    return '\t';
  }
  const bool is_one =
      text.size() == 1 && text != "\n" && text != "\r" && static_cast<signed char>(text[0]) > 0;
  return is_one ? std::optional(text[0]) : std::nullopt;
}

// For a program's own options, which nobody has checked.
Result<char> one_character(const Options& options, std::string_view name, char otherwise) {
  if (!options.has(name)) {
    return otherwise;
  }
  const std::optional<char> character = csv_character(options.text(name));
  return character ? Result<char>(*character)
                   : invalid_argument(fmt::format("option \"{}\" must be one ASCII character, not "
                                                  "\"{}\"",
                                                  name, options.text(name)));
}

const char* find_byte(const char* at, const char* end, char byte) {
  return static_cast<const char*>(std::memchr(at, byte, static_cast<std::size_t>(end - at)));
}

}  // namespace

bool is_csv_character(std::string_view text) { return csv_character(text).has_value(); }

Result<CsvDialect> csv_dialect(const Options& options) {
  CsvDialect dialect;
  TW_TRY_ASSIGN(dialect.delimiter, one_character(options, "delimiter", dialect.delimiter));
  TW_TRY_ASSIGN(dialect.quote, one_character(options, "quote", dialect.quote));
  if (dialect.delimiter == dialect.quote) {
    return invalid_argument(
        fmt::format("options \"delimiter\" and \"quote\" are both \"{}\"", dialect.quote));
  }
  if (options.has("header")) {
    dialect.header = options.boolean("header");
  }
  if (options.has("null")) {
    dialect.null_text = options.text("null");
  }
  if (options.has("timestamp_unit")) {
    dialect.unit = epoch_unit(options.text("timestamp_unit"));
  }
  dialect.row_bytes_max = row_bytes_max(options);
  return dialect;
}

const char* csv_row_end(const char* at, const char* end, char quote) {
  while (true) {
    const char* const newline = find_byte(at, end, '\n');
    const char* const limit = newline == nullptr ? end : newline;
    const char* const opening = find_byte(at, limit, quote);
    if (opening == nullptr) {
      return newline == nullptr ? nullptr : newline + 1;
    }
    const char* const closing = find_byte(opening + 1, end, quote);
    if (closing == nullptr) {
      return nullptr;
    }
    at = closing + 1;
  }
}

CsvRowEnd csv_row_end_in_all(const char* at, const char* end, char quote) {
  if (const char* const found = csv_row_end(at, end, quote)) {
    return {.at = found, .open_quote = false};
  }
  if (std::count(at, end, quote) % 2 == 0) {
    return {.at = end, .open_quote = false};
  }
  const char* const newline = find_byte(at, end, '\n');
  return {.at = newline == nullptr ? end : newline + 1, .open_quote = true};
}

}  // namespace thalweg
