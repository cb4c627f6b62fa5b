#include <array>

#include "formats/csv_format.h"
#include "formats/format.h"
#include "formats/json_format.h"

namespace thalweg {

std::size_t row_bytes_max(const Options& options) {
  constexpr std::size_t kDefault = 16 * 1024 * 1024;
  std::int64_t bytes = 0;
  return options.has("max_row_bytes") && parse_bytes(options.text("max_row_bytes"), bytes) &&
                 bytes > 0
             ? static_cast<std::size_t>(bytes)
             : kDefault;
}

std::span<const Format* const> formats() {
  static const std::array<const Format*, 2> all = {&json_format(), &csv_format()};
  return all;
}

const Format* find_format(std::string_view name) {
  for (const Format* const format : formats()) {
    if (format->name() == name || (name == "jsonl" && format->name() == "json")) {
      return format;
    }
  }
  return nullptr;
}

}  // namespace thalweg
