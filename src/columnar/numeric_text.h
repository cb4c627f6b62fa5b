#pragma once

#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/result.h"
#include "columnar/type.h"

namespace thalweg {

// Digits with a point and an exponent, as a value of a NUMERIC type: rounded half away from zero to
// its scale. Fails, with the text and the type in the message, where it does not fit.
Result<Int128> parse_numeric(std::string_view text, const Type& type);

// Every digit of the scale: -0.50.
std::string format_numeric(Int128 value, int scale);

}  // namespace thalweg
