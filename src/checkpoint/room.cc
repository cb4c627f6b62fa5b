#include "checkpoint/room.h"

#include <fmt/format.h>

#include <cstddef>
#include <memory>

namespace thalweg {
namespace {

constexpr std::size_t kProbeBytes = 64 * 1024;

Status write_probe(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(const std::unique_ptr<DurableFile> file, env.create_file(path));
  TW_TRY(file->write(std::string(kProbeBytes, '\1')));
  TW_TRY(file->sync());
  return file->close();
}

}  // namespace

Status check_room(Env& env, const std::string& directory, const std::string& name) {
  const std::string path = fmt::format("{}/{}/room.tmp", directory, name);
  TW_TRY(env.remove_file(path));  // One that a killed process has left.
  const Status written = write_probe(env, path);
  TW_TRY(env.remove_file(path));
  return written;
}

}  // namespace thalweg
