#pragma once

#include <cstdint>

#include "base/int128.h"
#include "columnar/type.h"

// Arithmetic of NUMERIC values: 128-bit integers scaled by a power of ten. All roundings are half
// away from zero, as PostgreSQL's.
namespace thalweg {

// Requires: 0 <= exponent <= 38.
Int128 power_of_ten(int exponent);

inline UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

// Whether the value has at most `precision` digits.
inline bool has_digits(Int128 value, int precision) {
  return magnitude(value) < static_cast<UInt128>(power_of_ten(precision));
}

// value / divisor, rounded. Requires: divisor > 0.
Int128 divide_rounded(Int128 value, Int128 divisor);

// The value at another scale. False when it leaves 128 bits.
bool rescale(Int128 value, int from_scale, int to_scale, Int128& out);

// a * b / 10^digits, rounded; false when the result leaves 127 bits. The product may have 256.
bool multiply_and_drop(Int128 a, Int128 b, int digits, Int128& out);

// a * 10^digits / b, rounded; false when the result leaves 127 bits. Requires: b != 0.
bool raise_and_divide(Int128 a, int digits, Int128 b, Int128& out);

// The nearest double.
double decimal_to_double(Int128 value, int scale);

// Whether a * 10^a_digits is less than, equal to or greater than b: -1, 0, 1. Exact at any size.
int compare_raised(Int128 a, int a_digits, Int128 b);

// The types of results, as reference/functions says: exact where 38 digits allow it; where they do
// not, digits before the point go first, and at least 16 behind it are kept (or all there are).
Type numeric_sum_type(const Type& a, const Type& b);
Type numeric_product_type(const Type& a, const Type& b);
Type numeric_quotient_type(const Type& a, const Type& b);
Type numeric_remainder_type(const Type& a, const Type& b);

// An integer type as the NUMERIC that holds all its values; NUMERIC as itself.
Type as_numeric_type(const Type& type);

}  // namespace thalweg
