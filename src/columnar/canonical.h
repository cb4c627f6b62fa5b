#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/int128.h"
#include "columnar/column.h"

namespace thalweg {

// The one form that equal values share, for hashing, encoding and comparing keys.

// -0 is 0 and there is one NaN.
inline double canonical(double value) {
  if (std::isnan(value)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return value == 0 ? 0.0 : value;
}

struct CanonicalNumeric {
  Int128 value;
  std::uint8_t scale;
};

// Without zeros at the end of the fraction.
inline CanonicalNumeric canonical(Int128 value, std::uint8_t scale) {
  while (scale > 0 && value % 10 == 0) {
    value /= 10;
    --scale;
  }
  return {.value = value, .scale = scale};
}

inline constexpr std::int64_t kNanosPerDay = 86'400'000'000'000;

// PostgreSQL's rule for comparing: a month has 30 days, a day 24 hours.
inline Int128 interval_nanos(const Interval& interval) {
  const std::int64_t days = std::int64_t{interval.months} * 30 + interval.days;
  return Int128{days} * kNanosPerDay + interval.nanos;
}

template <typename T, typename Use>
void use_integers(const Column& column, Use use) {
  use([values = column.values<T>().data()](RowIndex row) { return std::int64_t{values[row]}; });
}

template <typename T, typename Use>
void use_floats(const Column& column, Use use) {
  use([values = column.values<T>().data()](RowIndex row) {
    return std::bit_cast<std::int64_t>(canonical(double{values[row]}));
  });
}

// Calls use(word) where the type's values have a canonical form of 64 bits, word(row) being
// that of one row; false where they have none. Null rows give any word.
template <typename Use>
bool with_words(const Column& column, Use use) {
  switch (column.type().kind) {
    case TypeKind::kBoolean:
      use([bits = column.bits()](RowIndex row) {
        return static_cast<std::int64_t>((bits[row >> 6] >> (row & 63)) & 1);
      });
      return true;
    case TypeKind::kSmallint:
      use_integers<std::int16_t>(column, use);
      return true;
    case TypeKind::kInt:
    case TypeKind::kDate:
      use_integers<std::int32_t>(column, use);
      return true;
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      use_integers<std::int64_t>(column, use);
      return true;
    case TypeKind::kReal:
      use_floats<float>(column, use);
      return true;
    case TypeKind::kDouble:
      use_floats<double>(column, use);
      return true;
    default:
      return false;
  }
}

}  // namespace thalweg
