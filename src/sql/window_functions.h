#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// A function that stands in FROM, as users are told of it.
struct WindowFunction {
  std::string_view name;
  std::string_view signature;
  std::string_view text;
};

// In the order of ast::WindowKind; behind those, LATE.
std::span<const WindowFunction> window_functions();
// All their names, and the one that a misspelt one probably means: "TUMBLE".
std::string window_function_names();
std::optional<std::string> nearest_window_function(std::string_view word);

}  // namespace thalweg
