#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/csv_format.h"
#include "formats/debezium_format.h"
#include "formats/format.h"
#include "formats/json_format.h"
#include "formats/raw_format.h"

namespace thalweg {

std::size_t row_bytes_max(const Options& options) {
  constexpr std::size_t kDefault = 16 * 1024 * 1024;
  std::int64_t bytes = 0;
  return options.has("max_row_bytes") && parse_bytes(options.text("max_row_bytes"), bytes) &&
                 bytes > 0
             ? static_cast<std::size_t>(bytes)
             : kDefault;
}

std::string describe_too_long(std::optional<std::size_t> bytes, std::size_t bytes_max) {
  return bytes ? fmt::format("the row has {} bytes, and the table's max_row_bytes allows {}",
                             *bytes, bytes_max)
               : fmt::format("the row has more bytes than the table's max_row_bytes allows, {}",
                             bytes_max);
}

const OptionSpec& mode_option() {
  static const OptionSpec spec = {
      .name = "mode",
      .type = OptionType::kChoice,
      .required = false,
      .default_value = "append",
      .text =
          "append: rows are only ever added; changelog: a first field op says whether a row "
          "comes or goes; upsert: a row replaces the one of its key; only topics can be read so.",
      .choices = {"append", "changelog", "upsert"},
      .aliases = {}};
  return spec;
}

std::span<const Format* const> formats() {
  static const std::array<const Format*, 4> all = {&json_format(), &csv_format(),
                                                   &debezium_format(), &raw_format()};
  return all;
}

const Format* find_format(std::string_view name) {
  for (const Format* const format : formats()) {
    const std::vector<std::string_view> aliases = format->aliases();
    if (format->name() == name ||
        std::find(aliases.begin(), aliases.end(), name) != aliases.end()) {
      return format;
    }
  }
  return nullptr;
}

}  // namespace thalweg
