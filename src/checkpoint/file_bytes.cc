#include "checkpoint/file_bytes.h"

#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <optional>

namespace thalweg {

Status read_exactly(InputFile& file, const std::string& path, char* out, std::size_t size) {
  while (size > 0) {
    TW_TRY_ASSIGN(const std::size_t count, file.read(reinterpret_cast<std::byte*>(out), size));
    if (count == 0) {
      return corrupt(fmt::format("{} ends {} bytes early", path, size));
    }
    out += count;
    size -= count;
  }
  return {};
}

Result<std::string> read_bytes(Env& env, const std::string& path, std::uint64_t offset,
                               std::size_t size) {
  TW_TRY_ASSIGN(const std::unique_ptr<InputFile> file, env.open_input(path));
  TW_TRY(file->seek(offset));
  std::string bytes(size, '\0');
  TW_TRY(read_exactly(*file, path, bytes.data(), size));
  return bytes;
}

Result<std::string> read_whole(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> size, env.file_size(path));
  if (!size) {
    return unavailable(fmt::format("there is no {}", path));
  }
  return read_bytes(env, path, 0, *size);
}

Status with_ways_out(const Status& status) {
  return status.code() != Code::kCorrupt
             ? status
             : corrupt(fmt::format("{}; bring the file back from a copy, begin with a savepoint "
                                   "in another --state-dir, or anew with --from-scratch, which "
                                   "keeps this state under another name",
                                   status.message()));
}

}  // namespace thalweg
