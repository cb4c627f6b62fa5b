#include "kafka/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace thalweg::kafka {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

Error wrong(std::string message) { return {ErrorKind::kConfiguration, "", std::move(message)}; }

bool is_inside(std::string_view path, std::string_view directory) {
  while (directory.ends_with('/')) {
    directory.remove_suffix(1);
  }
  return path.size() > directory.size() + 1 && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

bool climbs(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string_view::npos;
}

// Where a path leads when its links are followed; of what is not there, as far as there is.
std::string followed(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, failed);
  return failed ? path : real.string();
}

}  // namespace

Error check_path(const std::string& path, const Directories& directories, std::string_view what) {
  // A link could lead out of a directory, and a directory may be one itself.
  const bool inside =
      directories.empty() ||
      (!climbs(path) && std::any_of(directories.begin(), directories.end(), [&](const auto& each) {
        return is_inside(path, each) && is_inside(followed(path), followed(each));
      }));
  return inside ? Error()
                : wrong(fmt::format("{}: {} is outside of the directories that files may be read "
                                    "from: {}",
                                    what, path, fmt::join(directories, ", ")));
}

Expected<std::string> read_small_file(Env& env, const std::string& path, std::string_view what) {
  Result<std::unique_ptr<InputFile>> opened = env.open_input(path);
  if (!opened.ok()) {
    return wrong(fmt::format("{}: {}", what, opened.status().message()));
  }
  const std::unique_ptr<InputFile> file = std::move(opened).take();
  std::string text;
  std::array<std::byte, 4096> part{};
  while (true) {
    const Result<std::size_t> size = file->read(part.data(), part.size());
    if (!size.ok()) {
      return wrong(fmt::format("{}: {}", what, size.status().message()));
    }
    if (size.value() == 0) {
      return text;
    }
    text.append(reinterpret_cast<const char*>(part.data()), size.value());
    if (text.size() > kFileBytesMax) {
      return wrong(fmt::format("{}: {} is larger than {} bytes", what, path, kFileBytesMax));
    }
  }
}

Expected<std::string> resolve_reference(Env& env, const std::string& text,
                                        const Directories& directories, std::string_view what) {
  constexpr std::string_view kFile = "${file:";
  constexpr std::string_view kVariable = "${env:";
  if (!text.starts_with("${")) {
    return text;
  }
  const bool is_whole = text.ends_with('}');
  if (is_whole && text.starts_with(kFile)) {
    const std::string path = text.substr(kFile.size(), text.size() - kFile.size() - 1);
    if (Error outside = check_path(path, directories, what)) {
      return outside;
    }
    Expected<std::string> read = read_small_file(env, path, what);
    while (read && (read->ends_with('\n') || read->ends_with('\r'))) {
      read->pop_back();
    }
    return read;
  }
  if (is_whole && text.starts_with(kVariable)) {
    const std::string name = text.substr(kVariable.size(), text.size() - kVariable.size() - 1);
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) {
      return wrong(fmt::format("{}: the environment has no variable {}", what, name));
    }
    return std::string(value);
  }
  return wrong(fmt::format("{}: a reference is ${{file:PATH}} or ${{env:NAME}}", what));
}

}  // namespace thalweg::kafka
