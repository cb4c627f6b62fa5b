#include "state/changed_rows_table.h"

#include <algorithm>
#include <string>

#include "columnar/kernels.h"

namespace thalweg {
namespace {

// Lists of rows may be long, so that not many of them go into one piece.
constexpr std::uint32_t kLongRowsAtOnce = 16;
constexpr std::size_t kBytesMax = std::size_t{16} << 20;

// Rows one below the other.
std::vector<Column> joined(std::vector<std::vector<Column>>& pieces) {
  if (pieces.size() <= 1) {
    return pieces.empty() ? std::vector<Column>() : std::move(pieces[0]);
  }
  std::vector<Column> columns;
  for (std::size_t i = 0; i < pieces[0].size(); ++i) {
    std::vector<Column> parts;
    for (const std::vector<Column>& piece : pieces) {
      parts.push_back(piece[i]);
    }
    columns.push_back(concat_columns(parts));
  }
  return columns;
}

}  // namespace

ChangedRowsTable::ChangedRowsTable(StateSchema schema)
    : schema_(std::move(schema)),
      has_lists_(std::ranges::any_of(schema_.columns, [](const Field& column) {
        return column.type.kind == TypeKind::kBytea;
      })) {}

Status ChangedRowsTable::wrong(std::string_view what) const {
  return {Code::kCorrupt, "the rows of table '" + schema_.name +
                              "' in the state cannot be right: " + std::string(what)};
}

bool ChangedRowsTable::next_changes(std::uint32_t rows_max, StateChanges& out) {
  out = {};
  if (!reading_) {
    begin();
    out.dropped_to = changed_.dropped_to;
  }
  // What has been saved since the last call is enough for one.
  std::uint32_t room = put_pieces_.empty() && erased_pieces_.empty() ? std::max(rows_max, 1U) : 0;
  if (room > 0 && !erased_.empty() && erased_next_ < erased_[0].length()) {
    const std::uint32_t count = std::min(room, erased_[0].length() - erased_next_);
    std::vector<Column>& piece = erased_pieces_.emplace_back();
    for (const Column& column : erased_) {
      piece.push_back(column.slice(erased_next_, count));
    }
    erased_next_ += count;
    room -= count;
  }
  std::size_t bytes = 0;
  while (room > 0 && bytes < kBytesMax && part_next_ < changed_.parts.size()) {
    const std::uint32_t count_max = has_lists_ ? std::min(room, kLongRowsAtOnce) : room;
    const std::size_t part = changed_.parts[part_next_].number;
    const std::vector<GroupId> ids = next_numbers(count_max);
    bytes += append_rows(part, ids);
    room -= std::min(room, static_cast<std::uint32_t>(ids.size()));
  }
  out.erased = joined(erased_pieces_);
  out.puts = joined(put_pieces_);
  erased_pieces_.clear();
  put_pieces_.clear();
  reading_ = !out.empty();
  return reading_;
}

// Of the part at hand; goes on to the next part behind the last.
std::vector<GroupId> ChangedRowsTable::next_numbers(std::size_t count_max) {
  const Part& part = changed_.parts[part_next_];
  std::vector<GroupId> ids;
  if (changed_.all_wait) {
    ids = take_waiting(part.number, count_max);
  } else {
    const std::size_t count = std::min(count_max, part.ids.size() - id_next_);
    const auto first = part.ids.begin() + static_cast<std::ptrdiff_t>(id_next_);
    ids.assign(first, first + static_cast<std::ptrdiff_t>(count));
    id_next_ += count;
  }
  if (ids.empty()) {
    ++part_next_;
    id_next_ = 0;
  }
  return ids;
}

void ChangedRowsTable::begin() {
  changed_ = take_changed();
  erased_.clear();
  erased_next_ = 0;
  part_next_ = 0;
  id_next_ = 0;
  if (!changed_.erased.empty()) {
    leave_out_erased_that_came_again();
  }
}

void ChangedRowsTable::leave_out_erased_that_came_again() {
  const std::unique_ptr<KeyIndex> index = KeyIndex::make(schema_.key_types());
  std::vector<RowIndex> rows;
  for (const Part& part : changed_.parts) {
    const auto count = static_cast<std::uint32_t>(part.ids.size());
    add_new_keys(keys_of(part.number, part.ids), count, *index, rows);
  }
  rows.clear();
  const std::vector<Column> erased = joined(changed_.erased);
  add_new_keys(erased, erased[0].length(), *index, rows);
  for (const Column& column : erased) {
    erased_.push_back(gather(column, rows));
  }
  changed_.erased.clear();
}

// Returns how many bytes of lists these are.
std::size_t ChangedRowsTable::append_rows(std::size_t part, std::span<const GroupId> ids) {
  std::vector<GroupId> there;
  std::vector<GroupId> gone;
  if (rows_can_go()) {
    for (const GroupId id : ids) {
      (has_row(part, id) ? there : gone).push_back(id);
    }
    ids = there;
  }
  if (!gone.empty()) {
    erased_pieces_.push_back(keys_of(part, gone));
  }
  std::size_t bytes = 0;
  if (!ids.empty()) {
    std::vector<Column>& piece = put_pieces_.emplace_back(keys_of(part, ids));
    for (Column& column : values_of(part, ids)) {
      bytes += column.type().kind == TypeKind::kBytea ? column.memory_bytes() : 0;
      piece.push_back(std::move(column));
    }
  }
  return bytes;
}

}  // namespace thalweg
