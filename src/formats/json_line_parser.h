#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "columnar/builder.h"
#include "columnar/row_error.h"
#include "formats/json_fields.h"

namespace thalweg {

// Decides what a line of JSON means: its row, or why it has none. Everything else that reads lines
// agrees with it.
class JsonLineParser {
 public:
  // `fields` is borrowed and outlives the parser.
  explicit JsonLineParser(const JsonFields& fields);
  ~JsonLineParser();

  // Appends the line's row to the columns. Else columns may hold parts of it, for the caller to
  // drop, and `detail` tells people why. Requires: a space or newline after the line and 64
  // readable bytes; no space around it.
  RowError read(std::string_view line, std::span<ColumnBuilder> columns, std::string& detail);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg
