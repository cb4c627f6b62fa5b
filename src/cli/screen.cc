#include "screen.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "interrupt.h"
#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr Screen::Size kUsualSize{.columns = 80, .lines = 24};
// Room for the ^C that the terminal shows behind the line: breaking it would move the lines above.
constexpr std::size_t kEchoWidth = 4;
const std::string kEraseLine = "\033[K";
const std::string kEraseBelow = "\033[J";

Screen::Size size_of(int descriptor) {
  winsize size{};
  const bool known =
      ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  return known ? Screen::Size{.columns = size.ws_col, .lines = size.ws_row} : kUsualSize;
}

// Where a terminal has become narrower since, it may have broken a line into several.
std::size_t rows_of(std::size_t width, std::size_t columns) {
  return width <= columns ? 1 : (width + columns - 1) / columns;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

// The first characters of UTF-8 text, each of which takes one column.
std::string_view first_characters(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && count-- == 0) {
      return text.substr(0, i);
    }
  }
  return text;
}

// What of the line is shown.
std::string_view fitting(std::string_view line) {
  const std::size_t columns = size_of(STDERR_FILENO).columns;
  return first_characters(line, columns - std::min(columns, kEchoWidth));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace

Screen::Screen() : shares_terminal_(is_terminal(STDOUT_FILENO) && is_terminal(STDERR_FILENO)) {}

Screen::Size Screen::size() { return size_of(STDOUT_FILENO); }

bool Screen::write(std::string_view text) {
  const std::lock_guard lock(mutex_);
  erase();
  if (!text.empty()) {
    row_begun_ = text.back() != '\n';
  }
  if (write_all(STDOUT_FILENO, text)) {
    return true;
  }
  failure_ = errno == EPIPE ? 0 : errno;
  return false;
}

void Screen::draw_line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  forget_if_moved();
  line_ = text;
  if (!has_drawn_tables()) {
    draw();
  } else if (drawn_->columns == size().columns) {
    const std::string_view shown = fitting(line_);
    write_all(STDERR_FILENO, "\r" + kEraseLine + std::string(shown));
    drawn_->line = characters(shown);
  }  // Else the tables have to be made anew first.
}

void Screen::remove_line() {
  const std::lock_guard lock(mutex_);
  erase();
  line_.clear();
}

void Screen::draw_tables(std::vector<LiveTable::Line> lines) {
  const std::lock_guard lock(mutex_);
  tables_ = std::move(lines);
  draw();
}

bool Screen::shows_tables() {
  const std::lock_guard lock(mutex_);
  forget_if_moved();
  return has_drawn_tables();
}

void Screen::clear() {
  const std::lock_guard lock(mutex_);
  erase();
}

int Screen::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// While the program was stopped the shell has moved the cursor.
void Screen::forget_if_moved() {
  if (continued_since_drawn()) {
    drawn_ = std::nullopt;
  }
}

void Screen::draw() {
  forget_if_moved();
  if (row_begun_ && shares_terminal_) {
    return;
  }
  if (tables_.empty() && line_.empty()) {
    erase();
    return;
  }
  std::string text = to_begin_of_drawn();
  std::string below(fitting(line_));
  Drawn drawn{.tables = {}, .line = characters(below), .columns = size().columns};
  if (tables_.empty() && !has_drawn_tables()) {
    below.insert(0, text + kEraseLine);
  } else {
    for (const LiveTable::Line& line : tables_) {
      text += kEraseLine + line.text + '\n';
      drawn.tables.push_back(line.width);
    }
    write_all(STDOUT_FILENO, text + kEraseBelow);
  }
  write_all(STDERR_FILENO, below);
  drawn_ = std::move(drawn);
}

void Screen::erase() {
  forget_if_moved();
  if (has_drawn_tables()) {
    write_all(STDOUT_FILENO, to_begin_of_drawn() + kEraseBelow);
  } else if (drawn_) {
    write_all(STDERR_FILENO, to_begin_of_drawn() + kEraseLine);
  }
  drawn_ = std::nullopt;
}

std::string Screen::to_begin_of_drawn() const {
  if (!has_drawn_tables()) {
    return "\r";
  }
  const std::size_t columns = size().columns;
  std::size_t up = rows_of(drawn_->line, columns) - 1;
  for (const std::size_t width : drawn_->tables) {
    up += rows_of(width, columns);
  }
  return fmt::format("\r\033[{}A", up);
}

}  // namespace thalweg::cli
