#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// A part of the inside of E'...'.
struct EscapePart {
  std::size_t offset = 0;
  std::size_t size = 0;
};

// The first escape that stands for no character, or makes bytes that are not UTF-8.
std::optional<EscapePart> find_bad_escape(std::string_view inner);

// What the inside of E'...' stands for. Requires: no bad escape in it.
std::string unescape(std::string_view inner);

}  // namespace thalweg
