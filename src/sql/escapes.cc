#include "sql/escapes.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace thalweg {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// A number of up to `digits_max` digits at the front of `text`.
struct Digits {
  std::uint32_t value = 0;
  std::size_t count = 0;
};

Digits read_digits(std::string_view text, int base, std::size_t digits_max) {
  Digits digits;
  while (digits.count < std::min(digits_max, text.size())) {
    const int digit = hex_value(text[digits.count]);
    if (digit < 0 || digit >= base) {
      break;
    }
    digits.value =
        digits.value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    ++digits.count;
  }
  return digits;
}

void append_code_point(std::string& out, std::uint32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

// Reads the escape at the front of `text`, which begins with a backslash, and appends what it
// stands for. Its size in the text, or 0 when malformed.
std::size_t read_escape(std::string_view text, std::string& out) {
  if (text.size() < 2) {
    return 0;
  }
  const char kind = text[1];
  if (kind == 'u' || kind == 'U') {
    const std::size_t wanted = kind == 'u' ? 4 : 8;
    const Digits digits = read_digits(text.substr(2), 16, wanted);
    const bool valid = digits.count == wanted && digits.value != 0 && digits.value <= 0x10FFFF &&
                       (digits.value < 0xD800 || digits.value > 0xDFFF);
    if (valid) {
      append_code_point(out, digits.value);
    }
    return valid ? 2 + wanted : 0;
  }
  const bool hex = kind == 'x';
  if (hex || (kind >= '0' && kind <= '7')) {
    const Digits digits =
        hex ? read_digits(text.substr(2), 16, 2) : read_digits(text.substr(1), 8, 3);
    if (digits.count == 0 || digits.value == 0 || digits.value > 0xFF) {
      return 0;
    }
    out += static_cast<char>(digits.value);
    return digits.count + (hex ? 2 : 1);
  }
  constexpr std::string_view kLetters = "bfnrt";
  constexpr std::string_view kMeanings = "\b\f\n\r\t";
  const std::size_t letter = kLetters.find(kind);
  out += letter == std::string_view::npos ? kind : kMeanings[letter];
  return 2;
}

// Appends what `inner` stands for; the bad escape that stopped it, if any.
std::optional<EscapePart> decode(std::string_view inner, std::string& out) {
  for (std::size_t at = 0; at < inner.size();) {
    if (inner[at] == '\\') {
      const std::size_t size = read_escape(inner.substr(at), out);
      if (size == 0) {
        return EscapePart{at, std::min<std::size_t>(2, inner.size() - at)};
      }
      at += size;
    } else {
      out += inner[at];
      at += inner[at] == '\'' ? 2 : 1;
    }
  }
  return std::nullopt;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (size <= 0) {
      return false;
    }
    at += static_cast<std::size_t>(size);
  }
  return true;
}

}  // namespace

std::optional<EscapePart> find_bad_escape(std::string_view inner) {
  std::string decoded;
  if (const auto bad = decode(inner, decoded)) {
    return bad;
  }
  return is_utf8(decoded) ? std::nullopt : std::optional(EscapePart{0, inner.size()});
}

std::string unescape(std::string_view inner) {
  std::string decoded;
  decode(inner, decoded);
  return decoded;
}

}  // namespace thalweg
