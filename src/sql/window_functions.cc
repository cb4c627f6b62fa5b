#include "sql/window_functions.h"

#include <array>
#include <vector>

#include "base/nearest.h"
#include "sql/keywords.h"

namespace thalweg {
namespace {

constexpr std::array<WindowFunction, 7> kFunctions = {{
    {"TUMBLE", "TUMBLE(t, ts, size [, offset])",
     "Windows of one size, one after the other. Adds window_start, window_end and window_time."},
    {"HOP", "HOP(t, ts, slide, size [, offset])",
     "Windows of one size that begin at every slide: a row is in each that holds it."},
    {"CUMULATE", "CUMULATE(t, ts, step, size [, offset])",
     "The windows of TUMBLE, and each of them so far, after every step."},
    {"SESSION", "SESSION(t [PARTITION BY columns], ts, gap)",
     "Rows of a key that are at most the gap apart."},
    {"TUMBLE_ROWS", "TUMBLE_ROWS(t [PARTITION BY columns], ts, size)",
     "Windows of so many rows of a key, in order of event time; window_number counts them from 1."},
    {"HOP_ROWS", "HOP_ROWS(t [PARTITION BY columns], ts, slide, size)",
     "Windows of so many rows of a key, of which one begins at every `slide` rows."},
    {"LATE", "LATE(view)", "The rows that came too late for the windows of a view."},
}};

}  // namespace

std::span<const WindowFunction> window_functions() { return kFunctions; }

std::string window_function_names() {
  std::string names;
  for (const WindowFunction& function : kFunctions) {
    names += (names.empty() ? "" : ", ") + std::string(function.name);
  }
  return names;
}

std::optional<std::string> nearest_window_function(std::string_view word) {
  std::vector<std::string> names;
  for (const WindowFunction& function : kFunctions) {
    names.emplace_back(function.name);
  }
  return nearest_name(upper(word), names);
}

}  // namespace thalweg
