#pragma once

#include <string>
#include <string_view>

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

// "2018-02-01 10:00:05"; UTC, from microseconds since 1970.
std::string human_time(std::int64_t micros);

}  // namespace thalweg::cli
