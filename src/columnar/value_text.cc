#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "columnar/calendar.h"
#include "columnar/interval_text.h"
#include "columnar/list_text.h"
#include "columnar/numeric_text.h"
#include "columnar/value.h"

// Values as text, in PostgreSQL's forms.
namespace thalweg {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\r\f\v";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

template <typename T>
std::string format_floating(T value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-Infinity" : "Infinity";
  }
  if (value == 0) {
    return std::signbit(value) ? "-0" : "0";
  }
  // The shortest digits that read back the same; an exponent where PostgreSQL has one.
  constexpr int kFixedExponentMin = -4;
  constexpr int kFixedExponentEnd = sizeof(T) == sizeof(float) ? 6 : 15;
  std::array<char, 64> buffer;
  char* const limit = buffer.data() + buffer.size();
  char* end = std::to_chars(buffer.data(), limit, value, std::chars_format::scientific).ptr;
  const std::string_view written{buffer.data(), end};
  const char* const exponent_text = buffer.data() + written.find('e') + 1;
  int exponent = 0;
  std::from_chars(exponent_text + (*exponent_text == '+' ? 1 : 0), end, exponent);
  if (exponent >= kFixedExponentMin && exponent < kFixedExponentEnd) {
    end = std::to_chars(buffer.data(), limit, value, std::chars_format::fixed).ptr;
  }
  return {buffer.data(), end};
}

std::string format_bytea(std::string_view bytes) {
  std::string out = "\\x";
  for (const char c : bytes) {
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

Status not_a(std::string_view text, const Type& type) {
  return invalid_argument(fmt::format("\"{}\" is not a {}", text, to_string(type)));
}

Result<Value> parse_integer(std::string_view text, const Type& type, std::int64_t min,
                            std::int64_t max) {
  std::string_view digits = trimmed(text);
  if (digits.starts_with('+') && !digits.starts_with("+-")) {
    digits.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range ||
      (error == std::errc() && (value < min || value > max))) {
    return invalid_argument(fmt::format("{} is out of range for {}", digits, to_string(type)));
  }
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return not_a(text, type);
  }
  return Value{type, value};
}

Result<Value> parse_floating(std::string_view text, const Type& type) {
  std::string_view word = trimmed(text);
  const std::string folded = lower(word);
  const double sign = folded.starts_with('-') ? -1 : 1;
  const std::string_view unsigned_word =
      std::string_view(folded).substr(folded.starts_with('-') || folded.starts_with('+') ? 1 : 0);
  if (unsigned_word == "nan") {
    return Value{type, std::numeric_limits<double>::quiet_NaN()};
  }
  if (unsigned_word == "infinity" || unsigned_word == "inf") {
    return Value{type, sign * std::numeric_limits<double>::infinity()};
  }
  // Else from_chars would take a second sign, and forms of NaN that are not PostgreSQL's.
  if (unsigned_word.find_first_not_of("0123456789.e+-") != std::string_view::npos ||
      unsigned_word.starts_with('-')) {
    return not_a(text, type);
  }
  double value = 0;
  const auto [end, error] =
      std::from_chars(unsigned_word.data(), unsigned_word.data() + unsigned_word.size(), value);
  if (error == std::errc::result_out_of_range) {
    return invalid_argument(fmt::format("{} is out of range for {}", word, to_string(type)));
  }
  if (error != std::errc() || end != unsigned_word.data() + unsigned_word.size()) {
    return not_a(text, type);
  }
  value *= sign;
  if (type.kind == TypeKind::kReal) {
    if (std::isinf(static_cast<float>(value))) {
      return invalid_argument(fmt::format("{} is out of range for {}", word, to_string(type)));
    }
    value = static_cast<float>(value);
  }
  return Value{type, value};
}

Result<Value> parse_numeric_value(std::string_view text, const Type& type) {
  TW_TRY_ASSIGN(const Int128 value, parse_numeric(trimmed(text), type));
  return Value{type, value};
}

// Any beginning of a word that only one of them has will do.
Result<Value> parse_boolean(std::string_view text, const Type& type) {
  const std::string word = lower(trimmed(text));
  const auto begins = [&](std::string_view whole, std::size_t size_min) {
    return word.size() >= size_min && whole.starts_with(word);
  };
  if (begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1") {
    return Value{type, true};
  }
  if (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") {
    return Value{type, false};
  }
  return not_a(text, type);
}

Result<Value> parse_bytea(std::string_view text, const Type& type) {
  if (!text.starts_with("\\x")) {
    return Value{type, std::string(text)};
  }
  std::string bytes;
  std::string_view hex = text.substr(2);
  if (hex.size() % 2 != 0) {
    return not_a(text, type);
  }
  for (; !hex.empty(); hex.remove_prefix(2)) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + 2, value, 16);
    if (error != std::errc() || end != hex.data() + 2) {
      return not_a(text, type);
    }
    bytes += static_cast<char>(value);
  }
  return Value{type, std::move(bytes)};
}

}  // namespace

