#include "live_tables.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <numeric>
#include <utility>

#include "interrupt.h"
#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
// A table is not worth its place with fewer lines: header, some rows, and how many more.
constexpr std::size_t kTableLinesMin = 5;
constexpr std::size_t kHeaderLines = 2;

// The lines that each gets of `room`: what it wants, where that is not more than its share of what
// the others leave.
std::vector<std::size_t> shares(const std::vector<std::uint64_t>& wanted, std::size_t room) {
  std::vector<std::size_t> smallest_first(wanted.size());
  std::iota(smallest_first.begin(), smallest_first.end(), 0);
  std::stable_sort(smallest_first.begin(), smallest_first.end(),
                   [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
  std::vector<std::size_t> given(wanted.size());
  std::size_t left = wanted.size();
  for (const std::size_t i : smallest_first) {
    given[i] = static_cast<std::size_t>(std::min<std::uint64_t>(wanted[i], room / left));
    room -= given[i];
    --left;
  }
  return given;
}

LiveTable::Line plain_line(std::string text) {
  const std::size_t width = text.size();
  return {.text = std::move(text), .width = width};
}

}  // namespace

LiveTables::LiveTables(const CommandLine& line, Screen& screen)
    : screen_(screen),
      marks_changes_(wants_color(STDOUT_FILENO, line.color)),
      quiet_(line.quiet),
      thread_([this] { loop(); }) {}

LiveTables::~LiveTables() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
  screen_.draw_tables({});
  leave_telling_to_screen(false);
}

void LiveTables::begin(const ResultHeader& header) {
  const std::lock_guard lock(mutex_);
  tables_.try_emplace(header.statement, header);
  leave_telling_to_screen(true);
}

void LiveTables::apply(const ResultHeader& header, const Rows& rows) {
  const std::lock_guard lock(mutex_);
  tables_.at(header.statement).apply(rows);
}

std::string LiveTables::end(std::size_t statement) {
  const std::lock_guard drawing(drawing_);
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(statement);
  std::string text = found->second.text();
  tables_.erase(found);
  leave_telling_to_screen(!tables_.empty());
  screen_.draw_tables({});
  return text;
}

std::vector<std::size_t> LiveTables::statements() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> statements;
  std::transform(tables_.begin(), tables_.end(), std::back_inserter(statements),
                 [](const auto& each) { return each.first; });
  return statements;
}

void LiveTables::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kRedraw, [this] { return ending_; })) {
    lock.unlock();
    draw();
    lock.lock();
  }
}

void LiveTables::draw() {
  const std::lock_guard drawing(drawing_);
  const Screen::Size size = Screen::size();
  std::vector<LiveTable::Line> lines;
  {
    const std::lock_guard lock(mutex_);
    if (tables_.empty() || (screen_.shows_tables() && !has_changed(size))) {
      return;
    }
    lines = picture(size);
  }
  screen_.draw_tables(std::move(lines));
}

bool LiveTables::has_changed(Screen::Size size) const {
  return size.columns != drawn_size_.columns || size.lines != drawn_size_.lines ||
         (is_interrupted() && !tells_stopping_ && !quiet_) ||
         std::any_of(tables_.begin(), tables_.end(),
                     [](const auto& each) { return each.second.has_changed(); });
}

std::vector<LiveTable::Line> LiveTables::picture(Screen::Size size) {
  drawn_size_ = size;
  tells_stopping_ = is_interrupted() && !quiet_;
  // The last line is the cursor's.
  const std::size_t room = size.lines - std::min<std::size_t>(size.lines, tells_stopping_ ? 2 : 1);
  std::vector<LiveTable::Line> lines = pictures(size.columns, room);
  if (tells_stopping_) {
    lines.push_back(plain_line(std::string(kStoppingText.substr(0, size.columns))));
  }
  lines.resize(std::min(lines.size(), size.lines - 1));
  return lines;
}

// The first tables, if not all are worth their place, with a line between them.
std::vector<LiveTable::Line> LiveTables::pictures(std::size_t columns, std::size_t room) {
  const std::size_t shown = std::clamp<std::size_t>(room / (kTableLinesMin + 1), 1, tables_.size());
  const std::size_t hidden = tables_.size() - shown;
  const std::size_t between = shown - 1 + (hidden > 0 ? 1 : 0);
  std::vector<std::uint64_t> wanted;
  for (const auto& [statement, table] : tables_) {
    wanted.push_back(table.rows() + kHeaderLines);
  }
  wanted.resize(shown);
  const std::vector<std::size_t> given = shares(wanted, room - std::min(room, between));
  std::vector<LiveTable::Line> lines;
  auto each = tables_.begin();
  for (const std::size_t height : given) {
    if (!lines.empty()) {
      lines.emplace_back();
    }
    const std::vector<LiveTable::Line> table =
        each->second.picture({.columns = columns, .lines = height, .mark_changes = marks_changes_});
    lines.insert(lines.end(), table.begin(), table.end());
    ++each;
  }
  if (hidden > 0) {
    lines.push_back(plain_line(fmt::format("{} more tables", hidden)));
  }
  return lines;
}

}  // namespace thalweg::cli
