#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/manifest.h"

namespace thalweg {

// A job's state as a directory that this process alone may change.
struct StateDirectory {
  std::string path;
  std::unique_ptr<FileLock> lock;

  // Makes DIRECTORY/NAME where there is none, and takes its lock.
  static Result<StateDirectory> open(Env& env, const std::string& directory,
                                     const std::string& name);
};

Status check_state_name(const std::string& name);

std::string new_incarnation(Env& env);

// Removes the files of state among `names` that the manifest does not name.
Status remove_unnamed_files(Env& env, const std::string& path,
                            const std::vector<std::string>& names,
                            const std::optional<Manifest>& manifest);

// The two halves of an epoch's end: its manifest, and all names before it, are durable; and it
// counts.
Status prepare_manifest(Env& env, const std::string& path, const Manifest& manifest);
Status decide_manifest(Env& env, const std::string& path);

// Takes set_state_aside() back, for a job that did not start after all. Requires: nobody has its
// directory open, and no epoch has been decided since.
Status bring_state_back(Env& env, const std::string& directory, const std::string& name,
                        const std::string& aside);

}  // namespace thalweg
