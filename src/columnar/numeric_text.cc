#include "columnar/numeric_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "columnar/decimal.h"

namespace thalweg {
namespace {

// A number as written: 0.d1d2d3... * 10^point.
struct WrittenNumber {
  bool negative = false;
  std::string digits;
  int point = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The exponent behind an e; nothing when it is none, or larger than any NUMERIC could need.
std::optional<int> read_exponent(std::string_view text) {
  constexpr int kExponentMax = 100'000;
  const std::size_t sign = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
  const char* const end = text.data() + text.size();
  int exponent = 0;
  const auto [stop, error] = std::from_chars(text.data() + sign, end, exponent);
  if (error != std::errc() || stop != end || exponent < 0 || exponent > kExponentMax) {
    return std::nullopt;
  }
  return text.starts_with('-') ? -exponent : exponent;
}

std::optional<WrittenNumber> read_number(std::string_view text) {
  WrittenNumber number;
  number.negative = text.starts_with('-');
  if (number.negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  std::optional<std::size_t> point;
  bool any_digit = false;
  for (; !text.empty() && (is_digit(text[0]) || text[0] == '.'); text.remove_prefix(1)) {
    if (text[0] == '.') {
      if (point) {
        return std::nullopt;
      }
      point = number.digits.size();
      continue;
    }
    any_digit = true;
    number.digits += text[0];
  }
  int exponent = 0;
  if (any_digit && (text.starts_with('e') || text.starts_with('E'))) {
    const std::optional<int> read = read_exponent(text.substr(1));
    if (!read) {
      return std::nullopt;
    }
    exponent = *read;
    text = {};
  }
  if (!any_digit || !text.empty()) {
    return std::nullopt;
  }
  number.point = static_cast<int>(point.value_or(number.digits.size())) + exponent;
  const std::size_t zeros = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, zeros);
  number.point -= static_cast<int>(zeros);
  return number;
}

// Nothing when the number has more digits than `type` has room for.
std::optional<Int128> to_scale(const WrittenNumber& number, const Type& type) {
  const int kept = number.point + type.scale;
  const int written = static_cast<int>(number.digits.size());
  if (written > 0 && kept > kNumericPrecisionMax) {
    return std::nullopt;
  }
  Int128 value = 0;
  for (int i = 0; i < kept && written > 0; ++i) {
    value = value * 10 + (i < written ? number.digits[static_cast<std::size_t>(i)] - '0' : 0);
  }
  if (kept >= 0 && kept < written && number.digits[static_cast<std::size_t>(kept)] >= '5') {
    ++value;
  }
  if (!has_digits(value, type.precision)) {
    return std::nullopt;
  }
  return number.negative ? -value : value;
}

}  // namespace

Result<Int128> parse_numeric(std::string_view text, const Type& type) {
  const std::optional<WrittenNumber> number = read_number(text);
  if (!number) {
    return invalid_argument(fmt::format("\"{}\" is not a {}", text, to_string(type)));
  }
  const std::optional<Int128> value = to_scale(*number, type);
  if (!value) {
    return invalid_argument(fmt::format("{} is out of range for {}", text, to_string(type)));
  }
  return *value;
}

std::string format_numeric(Int128 value, int scale) {
  char text[48];  // 39 digits, a point and a sign.
  char* const end = text + sizeof(text);
  char* begin = end;
  int places = 0;
  for (UInt128 rest = magnitude(value); rest != 0 || places <= scale; rest /= 10) {
    if (places == scale && scale > 0) {
      *--begin = '.';
    }
    *--begin = static_cast<char>('0' + static_cast<int>(rest % 10));
    ++places;
  }
  if (value < 0) {
    *--begin = '-';
  }
  return {begin, end};
}

}  // namespace thalweg
