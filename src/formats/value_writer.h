#pragma once

#include <string>
#include <string_view>

#include "columnar/column.h"

namespace thalweg {

// Appends a value that is not NULL as PostgreSQL prints it.
void append_plain(const Column& column, RowIndex row, std::string& out);

// Appends a value as JSON: numbers as numbers (NaN and infinities as text), times as
// 2018-02-01T00:00:00Z, BYTEA as base64, NULL as null.
void append_json(const Column& column, RowIndex row, std::string& out);

// Appends a text as a JSON string. Requires: UTF-8.
void append_json_string(std::string_view text, std::string& out);

}  // namespace thalweg
