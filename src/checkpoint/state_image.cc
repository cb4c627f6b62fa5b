#include "checkpoint/state_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "checkpoint/file_bytes.h"
#include "checkpoint/schema_codec.h"
#include "columnar/kernels.h"
#include "state/key_index.h"

namespace thalweg {
namespace {

std::optional<std::uint32_t> find_table(const StateFileDirectory& directory,
                                        const std::string& operator_id, const std::string& name) {
  for (std::uint32_t i = 0; i < directory.tables.size(); ++i) {
    if (directory.tables[i].operator_id == operator_id && directory.tables[i].schema.name == name) {
      return i;
    }
  }
  return std::nullopt;
}

// Up to which slice end rows have gone, by key group.
using Drops = std::array<EventTime, kKeyGroups>;

// One table in one file.
struct TablePart {
  const StateImage::File* file;
  std::uint32_t table;
  Drops dropped;  // By later epochs.

  const StoredTable& stored() const { return file->file.directory.tables[table]; }
};

void add_drops(const TablePart& part, Drops& drops) {
  const StoredTable& table = part.stored();
  if (!table.dropped_to) {
    return;
  }
  const KeyGroupRange groups = table.dropped_groups;
  for (std::uint32_t group = groups.begin; group < groups.end; ++group) {
    drops[group] = std::max(drops[group], *table.dropped_to);
  }
}

bool counts(const FileEntry& entry, const std::vector<Forgotten>& forgotten,
            const std::string& operator_id) {
  return std::ranges::none_of(forgotten, [&](const Forgotten& gone) {
    return gone.operator_id == operator_id && entry.epoch <= gone.epoch;
  });
}

// The files that speak of a table, oldest first.
std::vector<TablePart> parts_of(const std::vector<StateImage::File>& files,
                                const std::vector<Forgotten>& forgotten,
                                const std::string& operator_id, const std::string& name) {
  std::vector<TablePart> parts;
  for (const StateImage::File& file : files) {
    if (!counts(file.entry, forgotten, operator_id)) {
      continue;
    }
    if (const auto table = find_table(file.file.directory, operator_id, name)) {
      parts.push_back({.file = &file, .table = *table, .dropped = {}});
    }
  }
  Drops later;
  later.fill(kStartOfTime);
  for (std::size_t end = parts.size(); end > 0;) {
    std::size_t begin = end;
    while (begin > 0 && parts[begin - 1].file->entry.epoch == parts[end - 1].file->entry.epoch) {
      parts[--begin].dropped = later;
    }
    for (std::size_t i = begin; i < end; ++i) {
      add_drops(parts[i], later);
    }
    end = begin;
  }
  return parts;
}

// The blocks of some key groups from which not all rows were dropped.
std::vector<std::uint32_t> blocks_of(const TablePart& part, KeyGroupRange groups) {
  const std::vector<StateBlock>& blocks = part.file->file.directory.blocks;
  const std::vector<std::uint32_t>& order = part.file->by_group;
  const auto place = [&](std::uint32_t number) {
    return std::pair(blocks[number].table, std::uint32_t{blocks[number].group});
  };
  const auto begin =
      std::ranges::lower_bound(order, std::pair(part.table, groups.begin), {}, place);
  const auto end = std::ranges::lower_bound(order, std::pair(part.table, groups.end), {}, place);
  std::vector<std::uint32_t> numbers;
  const bool slices = has_slices(part.stored().schema);
  std::copy_if(begin, end, std::back_inserter(numbers), [&](std::uint32_t number) {
    return !slices || blocks[number].last_slice > part.dropped[blocks[number].group];
  });
  std::ranges::sort(numbers);
  return numbers;
}

// Leaves out the rows whose slices were dropped.
std::vector<Column> without_dropped(const TablePart& part, const StateBlock& block,
                                    std::vector<Column> columns) {
  const EventTime dropped = part.dropped[block.group];
  const StateSchema& schema = part.stored().schema;
  if (!has_slices(schema) || block.first_slice > dropped) {
    return columns;
  }
  const auto ends = columns[schema.partition_columns].values<std::int64_t>();
  std::vector<RowIndex> rows;
  for (std::uint32_t row = 0; row < ends.size(); ++row) {
    if (ends[row] > dropped.micros) {
      rows.push_back(row);
    }
  }
  return gather(columns, rows);
}

}  // namespace

Result<StateImage> StateImage::open(Env& env, const std::string& directory,
                                    const Manifest& manifest) {
  StateImage image(env, manifest.forgotten);
  for (const FileEntry& entry : manifest.files) {
    const std::string path = directory + '/' + file_name(entry, manifest.record.incarnation);
    TW_TRY_ASSIGN(StateFile file,
                  open_state_file(env, path, entry.bytes, entry.directory_checksum));
    std::vector<std::uint32_t> by_group(file.directory.blocks.size());
    std::iota(by_group.begin(), by_group.end(), 0U);
    std::ranges::stable_sort(by_group, {}, [&](std::uint32_t number) {
      const StateBlock& block = file.directory.blocks[number];
      return std::pair(block.table, block.group);
    });
    image.files_.push_back(
        {.entry = entry, .file = std::move(file), .by_group = std::move(by_group)});
  }
  return image;
}

std::vector<StoredTable> StateImage::tables() const {
  std::vector<StoredTable> tables;
  for (const File& file : files_) {
    for (const StoredTable& table : file.file.directory.tables) {
      if (!counts(file.entry, forgotten_, table.operator_id)) {
        continue;
      }
      const auto known = std::ranges::find_if(tables, [&](const StoredTable& other) {
        return other.operator_id == table.operator_id && other.schema.name == table.schema.name;
      });
      if (known == tables.end()) {
        tables.push_back(table);
      } else {
        *known = table;
      }
    }
  }
  return tables;
}

Status StateImage::read(const std::string& operator_id, const StateSchema& schema,
                        KeyGroupRange groups,
                        const std::function<Status(const StateChanges&)>& visit) const {
  for (const TablePart& part : parts_of(files_, forgotten_, operator_id, schema.name)) {
    if (!same_layout(part.stored().schema, schema)) {
      return invalid_argument(fmt::format(
          "table {} of {} holds {} in {}, which cannot be taken as {}", schema.name, operator_id,
          describe(part.stored().schema), part.file->file.path, describe(schema)));
    }
    TW_TRY(read_blocks(*env_, part.file->file, blocks_of(part, groups),
                       [&](const StateBlock& block, std::vector<Column> columns) -> Status {
                         StateChanges changes;
                         (block.kind == BlockKind::kPuts ? changes.puts : changes.erased) =
                             without_dropped(part, block, std::move(columns));
                         return changes.empty() ? Status() : visit(changes);
                       }));
  }
  return {};
}

void StateImage::visit_blocks(
    const std::string& operator_id, const std::string& table,
    const std::function<void(const FileEntry&, const StateBlock&)>& visit) const {
  for (const TablePart& part : parts_of(files_, forgotten_, operator_id, table)) {
    for (const std::uint32_t number : blocks_of(part, {})) {
      visit(part.file->entry, part.file->file.directory.blocks[number]);
    }
  }
}

Status StateImage::rows(const std::string& operator_id, const std::string& table,
                        std::uint32_t group, const RowsVisitor& visit) const {
  const std::vector<TablePart> parts = parts_of(files_, forgotten_, operator_id, table);
  if (parts.empty()) {
    return {};
  }
  const StateSchema& schema = parts.back().stored().schema;
  // The keys that newer epochs have spoken of.
  const std::unique_ptr<KeyIndex> seen = KeyIndex::make(schema.key_types());
  // From the newest on: what is said first about a key holds.
  for (std::size_t i = parts.size(); i-- > 0;) {
    const TablePart& part = parts[i];
    if (!same_layout(part.stored().schema, schema)) {
      return corrupt(
          fmt::format("table {} of {} changes its columns within an epoch", table, operator_id));
    }
    TW_TRY(read_blocks(*env_, part.file->file, blocks_of(part, {.begin = group, .end = group + 1}),
                       [&](const StateBlock& block, std::vector<Column> columns) -> Status {
                         columns = without_dropped(part, block, std::move(columns));
                         if (columns[0].length() == 0) {
                           return {};
                         }
                         // Within the oldest part no key comes twice.
                         if (i > 0 || seen->size() > 0) {
                           std::vector<RowIndex> rows;
                           add_new_keys(std::span(columns).first(schema.key_columns),
                                        columns[0].length(), *seen, rows);
                           if (rows.size() < columns[0].length()) {
                             columns = gather(columns, rows);
                           }
                         }
                         return block.kind == BlockKind::kErased || columns[0].length() == 0
                                    ? Status()
                                    : visit(std::move(columns));
                       }));
  }
  return {};
}

}  // namespace thalweg
