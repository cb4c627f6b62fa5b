#include "connectors/rotated_names.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace thalweg {
namespace {

constexpr std::array<std::string_view, 6> kPacked{".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};
constexpr std::size_t kCountDigits = 4;
constexpr int kTimeDigits = 6;

// What stands behind the log's own name, but for how it is packed.
std::string_view suffix_of(std::string_view name, std::string_view renamed) {
  std::string_view suffix = renamed.substr(name.size());
  for (const std::string_view packed : kPacked) {
    if (suffix.ends_with(packed)) {
      suffix.remove_suffix(packed.size());
      break;
    }
  }
  return suffix;
}

std::optional<int> count_of(std::string_view suffix) {
  int count = 0;
  if (suffix.size() < 2 || suffix.size() > 1 + kCountDigits || suffix[0] != '.') {
    return std::nullopt;
  }
  const auto [end, error] =
      std::from_chars(suffix.data() + 1, suffix.data() + suffix.size(), count);
  return error == std::errc() && end == suffix.data() + suffix.size() ? std::optional(count)
                                                                      : std::nullopt;
}

bool is_time(std::string_view suffix) {
  return std::ranges::count_if(suffix, [](char c) { return c >= '0' && c <= '9'; }) >= kTimeDigits;
}

bool is_later(std::string_view suffix, std::string_view than) {
  const std::optional<int> count = count_of(suffix);
  const std::optional<int> other = count_of(than);
  return count && other ? *count < *other : is_time(suffix) && is_time(than) && suffix > than;
}

}  // namespace

std::optional<std::string> rotated_since(std::string_view name, std::string_view renamed,
                                         const std::vector<std::string>& names) {
  const std::string_view suffix = suffix_of(name, renamed);
  const auto found = std::ranges::find_if(names, [&](const std::string& other) {
    return other.starts_with(name) && other != name && other != renamed &&
           is_later(suffix_of(name, other), suffix);
  });
  return found == names.end() ? std::nullopt : std::optional(*found);
}

}  // namespace thalweg
