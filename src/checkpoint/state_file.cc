#include "checkpoint/state_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "checkpoint/byte_codec.h"
#include "checkpoint/column_codec.h"
#include "checkpoint/file_bytes.h"
#include "checkpoint/schema_codec.h"
#include "columnar/kernels.h"
#include "state/key_groups.h"

namespace thalweg {
namespace {

constexpr std::string_view kMagic = "THALWEGS";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadBytes = 16;
constexpr std::size_t kTailBytes = 16;
constexpr std::size_t kTableBytesMin = 29;
constexpr std::size_t kBlockBytes = 40;

constexpr std::size_t kWriteBytes = 1U << 20;
constexpr std::size_t kReadBytes = 4U << 20;
// Longer ones are cut in two where they have more than one row.
constexpr std::size_t kBlockBytesMax = 256U << 20;

std::string head_of(std::uint32_t version) {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  out.number(version);
  out.number(static_cast<std::uint32_t>(checksum_of(bytes)));
  return bytes;
}

std::string encode_directory(const StateFileDirectory& directory) {
  std::string bytes;
  ByteWriter out(bytes);
  out.number(static_cast<std::uint32_t>(directory.tables.size()));
  for (const StoredTable& table : directory.tables) {
    out.text(table.operator_id);
    write_schema(table.schema, out);
    out.number(static_cast<std::uint8_t>(table.dropped_to.has_value()));
    out.number(table.dropped_to.value_or(EventTime()).micros);
    out.number(static_cast<std::uint8_t>(table.dropped_groups.begin));
    out.number(static_cast<std::uint8_t>(table.dropped_groups.end));
  }
  out.number(static_cast<std::uint32_t>(directory.blocks.size()));
  for (const StateBlock& block : directory.blocks) {
    out.number(block.table);
    out.number(static_cast<std::uint8_t>(block.kind));
    out.number(block.group);
    out.number(std::uint16_t{0});
    out.number(block.rows);
    out.number(block.bytes);
    out.number(block.first_slice.micros);
    out.number(block.last_slice.micros);
    out.number(block.checksum);
  }
  return bytes;
}

StoredTable read_table(ByteReader& in) {
  StoredTable table;
  table.operator_id = in.text();
  table.schema = read_schema(in);
  const bool dropped = in.flag();
  const EventTime dropped_to{in.number<std::int64_t>()};
  table.dropped_groups.begin = in.number<std::uint8_t>();
  table.dropped_groups.end = in.number<std::uint8_t>();
  if (dropped) {
    table.dropped_to = dropped_to;
  }
  if (table.dropped_groups.begin > table.dropped_groups.end ||
      table.dropped_groups.end > kKeyGroups) {
    in.fail();
  }
  if (dropped && !(in.ok() && has_slices(table.schema))) {
    in.fail();
  }
  return table;
}

StateBlock read_block(std::size_t tables, ByteReader& in) {
  StateBlock block;
  block.table = in.number<std::uint32_t>();
  block.kind = in.flag() ? BlockKind::kErased : BlockKind::kPuts;
  block.group = in.number<std::uint8_t>();
  const auto zero = in.number<std::uint16_t>();
  block.rows = in.number<std::uint32_t>();
  block.bytes = in.number<std::uint32_t>();
  block.first_slice.micros = in.number<std::int64_t>();
  block.last_slice.micros = in.number<std::int64_t>();
  block.checksum = in.number<std::uint64_t>();
  if (block.table >= tables || block.group >= kKeyGroups || zero != 0 || block.rows == 0) {
    in.fail();
  }
  return block;
}

// Nothing: the bytes are no directory of a file whose blocks end at `end`.
std::optional<StateFileDirectory> decode_directory(std::string_view bytes, std::uint64_t end) {
  ByteReader in(bytes);
  StateFileDirectory directory;
  directory.tables.resize(in.count(kTableBytesMin));
  for (StoredTable& table : directory.tables) {
    table = read_table(in);
  }
  directory.blocks.resize(in.count(kBlockBytes));
  std::uint64_t offset = kHeadBytes;
  for (StateBlock& block : directory.blocks) {
    block = read_block(directory.tables.size(), in);
    block.offset = offset;
    offset += block.bytes;
  }
  return in.ok() && in.left() == 0 && offset == end ? std::optional(std::move(directory))
                                                    : std::nullopt;
}

Status head_error(const std::string& path, std::string_view bytes) {
  ByteReader in(bytes.substr(kMagic.size()));
  const auto version = in.number<std::uint32_t>();
  if (version > kVersion && bytes == head_of(version)) {
    return invalid_argument(
        fmt::format("{} has version {} of its format, and this program knows versions up to {}; "
                    "use the program that wrote it, or a later one",
                    path, version, kVersion));
  }
  return corrupt(fmt::format("{} does not begin as a file of state does", path));
}

Status block_error(const StateFile& file, const StateBlock& block, std::string_view what) {
  const StoredTable& table = file.directory.tables[block.table];
  return corrupt(fmt::format("{}: block {} ({} of table {} of {}, key group {}, bytes {} to {}) {}",
                             file.path, &block - file.directory.blocks.data(),
                             block.kind == BlockKind::kPuts ? "rows" : "erased keys",
                             table.schema.name, table.operator_id, block.group, block.offset,
                             block.offset + block.bytes, what));
}

Result<std::vector<Column>> decode_block(const StateFile& file, const StateBlock& block,
                                         std::string_view bytes) {
  if (checksum_of(bytes) != block.checksum) {
    return block_error(file, block, "does not read back as it was written");
  }
  const StateSchema& schema = file.directory.tables[block.table].schema;
  const std::size_t count =
      block.kind == BlockKind::kPuts ? schema.columns.size() : schema.key_columns;
  ByteReader in(bytes);
  std::vector<Column> columns;
  columns.reserve(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    columns.push_back(decode_column(schema.columns[i].type, block.rows, in));
  }
  if (!in.ok() || in.left() > 0 || columns.empty()) {
    return block_error(file, block, "holds no such rows");
  }
  return columns;
}

void set_slices(const StateSchema& schema, std::span<const Column> columns, StateBlock& block) {
  block.first_slice = {};
  block.last_slice = {};
  if (has_slices(schema)) {
    const MinMax ends = min_max(columns[schema.partition_columns]);
    block.first_slice.micros = ends.min;
    block.last_slice.micros = ends.max;
  }
}

}  // namespace

StateFileWriter::StateFileWriter(std::unique_ptr<DurableFile> file)
    : file_(std::move(file)), pending_(head_of(kVersion)), bytes_(pending_.size()) {}

Result<std::unique_ptr<StateFileWriter>> StateFileWriter::create(Env& env,
                                                                 const std::string& path) {
  TW_TRY_ASSIGN(auto file, env.create_file(path));
  return std::unique_ptr<StateFileWriter>(new StateFileWriter(std::move(file)));
}

std::uint32_t StateFileWriter::table(const std::string& operator_id, const StateSchema& schema) {
  for (std::uint32_t i = 0; i < directory_.tables.size(); ++i) {
    const StoredTable& table = directory_.tables[i];
    if (table.operator_id == operator_id && table.schema.name == schema.name) {
      return i;
    }
  }
  directory_.tables.push_back({.operator_id = operator_id, .schema = schema, .dropped_to = {}});
  return static_cast<std::uint32_t>(directory_.tables.size() - 1);
}

void StateFileWriter::drop(std::uint32_t table, EventTime dropped_to, KeyGroupRange groups) {
  StoredTable& stored = directory_.tables[table];
  stored.dropped_to = std::max(stored.dropped_to.value_or(dropped_to), dropped_to);
  stored.dropped_groups = groups;
}

Status StateFileWriter::add(std::uint32_t table, BlockKind kind, std::uint32_t group,
                            std::span<const Column> columns) {
  StateBlock block{.table = table,
                   .kind = kind,
                   .group = static_cast<std::uint8_t>(group),
                   .rows = columns[0].length()};
  const std::size_t begin = pending_.size();
  for (const Column& column : columns) {
    encode_column(column, pending_);
  }
  const std::size_t size = pending_.size() - begin;
  if (size > kBlockBytesMax && block.rows > 1) {
    pending_.resize(begin);
    std::vector<Column> part(columns.size());
    for (const bool second : {false, true}) {
      const std::uint32_t half = block.rows / 2;
      std::ranges::transform(columns, part.begin(), [&](const Column& column) {
        return second ? column.slice(half, block.rows - half) : column.slice(0, half);
      });
      TW_TRY(add(table, kind, group, part));
    }
    return {};
  }
  if (size > std::numeric_limits<std::uint32_t>::max()) {
    return invalid_argument("a row of state is longer than 4 GiB and cannot be kept");
  }
  block.bytes = static_cast<std::uint32_t>(size);
  block.checksum = checksum_of(std::string_view(pending_).substr(begin));
  set_slices(directory_.tables[table].schema, columns, block);
  directory_.blocks.push_back(block);
  bytes_ += size;
  return pending_.size() >= kWriteBytes ? flush() : Status();
}

Status StateFileWriter::flush() {
  TW_TRY(file_->write(pending_));
  pending_.clear();
  return {};
}

Status StateFileWriter::finish() {
  const std::string directory = encode_directory(directory_);
  directory_checksum_ = checksum_of(directory);
  pending_ += directory;
  ByteWriter out(pending_);
  out.number(std::uint64_t{directory.size()});
  out.number(directory_checksum_);
  bytes_ += directory.size() + kTailBytes;
  return flush();
}

Status StateFileWriter::sync() {
  TW_TRY(file_->sync());
  return file_->close();
}

Result<StateFile> open_state_file(Env& env, const std::string& path, std::uint64_t bytes,
                                  std::uint64_t directory_checksum) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> size, env.file_size(path));
  if (!size) {
    return corrupt(fmt::format("{} is missing", path));
  }
  if (*size != bytes || bytes < kHeadBytes + kTailBytes) {
    return corrupt(fmt::format("{} has {} bytes where {} were written", path, *size, bytes));
  }
  TW_TRY_ASSIGN(const std::string first, read_bytes(env, path, 0, kHeadBytes));
  if (first != head_of(kVersion)) {
    return head_error(path, first);
  }
  const std::uint64_t tail = bytes - kTailBytes;
  TW_TRY_ASSIGN(const std::string last, read_bytes(env, path, tail, kTailBytes));
  ByteReader in(last);
  const auto directory_bytes = in.number<std::uint64_t>();
  const Status error = corrupt(fmt::format("{}: its directory does not read back", path));
  if (in.number<std::uint64_t>() != directory_checksum || directory_bytes > tail - kHeadBytes) {
    return error;
  }
  TW_TRY_ASSIGN(const std::string directory,
                read_bytes(env, path, tail - directory_bytes, directory_bytes));
  if (checksum_of(directory) != directory_checksum) {
    return error;
  }
  std::optional<StateFileDirectory> decoded = decode_directory(directory, tail - directory_bytes);
  if (!decoded) {
    return error;
  }
  return StateFile{.path = path, .directory = *std::move(decoded)};
}

