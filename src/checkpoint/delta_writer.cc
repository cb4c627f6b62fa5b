#include "checkpoint/delta_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "checkpoint/column_codec.h"
#include "columnar/kernels.h"
#include "state/key_groups.h"

namespace thalweg {
namespace {

// So much of a table is written at once: enough for blocks that are worth their entry in the
// directory, and little enough for a worker to do between two batches.
constexpr std::uint32_t kRowsWaitingMax = 32 * 1024;
constexpr std::size_t kBytesWaitingMax = std::size_t{1} << 20;

// Rows in the order of their key groups.
struct DealtRows {
  std::vector<RowIndex> rows;
  std::vector<RowIndex> places;                        // Of each row in `rows`.
  std::array<std::uint32_t, kKeyGroups + 1> begins{};  // Of each group in `rows`.
};

using Pieces = std::vector<std::vector<Column>>;

DealtRows deal_out(const Pieces& pieces, std::uint32_t length, std::size_t partition_columns) {
  std::vector<std::uint64_t> hashes(length);
  std::size_t hashed = 0;
  for (const std::vector<Column>& piece : pieces) {
    const std::uint32_t rows = piece[0].length();
    hash_keys(std::span(piece).first(partition_columns), rows,
              std::span(hashes).subspan(hashed, rows));
    hashed += rows;
  }
  DealtRows dealt;
  for (const std::uint64_t hash : hashes) {
    ++dealt.begins[key_group(hash) + 1];
  }
  for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
    dealt.begins[group + 1] += dealt.begins[group];
  }
  std::array<std::uint32_t, kKeyGroups + 1> next = dealt.begins;
  dealt.rows.resize(length);
  dealt.places.resize(length);
  for (std::uint32_t row = 0; row < length; ++row) {
    const RowIndex place = next[key_group(hashes[row])]++;
    dealt.places[row] = place;
    dealt.rows[place] = row;
  }
  return dealt;
}

// Reads from front to back, which memory likes better than what gather() does.
template <typename T>
Column scatter(std::span<const Column> parts, std::span<const RowIndex> places) {
  auto buffer = Buffer::allocate(places.size() * sizeof(T));
  T* const out = buffer->as<T>();
  std::size_t next = 0;
  for (const Column& part : parts) {
    const T* const values = reinterpret_cast<const T*>(part.raw_values());
    for (std::uint32_t row = 0; row < part.length(); ++row) {
      out[places[next++]] = values[row];
    }
  }
  Column dealt(parts[0].type(), static_cast<std::uint32_t>(places.size()));
  dealt.set_values(std::move(buffer));
  return dealt;
}

// One column of all pieces.
Column deal(const Pieces& pieces, std::size_t number, const DealtRows& dealt) {
  std::vector<Column> parts;
  for (const std::vector<Column>& piece : pieces) {
    parts.push_back(piece[number]);
  }
  if (std::ranges::none_of(parts, &Column::may_have_nulls)) {
    switch (value_width(parts[0].type().kind)) {
      case 4:
        return scatter<std::int32_t>(parts, dealt.places);
      case 8:
        return scatter<std::int64_t>(parts, dealt.places);
      default:
        break;
    }
  }
  return gather(concat_columns(parts), dealt.rows);
}

std::vector<Column> in_one(const Pieces& pieces) {
  std::vector<Column> columns;
  std::vector<Column> parts(pieces.size());
  for (std::size_t i = 0; i < pieces[0].size(); ++i) {
    for (std::size_t piece = 0; piece < pieces.size(); ++piece) {
      parts[piece] = pieces[piece][i];
    }
    columns.push_back(concat_columns(parts));
  }
  return columns;
}

// Whether these are the first `count` columns of the schema.
bool fit(std::span<const Column> columns, const StateSchema& schema, std::size_t count) {
  if (columns.size() != count) {
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (columns[i].length() != columns[0].length() ||
        columns[i].type().kind != schema.columns[i].type.kind) {
      return false;
    }
  }
  return true;
}

}  // namespace