std::string to_string(const Value& value) {
  if (value.is_null()) {
    return "";
  }
  switch (value.type.kind) {
    case TypeKind::kNull:
      return "";
    case TypeKind::kBoolean:
      return std::get<bool>(value.data) ? "t" : "f";
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
      return std::to_string(std::get<std::int64_t>(value.data));
    case TypeKind::kReal:
      return format_floating(static_cast<float>(std::get<double>(value.data)));
    case TypeKind::kDouble:
      return format_floating(std::get<double>(value.data));
    case TypeKind::kNumeric:
      return format_numeric(std::get<Int128>(value.data), value.type.scale);
    case TypeKind::kText:
      return std::get<std::string>(value.data);
    case TypeKind::kBytea:
      return format_bytea(std::get<std::string>(value.data));
    case TypeKind::kDate:
      return format_date(std::get<std::int64_t>(value.data));
    case TypeKind::kTime:
      return format_time_of_day(std::get<std::int64_t>(value.data));
    case TypeKind::kTimestamp:
      return format_timestamp(std::get<std::int64_t>(value.data));
    case TypeKind::kTimestamptz:
      return format_timestamp(std::get<std::int64_t>(value.data)) + "+00";
    case TypeKind::kInterval:
      return format_interval(std::get<Interval>(value.data));
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return format_list(value);
  }
  return "";
}

Result<Value> parse_value(std::string_view text, const Type& type) {
  switch (type.kind) {
    case TypeKind::kNull:
      return null_value(type);
    case TypeKind::kBoolean:
      return parse_boolean(text, type);
    case TypeKind::kSmallint:
      return parse_integer(text, type, std::numeric_limits<std::int16_t>::min(),
                           std::numeric_limits<std::int16_t>::max());
    case TypeKind::kInt:
      return parse_integer(text, type, std::numeric_limits<std::int32_t>::min(),
                           std::numeric_limits<std::int32_t>::max());
    case TypeKind::kBigint:
      return parse_integer(text, type, std::numeric_limits<std::int64_t>::min(),
                           std::numeric_limits<std::int64_t>::max());
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return parse_floating(text, type);
    case TypeKind::kNumeric:
      return parse_numeric_value(text, type);
    case TypeKind::kText:
      return Value{type, std::string(text)};
    case TypeKind::kBytea:
      return parse_bytea(text, type);
    case TypeKind::kDate:
      if (const auto days = parse_date(trimmed(text))) {
        return Value{type, *days};
      }
      return not_a(text, type);
    case TypeKind::kTime:
      if (const auto micros = parse_time_of_day(trimmed(text))) {
        return Value{type, *micros};
      }
      return not_a(text, type);
    case TypeKind::kTimestamp:
      if (const auto parsed = parse_timestamp(trimmed(text))) {
        return Value{type, parsed->micros};
      }
      return not_a(text, type);
    case TypeKind::kTimestamptz:
      if (const auto parsed = parse_timestamp(trimmed(text))) {
        return Value{type, parsed->micros - parsed->offset_micros};
      }
      return not_a(text, type);
    case TypeKind::kInterval:
      if (const auto interval = parse_interval(text)) {
        return Value{type, *interval};
      }
      return not_a(text, type);
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return parse_list(text, type);
  }
  return not_a(text, type);
}

}  // namespace thalweg
