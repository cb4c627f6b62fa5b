#pragma once

#include <atomic>
#include <string>

#include "checkpoint/manifest.h"

namespace thalweg {

// Writes a base image of all that the manifest's files hold, synced, and says what it is. Needs the
// memory of one table's key group. Stops early, with an error, once `stop` is set. A file that does
// not become whole is removed.
Result<FileEntry> merge_base(Env& env, const std::string& directory, const Manifest& manifest,
                             const std::atomic<bool>& stop);

}  // namespace thalweg