FileDeltaWriter::FileDeltaWriter(Env& env, std::string path, Finished finished)
    : env_(env), path_(std::move(path)), finished_(std::move(finished)) {}

Status FileDeltaWriter::add(const std::string& operator_id, const StateSchema& schema,
                            const StateChanges& changes) {
  Table& table = this->table(operator_id, schema);
  if (changes.dropped_to) {
    TW_TRY_ASSIGN(StateFileWriter* const file, this->file());
    file->drop(file->table(operator_id, schema), *changes.dropped_to, changes.dropped_groups);
  }
  if (changes.erased_rows() > 0) {
    TW_TRY(keep(table, BlockKind::kErased, changes.erased));
  }
  if (changes.put_rows() > 0) {
    TW_TRY(keep(table, BlockKind::kPuts, changes.puts));
  }
  return {};
}

Status FileDeltaWriter::finish() {
  for (const auto& table : tables_) {
    TW_TRY(write(*table, BlockKind::kErased));
    TW_TRY(write(*table, BlockKind::kPuts));
  }
  if (file_ != nullptr) {
    TW_TRY(file_->finish());
  }
  finished_(std::move(file_));
  return {};
}

FileDeltaWriter::Table& FileDeltaWriter::table(const std::string& operator_id,
                                               const StateSchema& schema) {
  for (const auto& table : tables_) {
    if (table->operator_id == operator_id && table->schema.name == schema.name) {
      return *table;
    }
  }
  tables_.push_back(std::make_unique<Table>(
      Table{.operator_id = operator_id, .schema = schema, .puts = {}, .erased = {}}));
  return *tables_.back();
}

Status FileDeltaWriter::keep(Table& table, BlockKind kind, const std::vector<Column>& columns) {
  const bool puts = kind == BlockKind::kPuts;
  const std::size_t count = puts ? table.schema.columns.size() : table.schema.key_columns;
  if (!fit(columns, table.schema, count)) {
    return invalid_argument(fmt::format(
        "the {} of table {} of {} do not fit its schema; this is a bug, please report it",
        puts ? "rows" : "erased keys", table.schema.name, table.operator_id));
  }
  Waiting& waiting = puts ? table.puts : table.erased;
  waiting.pieces.push_back(columns);
  waiting.rows += columns[0].length();
  for (const Column& column : columns) {
    waiting.bytes += encoded_bytes(column);
  }
  return waiting.rows >= kRowsWaitingMax || waiting.bytes >= kBytesWaitingMax ? write(table, kind)
                                                                              : Status();
}

Status FileDeltaWriter::write(Table& table, BlockKind kind) {
  Waiting waiting = std::exchange(kind == BlockKind::kPuts ? table.puts : table.erased, Waiting());
  if (waiting.rows == 0) {
    return {};
  }
  TW_TRY_ASSIGN(StateFileWriter* const file, this->file());
  const std::uint32_t number = file->table(table.operator_id, table.schema);
  if (table.schema.partition_columns == 0) {
    return file->add(number, kind, 0, in_one(waiting.pieces));
  }
  const DealtRows dealt = deal_out(waiting.pieces, waiting.rows, table.schema.partition_columns);
  std::vector<Column> columns;
  for (std::size_t i = 0; i < waiting.pieces[0].size(); ++i) {
    columns.push_back(deal(waiting.pieces, i, dealt));
  }
  std::vector<Column> block(columns.size());
  for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
    const std::uint32_t begin = dealt.begins[group];
    const std::uint32_t rows = dealt.begins[group + 1] - begin;
    if (rows == 0) {
      continue;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      block[i] = columns[i].slice(begin, rows);
    }
    TW_TRY(file->add(number, kind, group, block));
  }
  return {};
}

Result<StateFileWriter*> FileDeltaWriter::file() {
  if (file_ == nullptr) {
    TW_TRY_ASSIGN(file_, StateFileWriter::create(env_, path_));
  }
  return file_.get();
}

}  // namespace thalweg
