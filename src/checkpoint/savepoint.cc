#include "checkpoint/savepoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/base_merge.h"
#include "checkpoint/byte_codec.h"
#include "checkpoint/file_bytes.h"
#include "checkpoint/inspect.h"
#include "checkpoint/manifest.h"
#include "checkpoint/state_directory.h"

namespace thalweg {
namespace {

constexpr std::string_view kMagic = "THALWEGP";
constexpr std::size_t kTailBytes = 16;
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;
// While the job runs, the files of an epoch may go before they are read.
constexpr int kTriesMax = 5;

// Writes the file under a name that is not its own yet.
Status write_part(Env& env, const std::string& directory, const std::string& name,
                  const std::string& part) {
  const std::string state = directory + '/' + name;
  TW_TRY_ASSIGN(std::optional<Manifest> manifest,
                read_manifest(env, fmt::format("{}/{}", state, kManifestName)));
  if (!manifest) {
    return no_state(env, directory, name);
  }
  const std::atomic<bool> stop{false};
  TW_TRY_ASSIGN(const FileEntry base, merge_base(env, state, *manifest, part, stop));
  manifest->files = {base};
  manifest->forgotten.clear();
  std::string bytes = encode_manifest(*manifest);
  ByteWriter out(bytes);
  out.number(std::uint64_t{bytes.size()});
  bytes += kMagic;
  TW_TRY_ASSIGN(const std::unique_ptr<DurableFile> file, env.append_file(part));
  TW_TRY(file->write(bytes));
  TW_TRY(file->sync());
  return file->close();
}

Status damaged(const std::string& what) {
  return corrupt(fmt::format("{}; copy it anew, or take another one", what));
}

// The manifest of a savepoint, whose one file is the first part of it.
Result<Manifest> read_savepoint(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> size, env.file_size(path));
  if (!size) {
    return invalid_argument(fmt::format("there is no savepoint {}", path));
  }
  const Status error = damaged(path + " is no savepoint as it was written");
  if (*size < kTailBytes) {
    return error;
  }
  const std::uint64_t end = *size - kTailBytes;
  TW_TRY_ASSIGN(const std::string tail, read_bytes(env, path, end, kTailBytes));
  const auto manifest_bytes = ByteReader(tail).number<std::uint64_t>();
  if (std::string_view(tail).substr(8) != kMagic || manifest_bytes > end) {
    return error;
  }
  TW_TRY_ASSIGN(const std::string bytes,
                read_bytes(env, path, end - manifest_bytes, manifest_bytes));
  Result<Manifest> decoded = decode_manifest(bytes, path);
  if (!decoded.ok()) {
    return decoded.status().code() == Code::kCorrupt ? error : decoded.status();
  }
  Manifest manifest = std::move(decoded).take();
  if (manifest.files.size() != 1 || manifest.files[0].kind != FileKind::kBase ||
      manifest.files[0].bytes != end - manifest_bytes) {
    return error;
  }
  return manifest;
}

// Nothing but savepoints is replaced by one.
Status refuse_other_file(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> size, env.file_size(path));
  const bool may_be_one = size && *size >= kTailBytes;
  std::string tail;
  if (may_be_one) {
    TW_TRY_ASSIGN(tail, read_bytes(env, path, *size - kTailBytes, kTailBytes));
  }
  return !size || tail.ends_with(kMagic)
             ? Status()
             : invalid_argument(fmt::format(
                   "{} is there and is no savepoint; move it away, or give another path", path));
}

Status copy_front(Env& env, const std::string& from, std::uint64_t bytes, const std::string& to) {
  TW_TRY_ASSIGN(const std::unique_ptr<InputFile> input, env.open_input(from));
  TW_TRY_ASSIGN(const std::unique_ptr<DurableFile> output, env.create_file(to));
  std::string piece;
  for (; bytes > 0; bytes -= piece.size()) {
    piece.resize(std::min<std::uint64_t>(bytes, kCopyBytes));
    TW_TRY(read_exactly(*input, from, piece.data(), piece.size()));
    TW_TRY(output->write(piece));
  }
  TW_TRY(output->sync());
  return output->close();
}

}  // namespace

Status write_savepoint(Env& env, const std::string& directory, const std::string& name,
                       const std::string& path) {
  TW_TRY(check_state_name(name));
  TW_TRY(refuse_other_file(env, path));
  const std::string part = path + ".part";
  Status status;
  for (int i = 0; i < kTriesMax; ++i) {
    status = write_part(env, directory, name, part);
    if (status.ok()) {
      TW_TRY(env.rename_file(part, path));
      return env.sync_directory(directory_of(path));
    }
  }
  (void)env.remove_file(part);
  return status;
}

Result<EpochRecord> savepoint_record(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(Manifest manifest, read_savepoint(env, path));
  return std::move(manifest.record);
}

Status restore_savepoint(Env& env, const std::string& path, const std::string& directory,
                         const std::string& name) {
  TW_TRY_ASSIGN(Manifest manifest, read_savepoint(env, path));
  TW_TRY_ASSIGN(const StateDirectory state, StateDirectory::open(env, directory, name));
  TW_TRY_ASSIGN(const std::vector<std::string> names, env.list_directory(state.path));
  if (trace_of_decided_epoch(names)) {
    return invalid_argument(
        fmt::format("{} holds state already, which {} would replace; give the job another name, or "
                    "move it away",
                    state.path, path));
  }
  TW_TRY(remove_unnamed_files(env, state.path, names, std::nullopt));
  manifest.record.incarnation = new_incarnation(env);
  const FileEntry& base = manifest.files[0];
  const std::string copy = state.path + '/' + file_name(base, manifest.record.incarnation);
  TW_TRY(copy_front(env, path, base.bytes, copy));
  if (std::vector<std::string> problems = verify_file(env, copy, base); !problems.empty()) {
    TW_TRY(env.remove_file(copy));
    // What is wrong stands at the same place in both.
    std::string& first = problems.front();
    return damaged(first.starts_with(copy) ? first.replace(0, copy.size(), path) : first);
  }
  TW_TRY(prepare_manifest(env, state.path, manifest));
  return decide_manifest(env, state.path);
}

}  // namespace thalweg
