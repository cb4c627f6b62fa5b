#include "formats/json_walker.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "formats/byte_scan.h"
#include "formats/number_text.h"
#include "formats/timestamp_text.h"

namespace thalweg {
namespace {

constexpr std::size_t kFieldsMax = 64;  // Bits of a word.
constexpr std::size_t kSlotsMax = 256;
constexpr std::int32_t kEndOfObject = -2;

// What may stand in a number or a word without ending it. The parser takes more in values that
// nobody reads; such lines are left to it.
constexpr std::array<bool, 256> make_word_bytes() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("+-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                                       "abcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kWordBytes = make_word_bytes();

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

const char* skip_spaces(const char* at) {
  while (is_space(*at)) {
    ++at;
  }
  return at;
}

bool ends_value(char c) { return c == ',' || c == '}' || is_space(c); }

const char* word_end(const char* at) {
  while (kWordBytes[static_cast<unsigned char>(*at)]) {
    ++at;
  }
  return at;
}

constexpr std::array<std::int64_t, 19> make_powers() {
  std::array<std::int64_t, 19> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) {
    powers[i] = powers[i - 1] * 10;
  }
  return powers;
}
constexpr std::array<std::int64_t, 19> kPowers = make_powers();

// The value of up to eight digits at `at`, and how many there are: all of them are found and
// weighed in one word.
unsigned read_eight(const char* at, std::uint64_t& value) {
  const std::uint64_t digits = load_word(at) ^ (kEachByte * '0');
  const std::uint64_t others = ((digits + kEachByte * 0x76) | digits) & kHighBits;
  const unsigned count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  if (count == 0) {
    value = 0;
    return 0;
  }
  std::uint64_t word = digits << (64 - 8 * count);  // Zeros in front.
  word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffULL;
  word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffULL;
  value = (word * 10000 + (word >> 32)) & 0xffffffffULL;
  return count;
}

// Digits from `at` on, at most 18 of them; how many, 0 when there are none or more.
unsigned read_digits(const char* at, std::int64_t& value) {
  std::uint64_t part = 0;
  unsigned count = read_eight(at, part);
  value = static_cast<std::int64_t>(part);
  for (unsigned more = count; more == 8;) {
    more = read_eight(at + count, part);
    count += more;
    if (count > 18) {
      return 0;
    }
    value = value * kPowers[more] + static_cast<std::int64_t>(part);
  }
  return count;
}

// A whole number of at most 18 digits; nullptr for any other value.
const char* read_integer(const char* at, std::int64_t& value) {
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  const unsigned count = read_digits(at, value);
  if (count == 0 || (*at == '0' && count > 1) || !ends_value(at[count])) {
    return nullptr;
  }
  value = negative ? -value : value;
  return at + count;
}

// A number without exponent and of at most 15 digits: then digits and power of ten are exact
// doubles, and one division rounds right. nullptr for any other value.
const char* read_double(const char* at, double& value) {
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  std::int64_t whole = 0;
  const unsigned count = read_digits(at, whole);
  if (count == 0 || count > 15 || (*at == '0' && count > 1)) {
    return nullptr;
  }
  at += count;
  value = static_cast<double>(whole);
  if (*at == '.') {
    std::int64_t fraction = 0;
    const unsigned places = read_digits(++at, fraction);
    if (places == 0 || count + places > 15) {
      return nullptr;
    }
    at += places;
    value = static_cast<double>(whole * kPowers[places] + fraction) /
            static_cast<double>(kPowers[places]);
  }
  value = negative ? -value : value;
  return ends_value(*at) ? at : nullptr;
}

}  // namespace

RowError append_json_scalar(std::string_view token, EpochUnit unit, ColumnBuilder& out) {
  if (token == "null") {
    out.append_null();
    return RowError::kNone;
  }
  if (token == "true" || token == "false") {
    if (out.type().kind == TypeKind::kBoolean) {
      out.append_bool(token == "true");
    } else if (out.type().kind == TypeKind::kText) {
      out.append_text(token);
    } else {
      return RowError::kWrongType;
    }
    return RowError::kNone;
  }
  return is_json_number(token) ? append_number(token, unit, out) : RowError::kMalformed;
}

bool JsonWalker::Slot::matches(const char* at) const {
#ifdef __AVX2__
  const __m256i there = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i wanted = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes.data()));
  const auto equal =
      static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(there, wanted)));
  return (~std::uint64_t{equal} & mask) == 0;
#else
  return mask != kNothing && std::memcmp(at, bytes.data(), length) == 0;