Status read_blocks(Env& env, const StateFile& file, std::span<const std::uint32_t> blocks,
                   const BlockVisitor& visit) {
  if (blocks.empty()) {
    return {};
  }
  TW_TRY_ASSIGN(const std::unique_ptr<InputFile> input, env.open_input(file.path));
  const std::vector<StateBlock>& all = file.directory.blocks;
  const auto end_of = [&](std::size_t i) { return all[blocks[i]].offset + all[blocks[i]].bytes; };
  std::string bytes;
  for (std::size_t i = 0; i < blocks.size();) {
    // Blocks that stand together are read together.
    const std::uint64_t begin = all[blocks[i]].offset;
    std::size_t next = i + 1;
    while (next < blocks.size() && all[blocks[next]].offset == end_of(next - 1) &&
           end_of(next) - begin <= kReadBytes) {
      ++next;
    }
    bytes.resize(end_of(next - 1) - begin);
    TW_TRY(input->seek(begin));
    TW_TRY(read_exactly(*input, file.path, bytes.data(), bytes.size()));
    for (; i < next; ++i) {
      const StateBlock& block = all[blocks[i]];
      TW_TRY_ASSIGN(
          std::vector<Column> columns,
          decode_block(file, block,
                       std::string_view(bytes).substr(block.offset - begin, block.bytes)));
      TW_TRY(visit(block, std::move(columns)));
    }
  }
  return {};
}

}  // namespace thalweg
