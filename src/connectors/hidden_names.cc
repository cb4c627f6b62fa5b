#include "connectors/hidden_names.h"

#include <fmt/format.h>

#include <charconv>

namespace thalweg {

std::string hidden_beside(std::string_view file) {
  return fmt::format(".{}.", file.substr(file.rfind('/') + 1));
}

bool take_end(std::string_view& text, std::string_view end) {
  const bool found = text.ends_with(end);
  text.remove_suffix(found ? end.size() : 0);
  return found;
}

bool take_number(std::string_view& text, std::uint64_t& out) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos) {
    return false;
  }
  const std::string_view field = text.substr(dash + 1);
  text = text.substr(0, dash);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), out);
  return error == std::errc() && end == field.data() + field.size();
}

}  // namespace thalweg
