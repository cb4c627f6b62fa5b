#include "screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "terminal.h"

namespace thalweg::cli {
namespace {

constexpr std::size_t kUsualColumns = 80;

std::size_t terminal_columns(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                        : kUsualColumns;
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

}  // namespace

Screen::Screen() : shares_terminal_(is_terminal(STDOUT_FILENO) && is_terminal(STDERR_FILENO)) {}

bool Screen::write(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_drawn();
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
  if (row_begun_ && shares_terminal_) {
    return;
  }
  // A line as wide as the terminal would wrap, and only its last part could be taken away.
  const std::string_view shown = first_characters(text, terminal_columns(STDERR_FILENO) - 1);
  write_all(STDERR_FILENO, "\r\033[K" + std::string(shown));
  line_drawn_ = true;
}

void Screen::clear_line() {
  const std::lock_guard lock(mutex_);
  clear_drawn();
}

int Screen::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Screen::clear_drawn() {
  if (line_drawn_) {
    write_all(STDERR_FILENO, "\r\033[K");
    line_drawn_ = false;
  }
}

}  // namespace thalweg::cli
