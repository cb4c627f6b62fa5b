#include "expr/characters.h"

#include <utf8proc.h>

#include <algorithm>

namespace thalweg {
namespace {

void append_encoded(utf8proc_int32_t code, std::string& out) {
  utf8proc_uint8_t encoded[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(code, encoded);
  out.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
}

// Calls visit(code) for each character; what is no UTF-8 is passed through.
template <typename Visit>
void for_each_code(std::string_view text, std::string& out, Visit visit) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(bytes, left, &code);
    if (size <= 0) {
      out.push_back(static_cast<char>(*bytes));
      ++bytes;
      --left;
      continue;
    }
    visit(code);
    bytes += size;
    left -= size;
  }
}

bool is_alphanumeric(utf8proc_int32_t code) {
  const utf8proc_category_t category = utf8proc_category(code);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         category == UTF8PROC_CATEGORY_ND;
}

}  // namespace

std::size_t character_offset(std::string_view text, std::int64_t count) {
  std::size_t at = 0;
  while (count > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && !begins_character(text[at])) {
      ++at;
    }
    --count;
  }
  return at;
}

std::int32_t character_count(std::string_view text) {
  return static_cast<std::int32_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string_view take_character(std::string_view& text) {
  const std::string_view character = text.substr(0, character_offset(text, 1));
  text.remove_prefix(character.size());
  return character;
}

std::int32_t code_of(std::string_view character) {
  utf8proc_int32_t code = -1;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(character.data()),
                   static_cast<utf8proc_ssize_t>(character.size()), &code);
  return code;
}

bool append_code(std::int32_t code, std::string& out) {
  if (code <= 0 || !utf8proc_codepoint_valid(code)) {
    return false;
  }
  append_encoded(code, out);
  return true;
}

void append_lower(std::string_view text, std::string& out) {
  for_each_code(text, out,
                [&](utf8proc_int32_t code) { append_encoded(utf8proc_tolower(code), out); });
}

void append_upper(std::string_view text, std::string& out) {
  for_each_code(text, out,
                [&](utf8proc_int32_t code) { append_encoded(utf8proc_toupper(code), out); });
}

void append_capitals(std::string_view text, std::string& out) {
  bool inside = false;
  for_each_code(text, out, [&](utf8proc_int32_t code) {
    append_encoded(inside ? utf8proc_tolower(code) : utf8proc_toupper(code), out);
    inside = is_alphanumeric(code);
  });
}

}  // namespace thalweg
