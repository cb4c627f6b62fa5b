#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Characters of UTF-8 text. Private to this folder.
namespace thalweg {

inline bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

// Where the character number `count` (from 0) begins; the end when there are fewer.
std::size_t character_offset(std::string_view text, std::int64_t count);

std::int32_t character_count(std::string_view text);

// The first character, taken off the front of the text. Requires: not empty.
std::string_view take_character(std::string_view& text);

// The code of a character, and a code's character; -1 and nothing where there is none.
std::int32_t code_of(std::string_view character);
bool append_code(std::int32_t code, std::string& out);

void append_lower(std::string_view text, std::string& out);
void append_upper(std::string_view text, std::string& out);
// First letter of each word in upper case, the others in lower case.
void append_capitals(std::string_view text, std::string& out);

}  // namespace thalweg
