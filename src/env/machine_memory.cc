#include "env/machine_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "env/posix_descriptor.h"

namespace thalweg {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The number at the beginning of a text; nothing where it is "max" or there is none.
std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

std::uint64_t limit_in(const std::string& path) {
  std::string text;
  std::ifstream file(path);
  std::getline(file, text);
  return number_in(text).value_or(kNoLimit);
}

// Every group from this one up limits it. Those that a container does not show are passed over.
std::uint64_t lowest_limit(const std::string& mount, std::string group, std::string_view name) {
  std::uint64_t lowest = kNoLimit;
  while (true) {
    lowest = std::min(lowest, limit_in(mount + group + "/" + std::string(name)));
    if (group.empty()) {
      return lowest;
    }
    group.resize(group.rfind('/'));
  }
}

bool names_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "memory") {
      return true;
    }
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

// A line of /proc/self/cgroup: "0::/path" of version 2, "4:cpu,memory:/path" of version 1.
std::uint64_t limit_of_line(const std::string& root, std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = line.find(':', first + 1);
  if (second == std::string_view::npos) {
    return kNoLimit;
  }
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  std::string group(line.substr(second + 1));
  if (group.empty() || group.front() != '/' || group == "/") {
    group.clear();
  }
  const std::string mount = root + "/sys/fs/cgroup";
  if (controllers.empty()) {
    return std::min(lowest_limit(mount, group, "memory.max"),
                    lowest_limit(mount + "/unified", group, "memory.max"));
  }
  return names_memory(controllers) ? lowest_limit(mount + "/memory", group, "memory.limit_in_bytes")
                                   : kNoLimit;
}

}  // namespace

std::uint64_t machine_memory(const std::string& root) {
  std::uint64_t bytes = kNoLimit;
  std::ifstream memory(root + "/proc/meminfo");
  for (std::string line; std::getline(memory, line);) {
    if (line.starts_with("MemTotal:")) {
      const std::size_t digits = line.find_first_of("0123456789");
      const auto kibibytes =
          digits == std::string::npos ? std::nullopt : number_in(line.substr(digits));
      bytes = kibibytes ? *kibibytes * 1024 : bytes;
      break;
    }
  }
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    bytes = std::min(bytes, limit_of_line(root, line));
  }
  return bytes == kNoLimit ? 0 : bytes;
}

std::uint64_t resident_memory() {
  const Descriptor file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC), true);
  std::array<char, 256> text{};
  const ssize_t size = file.get() < 0 ? -1 : ::read(file.get(), text.data(), text.size());
  if (size <= 0) {
    return 0;
  }
  std::string_view rest(text.data(), static_cast<std::size_t>(size));
  std::array<std::uint64_t, 3> pages{};  // Of addresses, resident, and of these shared with files.
  for (std::uint64_t& count : pages) {
    count = number_in(rest).value_or(0);
    rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  }
  return (pages[1] - std::min(pages[1], pages[2])) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace thalweg
