#include "checkpoint/base_merge.h"

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "checkpoint/column_codec.h"
#include "checkpoint/state_file.h"
#include "checkpoint/state_image.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

// Puts rows of one table and key group together until they make a block of a good size.
class BlockPacker {
 public:
  BlockPacker(StateFileWriter& file, std::uint32_t table, std::uint32_t group)
      : file_(file), table_(table), group_(group) {}

  Status add(std::vector<Column> columns) {
    parts_.resize(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      bytes_ += encoded_bytes(columns[i]);
      parts_[i].push_back(std::move(columns[i]));
    }
    return bytes_ >= kBlockBytes ? flush() : Status();
  }

  Status flush() {
    if (parts_.empty()) {
      return {};
    }
    std::vector<Column> columns;
    for (const std::vector<Column>& parts : parts_) {
      columns.push_back(concat_columns(parts));
    }
    parts_.clear();
    bytes_ = 0;
    return file_.add(table_, BlockKind::kPuts, group_, columns);
  }

 private:
  StateFileWriter& file_;
  std::uint32_t table_;
  std::uint32_t group_;
  std::vector<std::vector<Column>> parts_;  // By column.
  std::size_t bytes_ = 0;
};

Status write_tables(const StateImage& image, StateFileWriter& file, const std::atomic<bool>& stop) {
  for (const StoredTable& table : image.tables()) {
    const std::uint32_t number = file.table(table.operator_id, table.schema);
    for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
      BlockPacker packer(file, number, group);
      TW_TRY(image.rows(table.operator_id, table.schema.name, group, [&](std::vector<Column> rows) {
        return stop.load(std::memory_order_relaxed) ? unavailable("the job stops")
                                                    : packer.add(std::move(rows));
      }));
      TW_TRY(packer.flush());
    }
  }
  TW_TRY(file.finish());
  return file.sync();
}

}  // namespace

Result<FileEntry> merge_base(Env& env, const std::string& directory, const Manifest& manifest,
                             const std::string& path, const std::atomic<bool>& stop) {
  TW_TRY_ASSIGN(const StateImage image, StateImage::open(env, directory, manifest));
  FileEntry entry{.kind = FileKind::kBase, .epoch = manifest.record.epoch};
  TW_TRY(env.remove_file(path));
  TW_TRY_ASSIGN(const std::unique_ptr<StateFileWriter> file, StateFileWriter::create(env, path));
  if (Status status = write_tables(image, *file, stop); !status.ok()) {
    (void)env.remove_file(path);
    return status;
  }
  entry.bytes = file->bytes();
  entry.directory_checksum = file->directory_checksum();
  return entry;
}

}  // namespace thalweg