#endif
}

JsonWalker::JsonWalker(const JsonFields& fields) : fields_(fields), slots_(1) {
  usable_ = fields.schema.size() <= kFieldsMax;
  for (std::size_t i = 0; usable_ && i < fields.schema.size(); ++i) {
    const TypeKind kind = fields.schema[i].type.kind;
    Plan plan{
        .reading = Reading::kOther, .kind = kind, .not_null = fields.not_null[i], .epoch_scale = 0};
    if (is_integer(kind)) {
      plan.reading = Reading::kInteger;
    } else if (kind == TypeKind::kDouble) {
      plan.reading = Reading::kDouble;
    } else if (kind == TypeKind::kText) {
      plan.reading = Reading::kText;
    } else if (kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz) {
      plan.reading = Reading::kTime;
      plan.epoch_scale =
          fields.unit.exponent < 0 ? 0 : kPowers[static_cast<std::size_t>(fields.unit.exponent)];
    } else if (kind == TypeKind::kStruct || kind == TypeKind::kArray) {
      usable_ = false;
    }
    plans_.push_back(plan);
    all_fields_ |= std::uint64_t{1} << i;
  }
}

const char* JsonWalker::read(const char* line, std::span<ColumnBuilder> columns) {
  beyond_ascii_ = 0;
  std::uint64_t seen = 0;
  std::size_t slot = 0;
  const char* at = skip_spaces(line);
  if (*at != '{') {
    return nullptr;
  }
  ++at;
  while (true) {
    std::int32_t field = kUnread;
    if (slot < slots_.size() && slots_[slot].matches(at)) {
      field = slots_[slot].field;
      at += slots_[slot].length;
      ++slot;
    } else {
      at = read_key(at, slot, field);
      if (at == nullptr) {
        return nullptr;
      }
      if (field == kEndOfObject) {
        break;
      }
    }
    // Of fields with the same name the first counts.
    const std::uint64_t bit = field < 0 ? 0 : std::uint64_t{1} << field;
    if ((bit & ~seen) == 0) {
      at = skip_value(at);
    } else {
      seen |= bit;
      at = read_value(at, field, columns[static_cast<std::size_t>(field)]);
    }
    if (at == nullptr) {
      return nullptr;
    }
  }
  at = skip_spaces(at);
  if (*at != '\n' ||
      (beyond_ascii_ != 0 && !is_valid_utf8({line, static_cast<std::size_t>(at - line)})) ||
      (seen != all_fields_ && !append_missing(seen, columns))) {
    return nullptr;
  }
  return at + 1;
}

bool JsonWalker::append_missing(std::uint64_t seen, std::span<ColumnBuilder> columns) const {
  for (std::uint64_t missing = all_fields_ & ~seen; missing != 0; missing &= missing - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(missing));
    if (plans_[field].not_null) {
      return false;
    }
    columns[field].append_null();
  }
  return true;
}

// From the opening bracket or the end of a value to the beginning of the next, or past the end of
// the object.
const char* JsonWalker::read_key(const char* at, std::size_t& slot, std::int32_t& field) {
  const char* const begin = at;
  at = skip_spaces(at);
  if (*at == '}') {
    field = kEndOfObject;
    return at + 1;
  }
  if (slot > 0) {
    if (*at != ',') {
      return nullptr;
    }
    at = skip_spaces(at + 1);
  }
  if (*at != '"') {
    return nullptr;
  }
  std::uint64_t beyond_ascii = 0;
  const char* const key = at + 1;
  const char* const key_end = find_string_stop(key, beyond_ascii);
  if (*key_end != '"') {
    return nullptr;
  }
  beyond_ascii_ |= beyond_ascii;
  at = skip_spaces(key_end + 1);
  if (*at != ':') {
    return nullptr;
  }
  at = skip_spaces(at + 1);
  field = find_field(fields_, {key, static_cast<std::size_t>(key_end - key)});
  learn(begin, at, field, slot);
  return at;
}

