#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"

namespace thalweg {

// What system_env() does for files that are to outlive a crash; contracts stand with Env.
Status make_posix_directories(const std::string& path, Audience audience);
Result<std::vector<std::string>> list_posix_directory(const std::string& path);
Result<std::optional<std::uint64_t>> posix_file_size(const std::string& path);
Result<std::unique_ptr<DurableFile>> create_posix_file(const std::string& path, Audience audience);
Result<std::unique_ptr<DurableFile>> append_posix_file(const std::string& path);
Status rename_posix_file(const std::string& from, const std::string& to);
Status remove_posix_file(const std::string& path);
Status truncate_posix_file(const std::string& path, std::uint64_t bytes);
Status sync_posix_directory(const std::string& path);
Result<std::unique_ptr<FileLock>> lock_posix_file(const std::string& path);
Result<std::unique_ptr<FileLock>> lock_posix_directory(const std::string& path,
                                                       std::string_view name);

}  // namespace thalweg
