#include "live_tables.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "interrupt.h"
#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
// A table is not worth its place with fewer lines: header, some rows, and how many more.
constexpr std::size_t kTableLinesMin = 5;

LiveTable::Line plain_line(std::string text) {
  const std::size_t width = text.size();
  return {.text = std::move(text), .width = width};
}

}  // namespace

LiveTables::LiveTables(const CommandLine& line, Screen& screen)
    : screen_(screen),
      marks_changes_(wants_color(STDOUT_FILENO, line.color)),
      quiet_(line.quiet),
      thread_([this] { loop(); }) {
  leave_telling_to_screen(true);
}

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
         (is_interrupted() && !tells_stopping_) ||
         std::any_of(tables_.begin(), tables_.end(),
                     [](const auto& each) { return each.second.has_changed(); });
}

// Each table gets its share of the window's height, and what those before it left of theirs.
std::vector<LiveTable::Line> LiveTables::picture(Screen::Size size) {
  drawn_size_ = size;
  tells_stopping_ = is_interrupted() && !quiet_;
  // The last line is the cursor's.
  const std::size_t fixed = tells_stopping_ ? 2 : 1;
  std::size_t room = size.lines - std::min(size.lines, fixed);
  std::size_t left = std::clamp<std::size_t>(room / kTableLinesMin, 1, tables_.size());
  const std::size_t hidden = tables_.size() - left;
  room -= std::min<std::size_t>(room, hidden > 0 ? 1 : 0);
  std::vector<LiveTable::Line> lines;
  for (auto each = tables_.begin(); left > 0; ++each, --left) {
    if (!lines.empty() && room > 0) {
      lines.emplace_back();
      --room;
    }
    const std::vector<LiveTable::Line> table = each->second.picture(
        {.columns = size.columns, .lines = room / left, .mark_changes = marks_changes_});
    lines.insert(lines.end(), table.begin(), table.end());
    room -= table.size();
  }
  if (hidden > 0) {
    lines.push_back(plain_line(fmt::format("{} more tables", hidden)));
  }
  if (tells_stopping_) {
    lines.push_back(plain_line(std::string(kStoppingText.substr(0, size.columns))));
  }
  return lines;
}

}  // namespace thalweg::cli
