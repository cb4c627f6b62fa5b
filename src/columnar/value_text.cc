#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "columnar/calendar.h"
#include "columnar/decimal.h"
#include "columnar/interval_text.h"
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
  // Shortest digits that read back the same; an exponent where PostgreSQL uses one.
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(value))));
  std::array<char, 64> buffer;
  const bool scientific = exponent < -4 || exponent >= (sizeof(T) == 4 ? 6 : 15);
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    scientific ? std::chars_format::scientific : std::chars_format::fixed);
  return {buffer.data(), end};
}

std::string format_numeric(Int128 value, int scale) {
  std::string digits;
  UInt128 rest = magnitude(value);
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (scale > 0) {
    if (digits.size() <= static_cast<std::size_t>(scale)) {
      digits.insert(0, static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
    }
    digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
  }
  return (value < 0 ? "-" : "") + digits;
}

std::string format_bytea(std::string_view bytes) {
  std::string out = "\\x";
  for (const char c : bytes) {
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

// An element of {..} or (..), quoted where it could be misread.
std::string quoted_element(const Value& value, bool array) {
  if (value.is_null()) {
    return array ? "NULL" : "";
  }
  const std::string text = to_string(value);
  if (array && std::holds_alternative<Value::List>(value.data) &&
      value.type.kind == TypeKind::kArray) {
    return text;
  }
  const bool quote = text.empty() || (array && lower(text) == "null") ||
                     text.find_first_of("{}(),\"\\ \t\n") != std::string::npos;
  if (!quote) {
    return text;
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += array ? '\\' : c;
    }
    out += c;
  }
  return out + '"';
}

std::string format_list(const Value& value) {
  const bool array = value.type.kind == TypeKind::kArray;
  std::string out = array ? "{" : "(";
  bool first = true;
  for (const Value& element : std::get<Value::List>(value.data)) {
    out += first ? "" : ",";
    out += quoted_element(element, array);
    first = false;
  }
  return out + (array ? "}" : ")");
}

Status not_a(std::string_view text, const Type& type) {
  return invalid_argument(fmt::format("\"{}\" is not a {}", text, to_string(type)));
}

Result<Value> parse_integer(std::string_view text, const Type& type, std::int64_t min,
                            std::int64_t max) {
  std::string_view digits = trimmed(text);
  if (digits.starts_with('+')) {
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

// Digits, a point, an exponent: rounded half away from zero to the type's scale.
Result<Value> parse_numeric(std::string_view text, const Type& type) {
  std::string_view word = trimmed(text);
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) {
    word.remove_prefix(1);
  }
  std::string digits;
  int point = -1;
  std::size_t i = 0;
  for (; i < word.size(); ++i) {
    if (word[i] == '.' && point < 0) {
      point = static_cast<int>(digits.size());
    } else if (word[i] >= '0' && word[i] <= '9') {
      digits += word[i];
    } else {
      break;
    }
  }
  int exponent = 0;
  if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
    std::string_view rest = word.substr(i + 1);
    if (rest.starts_with('+')) {
      rest.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (error != std::errc() || end != rest.data() + rest.size() || exponent > 1000 ||
        exponent < -1000) {
      return not_a(text, type);
    }
    i = word.size();
  }
  if (digits.empty() || i != word.size()) {
    return not_a(text, type);
  }
  // The digits that count: up to `wanted`, and one more to round by.
  const int before_point = (point < 0 ? static_cast<int>(digits.size()) : point) + exponent;
  const int wanted = before_point + type.scale;
  Int128 value = 0;
  for (int at = 0; at < wanted; ++at) {
    const int digit =
        at < static_cast<int>(digits.size()) ? digits[static_cast<std::size_t>(at)] - '0' : 0;
    if (__builtin_mul_overflow(value, Int128{10}, &value) ||
        __builtin_add_overflow(value, Int128{digit}, &value)) {
      return invalid_argument(fmt::format("{} is out of range for {}", word, to_string(type)));
    }
  }
  if (wanted >= 0 && wanted < static_cast<int>(digits.size()) &&
      digits[static_cast<std::size_t>(wanted)] >= '5') {
    ++value;
  }
  if (!has_digits(value, type.precision)) {
    return invalid_argument(fmt::format("{} is out of range for {}", word, to_string(type)));
  }
  return Value{type, negative ? -value : value};
}

Result<Value> parse_boolean(std::string_view text, const Type& type) {
  const std::string word = lower(trimmed(text));
  for (const std::string_view yes : {"true", "t", "yes", "y", "on", "1"}) {
    if (word == yes) {
      return Value{type, true};
    }
  }
  for (const std::string_view no : {"false", "f", "no", "n", "off", "0"}) {
    if (word == no) {
      return Value{type, false};
    }
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

// Reads {1,2,NULL,"a b"} and (1,,"a b").
class ListParser {
 public:
  ListParser(std::string_view text, const Type& type) : all_(text), text_(text), type_(type) {}

  Result<Value> parse() {
    TW_TRY_ASSIGN(Value value, parse_list(type_));
    if (!trimmed(text_).empty()) {
      return not_a(all_, type_);
    }
    return value;
  }

 private:
  Result<Value> parse_list(const Type& type) {
    const bool array = type.kind == TypeKind::kArray;
    text_ = text_.substr(std::min(text_.find_first_not_of(' '), text_.size()));
    if (text_.empty() || text_.front() != (array ? '{' : '(')) {
      return not_a(all_, type_);
    }
    text_.remove_prefix(1);
    Value::List list;
    const char close = array ? '}' : ')';
    if (array && !text_.empty() && text_.front() == close) {
      text_.remove_prefix(1);
      return Value{type, std::move(list)};
    }
    while (true) {
      if (!array && list.size() >= type.fields->size()) {
        return not_a(all_, type_);
      }
      const Type& element = (*type.fields)[array ? 0 : list.size()].type;
      TW_TRY_ASSIGN(Value value, parse_element(element, array, close));
      list.push_back(std::move(value));
      if (text_.empty()) {
        return not_a(all_, type_);
      }
      const char next = text_.front();
      text_.remove_prefix(1);
      if (next == close) {
        break;
      }
      if (next != ',') {
        return not_a(all_, type_);
      }
    }
    if (!array && list.size() != type.fields->size()) {
      return not_a(all_, type_);
    }
    return Value{type, std::move(list)};
  }

  Result<Value> parse_element(const Type& type, bool array, char close) {
    if (array && type.kind == TypeKind::kArray) {
      return parse_list(type);
    }
    std::string word;
    bool quoted = false;
    while (!text_.empty() && text_.front() != ',' && text_.front() != close) {
      if (text_.front() != '"') {
        word += text_.front();
        text_.remove_prefix(1);
        continue;
      }
      quoted = true;
      text_.remove_prefix(1);
      while (!text_.empty()) {
        const char c = text_.front();
        text_.remove_prefix(1);
        if (c == '"' && !text_.starts_with('"')) {
          break;
        }
        if ((c == '\\' || c == '"') && !text_.empty()) {
          word += text_.front();
          text_.remove_prefix(1);
        } else {
          word += c;
        }
      }
    }
    if (!quoted && (array ? lower(trimmed(word)) == "null" : word.empty())) {
      return null_value(type);
    }
    return parse_value(word, type);
  }

  std::string_view all_;
  std::string_view text_;
  const Type& type_;
};

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
      return parse_numeric(text, type);
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
      return ListParser(text, type).parse();
  }
  return not_a(text, type);
}

}  // namespace thalweg
