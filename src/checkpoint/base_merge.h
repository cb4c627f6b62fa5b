#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/manifest.h"

namespace thalweg {

// Whether a base image of what the manifest's files hold would leave out a good part of their rows:
// judged by a sample of the key groups, of at least a 64th of all rows. Stops as merge_base() does.
Result<bool> merge_shrinks(Env& env, const std::string& directory, const Manifest& manifest,
                           const std::atomic<bool>& stop);

// Writes to `path` a base image of all that the manifest's files in a directory hold, synced, and
// says what it is. Needs the memory of the keys that all files have in one table's key group, and
// of some blocks. Stops early, with an error, once `stop` is set. What is there before is removed,
// and so is a file that does not become whole.
Result<FileEntry> merge_base(Env& env, const std::string& directory, const Manifest& manifest,
                             const std::string& path, const std::atomic<bool>& stop);

// The same with the rows of other operators: see EpochStore::convert(). `number` is the image's, as
// FileEntry::worker.
Result<FileEntry> convert_base(Env& env, const std::string& directory, const Manifest& manifest,
                               const std::vector<StateConversion>& operators, std::uint32_t number,
                               const std::string& path);

}  // namespace thalweg
