#pragma once

#include <span>
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

}  // namespace thalweg
