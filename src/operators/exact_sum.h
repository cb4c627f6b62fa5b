#pragma once

#include <cstdint>

#include "base/int128.h"
#include "columnar/decimal.h"
#include "columnar/type.h"

namespace thalweg {

// A sum of integers or NUMERIC values, value + carries * 2^128, and how many they are. Order makes
// no difference and values can be taken back.
struct ExactSum {
  Int128 value;
  std::int64_t count;
  std::int64_t carries;

  void add_wide(Int128 number) {
    if (__builtin_add_overflow(value, number, &value)) [[unlikely]] {
      carries += number < 0 ? -1 : 1;
    }
  }

  void subtract_wide(Int128 number) {
    if (__builtin_sub_overflow(value, number, &value)) [[unlikely]] {
      carries -= number < 0 ? -1 : 1;
    }
  }
};

// What a sum comes to, as the aggregate's result has it.
struct ExactSumResult {
  int state_scale = 0;  // Of the values.
  Type type;
  bool average = false;

  // False when it does not fit the type. Zero for a sum of nothing, which is NULL.
  bool of(const ExactSum& sum, Int128& value) const {
    value = 0;
    if (sum.count == 0) {
      return true;
    }
    bool fits = sum.carries == 0;
    if (average) {
      fits =
          fits && raise_and_divide(sum.value, type.scale - state_scale, Int128{sum.count}, value);
    } else {
      value = sum.value;
    }
    if (type.kind == TypeKind::kBigint) {
      return fits && value == static_cast<std::int64_t>(value);
    }
    return fits && has_digits(value, kNumericPrecisionMax);
  }
};

}  // namespace thalweg