// Remembers a key where it came, unless it is among those expected later: then the ones before it
// are only missing from this line.
void JsonWalker::learn(const char* begin, const char* end, std::int32_t field, std::size_t& slot) {
  const std::size_t place = std::exchange(slot, std::max<std::size_t>(slot, 1));
  const auto length = static_cast<std::size_t>(end - begin);
  // What lies beyond ASCII is not remembered, for it has to be checked each time.
  if (length > sizeof(Slot::bytes) || place >= kSlotsMax ||
      std::any_of(begin, end, [](char c) { return static_cast<signed char>(c) < 0; })) {
    return;
  }
  for (std::size_t later = place; place > 0 && later < slots_.size(); ++later) {
    if (slots_[later].length == length && slots_[later].matches(begin)) {
      slot = later + 1;
      return;
    }
  }
  if (place == slots_.size()) {
    slots_.emplace_back();
  }
  Slot& learned = slots_[place];
  std::memcpy(learned.bytes.data(), begin, length);
  learned.mask = (std::uint64_t{1} << length) - 1;
  learned.length = static_cast<std::uint32_t>(length);
  learned.field = field;
  slot = place + 1;
}

const char* JsonWalker::read_value(const char* at, std::int32_t field, ColumnBuilder& column) {
  const Plan& plan = plans_[static_cast<std::size_t>(field)];
  switch (plan.reading) {
    case Reading::kInteger:
      return read_integer_value(at, plan, column);
    case Reading::kDouble: {
      double value = 0;
      if (const char* const end = read_double(at, value); end != nullptr) {
        column.append(value);
        return end;
      }
      break;
    }
    case Reading::kText:
      if (*at == '"') {
        const char* const end = find_string_stop(at + 1, beyond_ascii_);
        if (*end != '"') {
          return nullptr;
        }
        column.append_text({at + 1, static_cast<std::size_t>(end - at - 1)});
        return end + 1;
      }
      break;
    case Reading::kTime:
      if (std::int64_t value = 0; *at != '"') {
        if (const char* const end = read_integer(at, value);
            end != nullptr && plan.epoch_scale != 0 &&
            !__builtin_mul_overflow(value, plan.epoch_scale, &value)) {
          column.append(value);
          return end;
        }
      }
      break;
    case Reading::kOther:
      break;
  }
  return read_any_value(at, plan, column);
}

const char* JsonWalker::read_integer_value(const char* at, const Plan& plan,
                                           ColumnBuilder& column) {
  std::int64_t value = 0;
  const char* const end = read_integer(at, value);
  if (end == nullptr) {
    return read_any_value(at, plan, column);
  }
  if (plan.kind == TypeKind::kBigint) {
    column.append(value);
    return end;
  }
  if (!fits(value, plan.kind)) {
    return nullptr;
  }
  if (plan.kind == TypeKind::kInt) {
    column.append(static_cast<std::int32_t>(value));
  } else {
    column.append(static_cast<std::int16_t>(value));
  }
  return end;
}

const char* JsonWalker::read_any_value(const char* at, const Plan& plan, ColumnBuilder& column) {
  if (*at == '"') {
    const char* const end = find_string_stop(at + 1, beyond_ascii_);
    if (*end != '"') {
      return nullptr;
    }
    const std::string_view text(at + 1, static_cast<std::size_t>(end - at - 1));
    return append_from_text(text, column) == RowError::kNone ? end + 1 : nullptr;
  }
  const char* const end = word_end(at);
  const std::string_view token(at, static_cast<std::size_t>(end - at));
  if (!ends_value(*end) || (plan.not_null && token == "null")) {
    return nullptr;
  }
  return append_json_scalar(token, fields_.unit, column) == RowError::kNone ? end : nullptr;
}

const char* JsonWalker::skip_value(const char* at) {
  if (*at == '"') {
    return skip_string(at + 1);
  }
  if (*at == '{' || *at == '[') {
    return skip_nested(at);
  }
  const char* end = find_number_stop(at);
  if (*end != ',' && *end != '}') {
    end = word_end(end);
  }
  return end > at ? end : nullptr;
}

const char* JsonWalker::skip_string(const char* at) {
  while (true) {
    at = find_string_stop(at, beyond_ascii_);
    if (*at == '"') {
      return at + 1;
    }
    if (*at != '\\' || static_cast<unsigned char>(at[1]) < 0x20) {
      return nullptr;
    }
    beyond_ascii_ |= static_cast<unsigned char>(at[1]) & 0x80;
    at += 2;
  }
}

const char* JsonWalker::skip_nested(const char* at) {
  std::uint32_t depth = 0;
  while (true) {
    const char c = *at++;
    switch (c) {
      case '"':
        at = skip_string(at);
        if (at == nullptr) {
          return nullptr;
        }
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) {
          return at;
        }
        break;
      case ',':
      case ':':
        break;
      default:
        if (!is_space(c) && !kWordBytes[static_cast<unsigned char>(c)]) {
          return nullptr;
        }
    }
  }
}

}  // namespace thalweg
