#include "checkpoint/inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "checkpoint/file_bytes.h"
#include "checkpoint/manifest.h"
#include "checkpoint/state_image.h"

namespace thalweg {
namespace {

Result<Manifest> manifest_of(Env& env, const std::string& directory, const std::string& name) {
  const std::string path = directory + '/' + name;
  TW_TRY_ASSIGN(std::optional<Manifest> manifest,
                read_manifest(env, fmt::format("{}/{}", path, kManifestName)));
  if (!manifest) {
    const auto names = env.list_directory(path);
    TW_TRY(names.ok() ? check_no_epoch(path, names.value()) : Status());
    return no_state(env, directory, name);
  }
  return *std::move(manifest);
}

class FileInspection final : public StateInspection {
 public:
  FileInspection(EpochRecord record, StateImage image)
      : record_(std::move(record)), image_(std::move(image)) {}

  const EpochRecord& record() const override { return record_; }

  std::vector<FileSummary> files() const override {
    std::vector<FileSummary> files;
    for (const StateImage::File& file : image_.files()) {
      files.push_back({.name = file_name(file.entry, record_.incarnation),
                       .base = file.entry.kind == FileKind::kBase,
                       .epoch = file.entry.epoch,
                       .bytes = file.entry.bytes});
    }
    return files;
  }

  std::vector<TableSummary> tables() const override {
    std::vector<TableSummary> tables;
    for (const StoredTable& table : image_.tables()) {
      tables.push_back({.operator_id = table.operator_id, .schema = table.schema});
      image_.visit_blocks(
          table.operator_id, table.schema.name,
          [&](const FileEntry& file, const StateBlock& block) { add(file, block, tables.back()); });
    }
    return tables;
  }

  Status visit_rows(
      const std::string& operator_id, const std::string& table,
      const std::function<Status(const std::vector<Column>& columns)>& visit) const override {
    for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
      TW_TRY(image_.rows(operator_id, table, group,
                         [&](std::vector<Column> columns) { return visit(columns); }));
    }
    return {};
  }

 private:
  static void add(const FileEntry& file, const StateBlock& block, TableSummary& table) {
    std::uint64_t& rows = block.kind == BlockKind::kErased ? table.erased_rows
                          : file.kind == FileKind::kBase   ? table.base_rows
                                                           : table.put_rows;
    rows += block.rows;
    table.bytes += block.bytes;
  }

  EpochRecord record_;
  StateImage image_;
};

}  // namespace

std::vector<std::string> verify_file(Env& env, const std::string& path, const FileEntry& entry) {
  const Result<StateFile> file = open_state_file(env, path, entry.bytes, entry.directory_checksum);
  if (!file.ok()) {
    return {file.status().message()};
  }
  std::vector<std::string> problems;
  for (std::uint32_t block = 0; block < file.value().directory.blocks.size(); ++block) {
    const Status status =
        read_blocks(env, file.value(), std::span(&block, 1),
                    [](const StateBlock&, const std::vector<Column>&) { return Status(); });
    if (!status.ok()) {
      problems.push_back(status.message());
    }
  }
  return problems;
}

Result<std::vector<std::string>> list_states(Env& env, const std::string& directory) {
  TW_TRY_ASSIGN(std::vector<std::string> names, env.list_directory(directory));
  std::vector<std::string> found;
  for (std::string& name : names) {
    TW_TRY_ASSIGN(const std::optional<std::uint64_t> manifest,
                  env.file_size(fmt::format("{}/{}/{}", directory, name, kManifestName)));
    if (manifest) {
      found.push_back(std::move(name));
    }
  }
  return found;
}

Status no_state(Env& env, const std::string& directory, const std::string& name) {
  const Result<std::vector<std::string>> names = list_states(env, directory);
  const bool any = names.ok() && !names.value().empty();
  return invalid_argument(
      fmt::format("there is no state of a job {0} in {1}; {2}", name, directory,
                  any ? fmt::format("there is that of {}", fmt::join(names.value(), ", "))
                      : "give the directory of the run with --state-dir, and the job's name"));
}

Result<std::unique_ptr<StateInspection>> StateInspection::open(Env& env,
                                                               const std::string& directory,
                                                               const std::string& name) {
  const std::string path = directory + '/' + name;
  TW_TRY_ASSIGN(Manifest manifest, manifest_of(env, directory, name));
  TW_TRY_ASSIGN(StateImage image, StateImage::open(env, path, manifest));
  return std::unique_ptr<StateInspection>(
      std::make_unique<FileInspection>(std::move(manifest.record), std::move(image)));
}

std::vector<std::string> verify_state(Env& env, const std::string& directory,
                                      const std::string& name) {
  const std::string path = directory + '/' + name;
  const Result<Manifest> manifest = manifest_of(env, directory, name);
  if (!manifest.ok()) {
    return {with_ways_out(manifest.status()).message()};
  }
  std::vector<std::string> problems;
  for (const FileEntry& entry : manifest.value().files) {
    const std::string file = path + '/' + file_name(entry, manifest.value().record.incarnation);
    std::ranges::move(verify_file(env, file, entry), std::back_inserter(problems));
  }
  if (!problems.empty()) {
    problems.back() = with_ways_out(corrupt(problems.back())).message();
  }
  return problems;
}

}  // namespace thalweg
