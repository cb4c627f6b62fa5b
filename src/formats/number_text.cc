#include "formats/number_text.h"

#include <algorithm>
#include <limits>

#include "columnar/decimal.h"

namespace thalweg {
namespace {

constexpr std::int32_t kDigitsMax = 38;
// Exponents beyond this are as good as infinite, whichever type is asked for.
constexpr std::int32_t kExponentMax = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads digits into the number; how many there were. `scale`: how far each moves the point.
std::size_t read_digits(std::string_view text, std::size_t at, std::int32_t scale, Decimal& out) {
  const auto full = static_cast<UInt128>(power_of_ten(kDigitsMax - 1));
  const std::size_t begin = at;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (out.digits < full) {
      out.digits = out.digits * 10 + static_cast<unsigned>(text[at] - '0');
      out.exponent -= scale;
    } else {
      out.exponent += 1 - scale;  // The digit is dropped, its place is not.
    }
  }
  return at - begin;
}

bool read_exponent(std::string_view text, std::size_t at, Decimal& out) {
  const bool negative = at < text.size() && text[at] == '-';
  at += at < text.size() && (text[at] == '-' || text[at] == '+') ? 1 : 0;
  if (at == text.size()) {
    return false;
  }
  std::int32_t exponent = 0;
  for (; at < text.size(); ++at) {
    if (!is_digit(text[at])) {
      return false;
    }
    exponent = std::min(exponent * 10 + (text[at] - '0'), kExponentMax);
  }
  out.exponent += negative ? -exponent : exponent;
  return true;
}

}  // namespace

bool parse_decimal(std::string_view text, Decimal& out) {
  if (text.size() > kExponentMax) {
    return false;  // So that exponents stay far from the end of their range.
  }
  out = Decimal{};
  std::size_t at = 0;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out.negative = text[0] == '-';
    at = 1;
  }
  const std::size_t whole = read_digits(text, at, 0, out);
  at += whole;
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    fraction = read_digits(text, ++at, 1, out);
    at += fraction;
  }
  if (whole + fraction == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    return read_exponent(text, at + 1, out);
  }
  return at == text.size();
}

bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) {
      ++at;
    }
    return at - begin;
  };
  at += !text.empty() && text[0] == '-' ? 1 : 0;
  const bool zero = at < text.size() && text[at] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) {
      return false;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    at += at < text.size() && (text[at] == '-' || text[at] == '+') ? 1 : 0;
    if (digits() == 0) {
      return false;
    }
  }
  return at == text.size();
}

RowError to_integer(const Decimal& number, std::int32_t shift, Fraction fraction, Int128& out) {
  const std::int32_t exponent = number.exponent + shift;
  // 38 digits always fit.
  Int128 value = static_cast<Int128>(number.digits);
  if (exponent > 0 && value != 0) {
    if (exponent > kDigitsMax ||
        value > std::numeric_limits<Int128>::max() / power_of_ten(exponent)) {
      return RowError::kOverflow;
    }
    value *= power_of_ten(exponent);
  } else if (exponent < 0 && value != 0) {
    // Where more digits are dropped than there are, less than a half is left.
    const bool vanishes = exponent < -kDigitsMax;
    if (fraction == Fraction::kRefused && (vanishes || value % power_of_ten(-exponent) != 0)) {
      return RowError::kWrongType;
    }
    value = vanishes ? 0 : divide_rounded(value, power_of_ten(-exponent));
  }
  out = number.negative ? -value : value;
  return RowError::kNone;
}

bool fits(std::int64_t value, TypeKind kind) {
  switch (kind) {
    case TypeKind::kSmallint:
      return value >= INT16_MIN && value <= INT16_MAX;
    case TypeKind::kInt:
      return value >= INT32_MIN && value <= INT32_MAX;
    default:
      return true;
  }
}

RowError to_int64(const Decimal& number, TypeKind kind, std::int64_t& out) {
  Int128 wide = 0;
  const RowError error = to_integer(number, 0, Fraction::kRefused, wide);
  if (error != RowError::kNone) {
    return error;
  }
  out = static_cast<std::int64_t>(wide);
  return wide == out && fits(out, kind) ? RowError::kNone : RowError::kOverflow;
}

}  // namespace thalweg
