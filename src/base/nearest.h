#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// The candidate that `name` was probably meant to be: case aside, at most two edits
// (Damerau-Levenshtein) away and fewer than half its length, or one that begins with `name`.
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates);

}  // namespace thalweg
