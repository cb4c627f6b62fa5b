#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/epoch_store.h"

namespace thalweg {

enum class FileKind : std::uint8_t { kBase, kDelta };

// A file that an epoch needs.
struct FileEntry {
  FileKind kind = FileKind::kBase;
  std::uint64_t epoch = 0;
  std::uint32_t worker = 0;   // Of a delta; of a base image its number among those of the epoch.
  std::uint32_t workers = 0;  // Of a delta: how many there were.
  std::uint64_t bytes = 0;
  std::uint64_t directory_checksum = 0;
  friend bool operator==(const FileEntry&, const FileEntry&) = default;
};

std::string file_name(const FileEntry& entry, const std::string& incarnation);

// Whether a file of that name is one that a store makes and may remove, the lock apart.
bool is_state_file_name(std::string_view name);
// Of the files of a directory of state: one that can only be there where an epoch has been decided.
std::optional<std::string> trace_of_decided_epoch(const std::vector<std::string>& names);
// Of a directory without a manifest: an error where one has been lost. A job whose state is there
// but cannot be told must not begin from nothing.
Status check_no_epoch(const std::string& path, const std::vector<std::string>& names);

inline constexpr std::string_view kManifestName = "MANIFEST";
inline constexpr std::string_view kPreparedName = "MANIFEST.prepared";
inline constexpr std::string_view kLockName = "LOCK";
// There before the first file of state, and until an epoch has been decided: where it is not, a
// missing manifest has been lost.
inline constexpr std::string_view kBeginningName = "BEGINNING";

// An operator that was no longer part of the job after an epoch: its rows up to then do not count,
// should it come back.
struct Forgotten {
  std::string operator_id;
  std::uint64_t epoch = 0;
};

struct Manifest {
  EpochRecord record;
  std::vector<FileEntry> files;  // In the order in which they must be applied.
  std::vector<Forgotten> forgotten;
};

std::string encode_manifest(const Manifest& manifest);

// `path` is for people.
Result<Manifest> decode_manifest(std::string_view bytes, const std::string& path);
// Nothing: there is no such file.
Result<std::optional<Manifest>> read_manifest(Env& env, const std::string& path);

}  // namespace thalweg
