#pragma once

#include <string>
#include <string_view>

namespace thalweg {

// A text of the user's cut to a length for messages, between characters.
std::string shorten(std::string_view text);

}  // namespace thalweg
