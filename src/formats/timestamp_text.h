#pragma once

#include <cstdint>
#include <string_view>

namespace thalweg {

// Microseconds since 1970 of a time as parse_timestamp reads it, its offset taken off. The usual
// form, 2018-02-01T00:00:00[.123456][Z] or with a space for the T, takes a fast way.
bool parse_timestamp_text(std::string_view text, std::int64_t& micros);

}  // namespace thalweg
