#include "env/process_identity.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>

namespace thalweg {
namespace {

// The field of /proc/NUMBER/stat that says when a process began, counted behind its name, which is
// in parentheses and may have anything in it.
constexpr int kBeganBehindName = 20;

// Nothing: there is no such process, or nothing is left of it but its number.
std::optional<std::uint64_t> began_at(std::int64_t number) {
  std::ifstream file(fmt::format("/proc/{}/stat", number));
  std::string text;
  if (!std::getline(file, text)) {
    return std::nullopt;
  }
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") {
    return std::nullopt;
  }
  for (int i = 1; i < kBeganBehindName; ++i) {
    fields >> field;
  }
  std::uint64_t ticks = 0;
  const auto parsed = std::from_chars(field.data(), field.data() + field.size(), ticks);
  return parsed.ec == std::errc() ? std::optional(ticks) : std::nullopt;
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// "pid:[4026531836]", of which the number is enough.
std::string own_numbering() {
  std::array<char, 64> text{};
  const ssize_t size = ::readlink("/proc/self/ns/pid", text.data(), text.size());
  std::string_view name(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t begin = name.find('[');
  const std::size_t end = name.find(']');
  return begin == std::string_view::npos || end == std::string_view::npos
             ? std::string()
             : std::string(name.substr(begin + 1, end - begin - 1));
}

}  // namespace

ProcessIdentity this_process() {
  const std::int64_t number = ::getpid();
  return {.host = host_name(),
          .numbering = own_numbering(),
          .number = number,
          .began = began_at(number).value_or(0)};
}

std::optional<bool> is_alive(const ProcessIdentity& process) {
  if (process.host != host_name() || process.numbering != own_numbering()) {
    return std::nullopt;
  }
  return began_at(process.number) == process.began;
}

}  // namespace thalweg
