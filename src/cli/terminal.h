#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace thalweg::cli {

enum class ColorChoice { kAuto, kAlways, kNever };

// Whether text on this descriptor is to be coloured: as asked, else on a terminal that can, unless
// NO_COLOR or THALWEG_NO_COLOR says otherwise.
bool wants_color(int descriptor, ColorChoice choice);

bool is_terminal(int descriptor);

// Whether a line there can be drawn again over itself.
bool can_redraw(int descriptor);

// Writes all of it; false when the reader is gone.
bool write_all(int descriptor, std::string_view text);

// Writes a message to standard error. One that cannot be written is dropped: who does not read
// messages changes nothing in what the program does.
template <typename... Values>
void tell(fmt::format_string<Values...> message, Values&&... values) {
  (void)write_all(STDERR_FILENO, fmt::format(message, std::forward<Values>(values)...));
}

// "2018-02-01 10:00:05"; UTC, from microseconds since 1970.
std::string human_time(std::int64_t micros);

}  // namespace thalweg::cli
