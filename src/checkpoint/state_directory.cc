#include "checkpoint/state_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace thalweg {

Result<StateDirectory> StateDirectory::open(Env& env, const std::string& directory,
                                            const std::string& name) {
  TW_TRY(check_state_name(name));
  StateDirectory state{.path = directory + '/' + name, .lock = nullptr};
  TW_TRY(env.make_directories(state.path));
  auto lock = env.lock_directory(state.path, kLockName);
  if (!lock.ok()) {
    return Status(lock.status().code(), fmt::format("the state in {} cannot be used: {}",
                                                    state.path, lock.status().message()));
  }
  state.lock = std::move(lock).take();
  return state;
}

Status check_state_name(const std::string& name) {
  return name.empty() || name.find('/') != std::string::npos || name[0] == '.'
             ? invalid_argument(fmt::format(
                   "'{}' cannot be the name of a job's state: it is the name of a directory", name))
             : Status();
}

std::string new_incarnation(Env& env) {
  const auto now = static_cast<std::uint64_t>(env.wall_now().micros);
  return fmt::format("{:016x}", env.random_seed() ^ (now * 0x9e3779b97f4a7c15ULL));
}

Status remove_unnamed_files(Env& env, const std::string& path,
                            const std::vector<std::string>& names,
                            const std::optional<Manifest>& manifest) {
  const auto is_named = [&](const std::string& name) {
    return manifest && std::ranges::any_of(manifest->files, [&](const FileEntry& file) {
             return file_name(file, manifest->record.incarnation) == name;
           });
  };
  for (const std::string& name : names) {
    if (is_state_file_name(name) && !is_named(name)) {
      TW_TRY(env.remove_file(path + '/' + name));
    }
  }
  return {};
}

Status prepare_manifest(Env& env, const std::string& path, const Manifest& manifest) {
  TW_TRY_ASSIGN(const auto file, env.create_file(fmt::format("{}/{}", path, kPreparedName)));
  TW_TRY(file->write(encode_manifest(manifest)));
  TW_TRY(file->sync());
  TW_TRY(file->close());
  return env.sync_directory(path);
}

Status decide_manifest(Env& env, const std::string& path) {
  TW_TRY(env.rename_file(fmt::format("{}/{}", path, kPreparedName),
                         fmt::format("{}/{}", path, kManifestName)));
  return env.sync_directory(path);
}

Status bring_state_back(Env& env, const std::string& directory, const std::string& name,
                        const std::string& aside) {
  const std::string path = directory + '/' + name;
  TW_TRY_ASSIGN(const std::vector<std::string> names, env.list_directory(path));
  for (const std::string& file : names) {
    TW_CHECK(file != kManifestName);
    TW_TRY(env.remove_file(path + '/' + file));
  }
  TW_TRY(env.rename_file(directory + '/' + aside, path));  // Onto a directory that is empty.
  return env.sync_directory(directory);
}

}  // namespace thalweg
