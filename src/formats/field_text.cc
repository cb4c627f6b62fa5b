#include "formats/field_text.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>

#include "base/shorten.h"
#include "columnar/decimal.h"
#include "columnar/value.h"
#include "formats/number_text.h"
#include "formats/timestamp_text.h"

namespace thalweg {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n\f\v");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r\n\f\v") - begin + 1);
}

RowError append_integer(const Decimal& number, ColumnBuilder& out) {
  std::int64_t value = 0;
  const RowError error = to_int64(number, out.type().kind, value);
  if (error != RowError::kNone) {
    return error;
  }
  switch (out.type().kind) {
    case TypeKind::kSmallint:
      out.append(static_cast<std::int16_t>(value));
      break;
    case TypeKind::kInt:
      out.append(static_cast<std::int32_t>(value));
      break;
    default:
      out.append(value);
  }
  return RowError::kNone;
}

RowError append_numeric(const Decimal& number, ColumnBuilder& out) {
  Int128 value = 0;
  const RowError error = to_integer(number, out.type().scale, Fraction::kRounded, value);
  if (error != RowError::kNone) {
    return error;
  }
  if (!has_digits(value, out.type().precision)) {
    return RowError::kOverflow;
  }
  out.append(value);
  return RowError::kNone;
}

// Requires: parse_decimal takes the number.
template <typename Float>
RowError append_floating(std::string_view number, ColumnBuilder& out) {
  number.remove_prefix(number.front() == '+' ? 1 : 0);
  Float value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc::result_out_of_range) {
    // Too small is zero, or what is left of it; too large is an error.
    const std::string text(number);
    value = static_cast<Float>(std::strtod(text.c_str(), nullptr));
    if (std::abs(value) > 1) {
      return RowError::kOverflow;
    }
  } else if (error != std::errc{} || end != number.data() + number.size()) {
    return RowError::kWrongType;
  }
  out.append(value);
  return RowError::kNone;
}

RowError append_epoch(const Decimal& number, EpochUnit unit, ColumnBuilder& out) {
  Int128 micros = 0;
  const RowError error = to_integer(number, unit.exponent, Fraction::kRounded, micros);
  // The ends of the range stand for the ends of time.
  if (error != RowError::kNone || micros >= std::numeric_limits<std::int64_t>::max() ||
      micros <= std::numeric_limits<std::int64_t>::min()) {
    return RowError::kOverflow;
  }
  out.append(static_cast<std::int64_t>(micros));
  return RowError::kNone;
}

bool is_word_among(std::string_view text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  });
}

bool append_boolean(std::string_view text, ColumnBuilder& out) {
  constexpr std::string_view kTrue[] = {"true", "t", "yes", "on", "1"};
  constexpr std::string_view kFalse[] = {"false", "f", "no", "off", "0"};
  const bool is_true = is_word_among(text, kTrue);
  if (!is_true && !is_word_among(text, kFalse)) {
    return false;
  }
  out.append_bool(is_true);
  return true;
}

bool append_bytes(std::string_view text, ColumnBuilder& out) {
  std::string bytes;
  if (text.starts_with("\\x")) {
    const std::string_view hex = text.substr(2);
    if (hex.size() % 2 != 0 ||
        hex.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
      return false;
    }
    bytes = absl::HexStringToBytes({hex.data(), hex.size()});
  } else if (!absl::Base64Unescape({text.data(), text.size()}, &bytes)) {
    return false;
  }
  out.append_text(bytes);
  return true;
}

// Whatever the type's own reader knows.
bool append_parsed(std::string_view text, ColumnBuilder& out) {
  const Result<Value> value = parse_value(text, out.type());
  if (!value.ok()) {
    return false;
  }
  out.append_value(value.value());
  return true;
}

bool append_floating_word(std::string_view text, ColumnBuilder& out) {
  double value = 0;
  if (text == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity" || text == "inf") {
    value = std::numeric_limits<double>::infinity();
  } else if (text == "-Infinity" || text == "-inf") {
    value = -std::numeric_limits<double>::infinity();
  } else {
    return false;
  }
  if (out.type().kind == TypeKind::kReal) {
    out.append(static_cast<float>(value));
  } else {
    out.append(value);
  }
  return true;
}

// "a TEXT", "an INT".
std::string with_article(const Type& type) {
  const std::string name = to_string(type);
  return (name.starts_with('I') ? "an " : "a ") + name;
}

RowError misfit_unless(bool appended) { return appended ? RowError::kNone : RowError::kWrongType; }

RowError append_number_text(std::string_view text, ColumnBuilder& out) {
  text = trimmed(text);
  Decimal number;
  if (parse_decimal(text, number)) {
    return append_number(text, EpochUnit{}, out);
  }
  return misfit_unless(is_floating(out.type().kind) && append_floating_word(text, out));
}

}  // namespace

EpochUnit epoch_unit(std::string_view name) {
  if (name == "s") {
    return {.exponent = 6};
  }
  if (name == "us") {
    return {.exponent = 0};
  }
  return {.exponent = name == "ns" ? -3 : 3};
}

RowError append_number(std::string_view number, EpochUnit unit, ColumnBuilder& out) {
  const TypeKind kind = out.type().kind;
  if (kind == TypeKind::kText) {
    out.append_text(number);
    return RowError::kNone;
  }
  if (kind == TypeKind::kDouble) {
    return append_floating<double>(number, out);
  }
  if (kind == TypeKind::kReal) {
    return append_floating<float>(number, out);
  }
  Decimal decimal;
  if (!parse_decimal(number, decimal)) {
    return RowError::kWrongType;
  }
  if (is_integer(kind)) {
    return append_integer(decimal, out);
  }
  if (kind == TypeKind::kNumeric) {
    return append_numeric(decimal, out);
  }
  if (kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz) {
    return append_epoch(decimal, unit, out);
  }
  return RowError::kWrongType;
}

RowError append_from_text(std::string_view text, ColumnBuilder& out) {
  const TypeKind kind = out.type().kind;
  switch (kind) {
    case TypeKind::kText:
      out.append_text(text);
      return RowError::kNone;
    case TypeKind::kBoolean:
      return misfit_unless(append_boolean(trimmed(text), out));
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kReal:
    case TypeKind::kDouble:
    case TypeKind::kNumeric:
      return append_number_text(text, out);
    case TypeKind::kBytea:
      return misfit_unless(append_bytes(text, out));
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      if (std::int64_t micros = 0; parse_timestamp_text(text, micros)) {
        out.append(micros);
        return RowError::kNone;
      }
      return RowError::kWrongType;
    default:
      return misfit_unless(append_parsed(text, out));
  }
}

std::string describe_misfit(RowError error, std::string_view field, std::string_view shown,
                            const Type& type) {
  switch (error) {
    case RowError::kNullNotAllowed:
      return fmt::format("field \"{}\" is NULL or missing, its column is NOT NULL", field);
    case RowError::kOverflow:
      return fmt::format("field \"{}\": {} is out of range for {}", field, shorten(shown),
                         to_string(type));
    case RowError::kMalformed:
      return fmt::format("field \"{}\": {} is not a value", field, shorten(shown));
    default:
      return fmt::format("field \"{}\": {} is not {}", field, shorten(shown), with_article(type));
  }
}

}  // namespace thalweg
