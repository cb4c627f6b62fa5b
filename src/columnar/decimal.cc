#include "columnar/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/check.h"

namespace thalweg {
namespace {

constexpr int kQuotientScaleMin = 16;

constexpr std::array<Int128, 39> make_powers() {
  std::array<Int128, 39> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) {
    powers[i] = powers[i - 1] * 10;
  }
  return powers;
}
constexpr std::array<Int128, 39> kPowersOfTen = make_powers();

struct UInt256 {
  UInt128 high;
  UInt128 low;
};

UInt256 multiply_wide(UInt128 a, UInt128 b) {
  constexpr UInt128 kLow = ~std::uint64_t{0};
  const UInt128 low = (a & kLow) * (b & kLow);
  const UInt128 middle_a = (a >> 64) * (b & kLow) + (low >> 64);
  const UInt128 middle_b = (a & kLow) * (b >> 64) + (middle_a & kLow);
  return UInt256{.high = (a >> 64) * (b >> 64) + (middle_a >> 64) + (middle_b >> 64),
                 .low = (middle_b << 64) | (low & kLow)};
}

// Rounded quotient by shift and subtract: 128 steps, only for what does not fit 128 bits.
// False when it leaves 127 bits.
bool divide_wide(UInt256 value, UInt128 divisor, UInt128& out) {
  if (value.high >= divisor) {
    return false;
  }
  UInt128 remainder = value.high;
  UInt128 quotient = 0;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (remainder >> 127) != 0;
    remainder = (remainder << 1) | ((value.low >> bit) & 1);
    quotient <<= 1;
    if (carry || remainder >= divisor) {
      remainder -= divisor;
      quotient |= 1;
    }
  }
  out = quotient + (remainder >= divisor - remainder ? 1 : 0);
  return (quotient >> 127) == 0 && (out >> 127) == 0;
}

bool with_sign(UInt128 value, bool negative, Int128& out) {
  out = static_cast<Int128>(value);
  if (negative) {
    out = -out;
  }
  return true;
}

Type capped(int integer_digits, int scale) {
  if (integer_digits + scale > kNumericPrecisionMax) {
    scale = std::max(kNumericPrecisionMax - integer_digits, std::min(scale, kQuotientScaleMin));
  }
  const int precision = std::clamp<int>(integer_digits + scale, 1, kNumericPrecisionMax);
  return numeric_type(static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale));
}

int integer_digits(const Type& type) { return type.precision - type.scale; }

}  // namespace

Int128 power_of_ten(int exponent) {
  TW_DCHECK(exponent >= 0 && exponent <= kNumericPrecisionMax);
  return kPowersOfTen[static_cast<std::size_t>(exponent)];
}

Int128 divide_rounded(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  const UInt128 remainder = magnitude(value % divisor);
  if (remainder >= static_cast<UInt128>(divisor) - remainder) {
    return quotient + (value < 0 ? -1 : 1);
  }
  return quotient;
}

bool rescale(Int128 value, int from_scale, int to_scale, Int128& out) {
  if (to_scale >= from_scale) {
    return !__builtin_mul_overflow(value, power_of_ten(to_scale - from_scale), &out);
  }
  out = divide_rounded(value, power_of_ten(from_scale - to_scale));
  return true;
}

bool multiply_and_drop(Int128 a, Int128 b, int digits, Int128& out) {
  if (Int128 product = 0; !__builtin_mul_overflow(a, b, &product)) {
    out = divide_rounded(product, power_of_ten(digits));
    return true;
  }
  UInt128 quotient = 0;
  return divide_wide(multiply_wide(magnitude(a), magnitude(b)),
                     static_cast<UInt128>(power_of_ten(digits)), quotient) &&
         with_sign(quotient, (a < 0) != (b < 0), out);
}

bool raise_and_divide(Int128 a, int digits, Int128 b, Int128& out) {
  UInt128 quotient = 0;
  UInt256 raised =
      multiply_wide(magnitude(a), static_cast<UInt128>(power_of_ten(std::min(digits, 38))));
  if (digits > 38) {
    // Beyond 38 digits only what stays within 128 bits can still be divided exactly.
    UInt128 more = 0;
    if (raised.high != 0 ||
        __builtin_mul_overflow(raised.low, static_cast<UInt128>(power_of_ten(digits - 38)),
                               &more)) {
      return false;
    }
    raised.low = more;
  }
  const UInt128 divisor = magnitude(b);
  if (raised.high == 0) {
    quotient = raised.low / divisor;
    const UInt128 remainder = raised.low % divisor;
    quotient += remainder >= divisor - remainder ? 1 : 0;
    return (quotient >> 127) == 0 && with_sign(quotient, (a < 0) != (b < 0), out);
  }
  return divide_wide(raised, divisor, quotient) && with_sign(quotient, (a < 0) != (b < 0), out);
}

double decimal_to_double(Int128 value, int scale) {
  // Where both are exact doubles, the division rounds once and yields the nearest.
  constexpr UInt128 kExactMax = UInt128{1} << 53;
  constexpr int kExactScaleMax = 22;
  if (magnitude(value) <= kExactMax && scale <= kExactScaleMax) {
    return static_cast<double>(value) / static_cast<double>(power_of_ten(scale));
  }
  char text[64];
  char* end = text + sizeof(text);
  char* begin = end;
  for (UInt128 rest = magnitude(value); rest != 0; rest /= 10) {
    *--begin = static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  std::string digits = "0" + std::string{begin, end};
  digits += "e-" + std::to_string(scale);
  double out = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return value < 0 ? -out : out;
}

int compare_raised(Int128 a, int a_digits, Int128 b) {
  Int128 raised = 0;
  if (__builtin_mul_overflow(a, power_of_ten(a_digits), &raised)) {
    return a < 0 ? -1 : 1;
  }
  return raised < b ? -1 : raised > b ? 1 : 0;
}

Type as_numeric_type(const Type& type) {
  switch (type.kind) {
    case TypeKind::kSmallint:
      return numeric_type(5, 0);
    case TypeKind::kInt:
      return numeric_type(10, 0);
    case TypeKind::kBigint:
      return numeric_type(19, 0);
    default:
      return type;
  }
}

Type numeric_sum_type(const Type& a, const Type& b) {
  return capped(std::max(integer_digits(a), integer_digits(b)) + 1, std::max(a.scale, b.scale));
}

Type numeric_product_type(const Type& a, const Type& b) {
  return capped(integer_digits(a) + integer_digits(b), a.scale + b.scale);
}

Type numeric_quotient_type(const Type& a, const Type& b) {
  const int scale = std::max<int>({kQuotientScaleMin, a.scale, b.scale});
  return capped(integer_digits(a) + b.scale, scale);
}

Type numeric_remainder_type(const Type& a, const Type& b) {
  return capped(std::min(integer_digits(a), integer_digits(b)), std::max(a.scale, b.scale));
}

}  // namespace thalweg
