#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

// How the names of the hidden files beside a file begin: `.NAME.`, without the directory.
std::string hidden_beside(std::string_view file);

// Takes `end` away where the text ends with it; whether it does.
bool take_end(std::string_view& text, std::string_view end);

// Takes the number that stands behind the last dash, and the dash; whether there is one.
bool take_number(std::string_view& text, std::uint64_t& out);

}  // namespace thalweg
