#include "thalweg/live_table.h"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "api/standing_rows.h"
#include "api/table_text.h"
#include "thalweg/run_progress.h"

namespace thalweg {
namespace {

constexpr std::string_view kCut = "…";
constexpr std::size_t kGapWidth = 2;
constexpr std::size_t kHeaderLines = 2;
// What a column whose values can be cut is left with while others are still shown.
constexpr std::size_t kCutWidthMin = 8;
constexpr std::size_t kRowsAtOnce = 4096;

struct Cell {
  std::string text;
  std::size_t width = 0;
};

struct LiveColumn {
  Cell name;
  bool right = false;
  bool may_be_cut = false;  // A part of a number or a time would be another one.
  std::size_t width = 0;    // Of the widest cell shown so far.
};

LiveColumn column_of(const ResultHeader::Column& column) {
  LiveColumn live;
  live.name.text = printable(column.name);
  live.name.width = live.width = display_width(live.name.text);
  live.right = is_number_type(column.type);
  live.may_be_cut = !live.right && !column.type.starts_with("TIME") && column.type != "DATE" &&
                    column.type != "BOOLEAN";
  return live;
}

// The beginning of a cell that has no more room than this.
Cell cut(const Cell& cell, std::size_t room) {
  if (cell.width <= room) {
    return cell;
  }
  Cell kept;
  std::string_view rest = cell.text;
  while (!rest.empty()) {
    const DisplayedCharacter next = first_character(rest);
    if (kept.width + next.width + 1 > room) {
      break;
    }
    kept.text += rest.substr(0, next.bytes);
    kept.width += next.width;
    rest.remove_prefix(next.bytes);
  }
  kept.text += kCut;
  ++kept.width;
  return kept;
}

// Puts a line together, without blanks at its end.
class LineWriter {
 public:
  void skip(std::size_t cells) { blanks_ += cells; }
  void add(std::string_view text, std::size_t width) {
    if (!text.empty()) {
      line_.text.append(blanks_, ' ');
      line_.text += text;
      line_.width += std::exchange(blanks_, 0) + width;
    }
  }
  LiveTable::Line take() { return std::move(line_); }

 private:
  LiveTable::Line line_;
  std::size_t blanks_ = 0;
};

// The columns that fit into a window, each with the cells that it gets.
struct Layout {
  std::vector<std::size_t> widths;
  bool leaves_out = false;  // Columns behind them.
};

std::size_t least_width(const LiveColumn& column) {
  return column.may_be_cut ? std::min(column.width, kCutWidthMin) : column.width;
}

// What the first columns need at least, with the mark that there are more.
std::size_t least_room(const std::vector<LiveColumn>& columns, std::size_t shown) {
  std::size_t sum = (shown - 1) * kGapWidth + (shown < columns.size() ? kGapWidth + 1 : 0);
  for (std::size_t i = 0; i < shown; ++i) {
    sum += least_width(columns[i]);
  }
  return sum;
}

// Takes from the widest that can be cut, so many cells in all.
void narrow(const std::vector<LiveColumn>& columns, std::size_t cells,
            std::vector<std::size_t>& widths) {
  for (; cells > 0; --cells) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > least_width(columns[i]) && (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) {
      return;
    }
    --*widest;
  }
}

Layout choose_layout(const std::vector<LiveColumn>& columns, std::size_t room) {
  std::size_t shown = columns.size();
  while (shown > 1 && least_room(columns, shown) > room) {
    --shown;
  }
  std::size_t sum = least_room(columns, shown);
  Layout layout{.widths = {}, .leaves_out = shown < columns.size() && sum <= room};
  for (std::size_t i = 0; i < shown; ++i) {
    layout.widths.push_back(std::min(columns[i].width, std::max<std::size_t>(room, 1)));
    sum += layout.widths[i] - std::min(layout.widths[i], least_width(columns[i]));
  }
  narrow(columns, sum - std::min(sum, room), layout.widths);
  return layout;
}

}  // namespace

struct LiveTable::Impl {
  explicit Impl(ResultHeader answer) : header(std::move(answer)), rows(header) {
    for (const ResultHeader::Column& column : header.columns) {
      columns.push_back(column_of(column));
    }
    // A table of rows, not of changes.
    header.updating = false;
  }

  using Row = std::vector<Cell>;
  using Drawn = absl::flat_hash_map<std::uint64_t, Row>;  // By serial.

  Batch batch_of(const std::vector<RowSlot>& slots) const;
  std::vector<Row> cells_of(const std::vector<RowSlot>& slots);
  void add_header(const Layout& layout, std::vector<Line>& lines) const;
  Line row_line(const Row& row, const Row* before, const Layout& layout);
  std::string rows_left(std::uint64_t count) const;

  ResultHeader header;
  StandingRows rows;
  std::vector<LiveColumn> columns;
  Drawn drawn;
  bool changed = true;
  bool marked = false;
};

LiveTable::LiveTable(const ResultHeader& header) : impl_(std::make_unique<Impl>(header)) {}
LiveTable::~LiveTable() = default;

void LiveTable::apply(const Rows& rows) {
  if (rows.count() > 0) {
    impl_->rows.apply(rows.batch());
    impl_->changed = true;
  }
}

std::uint64_t LiveTable::rows() const { return impl_->rows.total(); }

bool LiveTable::has_changed() const { return impl_->changed || impl_->marked; }

