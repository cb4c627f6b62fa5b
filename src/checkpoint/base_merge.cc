#include "checkpoint/base_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "checkpoint/column_codec.h"
#include "checkpoint/file_bytes.h"
#include "checkpoint/schema_codec.h"
#include "checkpoint/state_file.h"
#include "checkpoint/state_image.h"
#include "columnar/builder.h"
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

// A table of the image to be written.
struct NewTable {
  std::string operator_id;
  StateSchema schema;
  std::string from_operator;
  std::string from_table;
  // By column: its place there; nothing: NULL. Empty: all are as they were.
  std::vector<std::optional<std::uint32_t>> columns;
};

std::vector<Column> converted(const NewTable& table, std::vector<Column> rows) {
  if (table.columns.empty()) {
    return rows;
  }
  const std::uint32_t length = rows[0].length();
  std::vector<Column> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i]) {
      columns.push_back(rows[*table.columns[i]]);
      continue;
    }
    ColumnBuilder nulls(table.schema.columns[i].type, length);
    for (std::uint32_t row = 0; row < length; ++row) {
      nulls.append_null();
    }
    columns.push_back(nulls.finish());
  }
  return columns;
}

Status may_go_on(const std::atomic<bool>& stop) {
  return stop.load(std::memory_order_relaxed) ? unavailable("the job stops") : Status();
}

Status write_tables(const StateImage& image, const std::vector<NewTable>& tables,
                    StateFileWriter& file, const std::atomic<bool>& stop) {
  for (const NewTable& table : tables) {
    const std::uint32_t number = file.table(table.operator_id, table.schema);
    for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
      BlockPacker packer(file, number, group);
      TW_TRY(
          image.rows(table.from_operator, table.from_table, group, [&](std::vector<Column> rows) {
            const Status status = may_go_on(stop);
            return status.ok() ? packer.add(converted(table, std::move(rows))) : status;
          }));
      TW_TRY(packer.flush());
    }
  }
  TW_TRY(file.finish());
  return file.sync();
}

Result<FileEntry> write_base(Env& env, const StateImage& image, const std::vector<NewTable>& tables,
                             FileEntry entry, const std::string& path,
                             const std::atomic<bool>& stop) {
  TW_TRY(env.remove_file(path));
  TW_TRY_ASSIGN(const std::unique_ptr<StateFileWriter> file, StateFileWriter::create(env, path));
  if (Status status = write_tables(image, tables, *file, stop); !status.ok()) {
    (void)env.remove_file(path);
    return status;
  }
  entry.bytes = file->bytes();
  entry.directory_checksum = file->directory_checksum();
  return entry;
}

// The same type where each column comes from, and keys from keys.
bool fits(const StateConversion::Table& table, const StateSchema& to, const StateSchema& from) {
  if (to.partition_columns != from.partition_columns || to.key_columns != from.key_columns ||
      table.columns.size() != to.columns.size()) {
    return false;
  }
  for (std::uint32_t i = 0; i < to.columns.size(); ++i) {
    const std::optional<std::uint32_t> place = table.columns[i];
    const bool is_key = i < to.key_columns;
    if ((is_key && place != i) ||
        (place && (*place >= from.columns.size() ||
                   !same_type(to.columns[i].type, from.columns[*place].type)))) {
      return false;
    }
  }
  return true;
}

// What the manifest says of tables must be so in the files.
Status check_tables(const StateImage& image, const Manifest& manifest) {
  for (const StoredTable& stored : image.tables()) {
    for (const OperatorEpoch& each : manifest.record.operators) {
      for (const StateSchema& schema : each.tables) {
        if (each.id == stored.operator_id && schema.name == stored.schema.name &&
            !same_layout(schema, stored.schema)) {
          return corrupt(
              fmt::format("table {} of {} is not what its manifest says", schema.name, each.id));
        }
      }
    }
  }
  return {};
}

// How many rows a key group has in all files, whether they count or not.
std::array<std::uint64_t, kKeyGroups> stored_rows(const StateImage& image) {
  std::array<std::uint64_t, kKeyGroups> rows{};
  for (const StateImage::File& file : image.files()) {
    for (const StateBlock& block : file.file.directory.blocks) {
      rows[block.group] += block.rows;
    }
  }
  return rows;
}

}  // namespace

Result<bool> merge_shrinks(Env& env, const std::string& directory, const Manifest& manifest,
                           const std::atomic<bool>& stop) {
  constexpr std::uint64_t kSamplePart = 64;
  TW_TRY_ASSIGN(const StateImage image, StateImage::open(env, directory, manifest));
  const std::array<std::uint64_t, kKeyGroups> stored = stored_rows(image);
  const std::uint64_t all = std::accumulate(stored.begin(), stored.end(), std::uint64_t{0});
  std::uint64_t looked_at = 0;
  std::uint64_t kept = 0;
  // Beginning elsewhere each time.
  for (std::uint32_t i = 0; i < kKeyGroups && looked_at * kSamplePart <= all; ++i) {
    const auto group = static_cast<std::uint32_t>((manifest.record.epoch + i) % kKeyGroups);
    for (const StoredTable& table : image.tables()) {
      TW_TRY(image.rows(table.operator_id, table.schema.name, group,
                        [&](const std::vector<Column>& rows) {
                          kept += rows[0].length();
                          return may_go_on(stop);
                        }));
    }
    looked_at += stored[group];
  }
  return kept * 5 <= looked_at * 3;
}

Result<FileEntry> merge_base(Env& env, const std::string& directory, const Manifest& manifest,
                             const std::string& path, const std::atomic<bool>& stop) {
  TW_TRY_ASSIGN(const StateImage image, StateImage::open(env, directory, manifest));
  std::vector<NewTable> tables;
  for (const StoredTable& table : image.tables()) {
    tables.push_back({.operator_id = table.operator_id,
                      .schema = table.schema,
                      .from_operator = table.operator_id,
                      .from_table = table.schema.name,
                      .columns = {}});
  }
  return write_base(env, image, tables, {.kind = FileKind::kBase, .epoch = manifest.record.epoch},
                    path, stop);
}

Result<FileEntry> convert_base(Env& env, const std::string& directory, const Manifest& manifest,
                               const std::vector<StateConversion>& operators, std::uint32_t number,
                               const std::string& path) {
  TW_TRY_ASSIGN(const StateImage image, StateImage::open(env, directory, manifest));
  TW_TRY(check_tables(image, manifest));
  std::vector<NewTable> tables;
  for (const StateConversion& conversion : operators) {
    const auto from =
        std::ranges::find(manifest.record.operators, conversion.from, &OperatorEpoch::id);
    TW_CHECK(from != manifest.record.operators.end());
    TW_CHECK(conversion.tables.size() == conversion.to.tables.size());
    for (std::size_t i = 0; i < conversion.tables.size(); ++i) {
      const StateConversion::Table& table = conversion.tables[i];
      const StateSchema& to = conversion.to.tables[i];
      if (!table.from) {
        continue;
      }
      TW_CHECK(*table.from < from->tables.size() && fits(table, to, from->tables[*table.from]));
      tables.push_back({.operator_id = conversion.to.id,
                        .schema = to,
                        .from_operator = from->id,
                        .from_table = from->tables[*table.from].name,
                        .columns = table.columns});
    }
  }
  const std::atomic<bool> stop{false};
  return write_base(env, image, tables,
                    {.kind = FileKind::kBase, .epoch = manifest.record.epoch, .worker = number},
                    path, stop);
}

}  // namespace thalweg
