#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/options.h"
#include "base/result.h"
#include "formats/field_text.h"

namespace thalweg {

// How a CSV input is written. Quotes work as in PostgreSQL's COPY: inside of them everything stands
// for itself, a doubled quote for one quote; RFC 4180 is a part of that.
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
  bool header = true;
  std::string null_text;  // What stands, without quotes, for NULL.
  EpochUnit unit;
  std::size_t row_bytes_max = 16 * 1024 * 1024;
};
Result<CsvDialect> csv_dialect(const Options& options);

// Whether a text can be a delimiter or a quote: one ASCII character, or `\t` for a tab.
bool is_csv_character(std::string_view text);

// Where the row that begins here ends, past its newline; nullptr where that lies beyond `end`.
const char* csv_row_end(const char* at, const char* end, char quote);

// The same where nothing follows `end`, and the last row may lack its newline. A quote that is
// never closed is a mistake of its line and costs no more than that: the row ends with the line.
struct CsvRowEnd {
  const char* at;
  bool open_quote;
};
CsvRowEnd csv_row_end_in_all(const char* at, const char* end, char quote);

}  // namespace thalweg