std::vector<LiveTable::Line> LiveTable::picture(const Window& window) {
  const std::size_t room = window.lines - std::min(window.lines, kHeaderLines);
  const std::uint64_t total = impl_->rows.total();
  const std::size_t count =
      total <= room ? static_cast<std::size_t>(total) : room - std::min<std::size_t>(room, 1);
  const std::vector<RowSlot> slots = impl_->rows.first(count);
  const std::vector<Impl::Row> cells = impl_->cells_of(slots);
  const Layout layout = choose_layout(impl_->columns, window.columns);

  std::vector<Line> lines;
  impl_->add_header(layout, lines);
  impl_->marked = false;
  Impl::Drawn drawn;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const std::uint64_t serial = impl_->rows.serial(slots[i]);
    const auto before = impl_->drawn.find(serial);
    const bool compared = window.mark_changes && before != impl_->drawn.end();
    lines.push_back(impl_->row_line(cells[i], compared ? &before->second : nullptr, layout));
    drawn.emplace(serial, cells[i]);
  }
  impl_->drawn = std::move(drawn);
  impl_->changed = false;
  if (total > slots.size()) {
    const std::string left = impl_->rows_left(total - slots.size());
    const Cell shown = cut({.text = left, .width = display_width(left)}, window.columns);
    const auto at = impl_->rows.shows_last() ? lines.begin() + kHeaderLines : lines.end();
    lines.insert(at, {.text = shown.text, .width = shown.width});
  }
  lines.resize(std::min(lines.size(), window.lines));
  return lines;
}

std::string LiveTable::text() {
  TableText table(impl_->header);
  const std::vector<RowSlot> slots = impl_->rows.first(StandingRows::kRowsMax);
  for (std::size_t begin = 0; begin < slots.size(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(slots.size(), begin + kRowsAtOnce);
    const Batch batch = impl_->batch_of({slots.begin() + static_cast<std::ptrdiff_t>(begin),
                                         slots.begin() + static_cast<std::ptrdiff_t>(end)});
    table.add(Rows(batch));
  }
  std::string text = table.take(false);
  const std::uint64_t total = impl_->rows.total();
  if (total > slots.size()) {
    text += impl_->rows_left(total - slots.size()) + "\n";
  }
  return text + fmt::format("({} row{})\n", total, total == 1 ? "" : "s");
}

Batch LiveTable::Impl::batch_of(const std::vector<RowSlot>& slots) const {
  Batch batch;
  batch.columns = rows.columns(slots);
  batch.length = static_cast<std::uint32_t>(slots.size());
  return batch;
}

// Of these rows; columns grow with them.
std::vector<LiveTable::Impl::Row> LiveTable::Impl::cells_of(const std::vector<RowSlot>& slots) {
  std::vector<Row> cells(slots.size());
  if (slots.empty()) {
    return cells;
  }
  const Batch batch = batch_of(slots);
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    for (std::uint32_t column = 0; column < columns.size(); ++column) {
      Cell cell;
      append_cell(Rows(batch), i, column, cell.text);
      cell.width = display_width(cell.text);
      columns[column].width = std::max(columns[column].width, cell.width);
      cells[i].push_back(std::move(cell));
    }
  }
  return cells;
}

void LiveTable::Impl::add_header(const Layout& layout, std::vector<Line>& lines) const {
  LineWriter names;
  LineWriter rule;
  for (std::size_t i = 0; i < layout.widths.size(); ++i) {
    const std::size_t width = layout.widths[i];
    const Cell name = cut(columns[i].name, width);
    names.skip(i == 0 ? 0 : kGapWidth);
    names.skip(columns[i].right ? width - name.width : 0);
    names.add(name.text, name.width);
    names.skip(columns[i].right ? 0 : width - name.width);
    std::string dashes;
    for (std::size_t cell = 0; cell < width; ++cell) {
      dashes += "─";
    }
    rule.skip(i == 0 ? 0 : kGapWidth);
    rule.add(dashes, width);
  }
  if (layout.leaves_out) {
    names.skip(kGapWidth);
    names.add(kCut, 1);
  }
  lines.push_back(names.take());
  lines.push_back(rule.take());
}

// `before`: the same row in the last picture, where differences from it are to be marked.
LiveTable::Line LiveTable::Impl::row_line(const Row& row, const Row* before, const Layout& layout) {
  LineWriter line;
  for (std::size_t i = 0; i < layout.widths.size(); ++i) {
    const std::size_t width = layout.widths[i];
    const Cell cell = cut(row[i], width);
    const bool mark = before != nullptr && (*before)[i].text != row[i].text;
    marked |= mark;
    line.skip(i == 0 ? 0 : kGapWidth);
    line.skip(columns[i].right ? width - cell.width : 0);
    line.add(mark ? fmt::format("\033[1m{}\033[0m", cell.text) : cell.text, cell.width);
    line.skip(columns[i].right ? 0 : width - cell.width);
  }
  return line.take();
}

std::string LiveTable::Impl::rows_left(std::uint64_t count) const {
  const std::uint64_t not_kept = rows.total() - rows.kept();
  return fmt::format(
      "{} more row{}{}", human_count(count), count == 1 ? "" : "s",
      not_kept == 0 ? "" : fmt::format(", {} of them only counted", human_count(not_kept)));
}

}  // namespace thalweg
