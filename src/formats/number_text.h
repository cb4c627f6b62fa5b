#pragma once

#include <cstdint>
#include <string_view>

#include "base/int128.h"
#include "columnar/row_error.h"
#include "columnar/type.h"

namespace thalweg {

// A number as written in decimal: digits * 10^exponent. Keeps 38 significant digits; those after
// them are dropped from a fraction.
struct Decimal {
  bool negative = false;
  UInt128 digits = 0;
  std::int32_t exponent = 0;
};

// Requires that the number is of the form [+-]digits[.digits][e[+-]digits], with a digit before or
// after the point; false otherwise.
bool parse_decimal(std::string_view text, Decimal& out);

// Whether the text is a number as JSON writes them.
bool is_json_number(std::string_view text);

// number * 10^shift where that is a whole number that fits: kWrongType, kOverflow. With
// `rounded`, halves go away from zero instead.
enum class Fraction : std::uint8_t { kRefused, kRounded };
RowError to_integer(const Decimal& number, std::int32_t shift, Fraction fraction, Int128& out);

// The same within the range of an integer type.
RowError to_int64(const Decimal& number, TypeKind kind, std::int64_t& out);

// The smallest and the largest value of SMALLINT, INT or BIGINT.
bool fits(std::int64_t value, TypeKind kind);

}  // namespace thalweg
