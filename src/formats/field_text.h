#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "columnar/builder.h"
#include "columnar/row_error.h"
#include "columnar/type.h"

namespace thalweg {

// Values as they stand in JSON and CSV, put into columns. Where one does not fit, nothing is
// appended and the reason comes back.

// What a bare number means for a TIMESTAMP: units of 10^exponent microseconds since 1970.
struct EpochUnit {
  std::int32_t exponent = 3;
};
// "s", "ms", "us" or "ns".
EpochUnit epoch_unit(std::string_view name);

// A number as written. TEXT keeps its text; integer types take it when it is a whole number.
RowError append_number(std::string_view number, EpochUnit unit, ColumnBuilder& out);

// The text form of any type, as PostgreSQL reads it; ISO 8601 too for times. BYTEA: \x and hex,
// else base64.
RowError append_from_text(std::string_view text, ColumnBuilder& out);

// For people: `field "mag": "abc" is not a DOUBLE`. `shown` is the value as it stood there.
std::string describe_misfit(RowError error, std::string_view field, std::string_view shown,
                            const Type& type);

bool is_valid_utf8(std::string_view text);

}  // namespace thalweg
