#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "columnar/column.h"

namespace thalweg {

// "1 day 02:03:04", "5 minutes", "1 mon -2 days", "P1DT2H", "02:03:04". A bare number counts
// `default_unit` ("second" unless said).
std::optional<Interval> parse_interval(std::string_view text,
                                       std::string_view default_unit = "second");

// As PostgreSQL: "1 year 2 mons 3 days 04:05:06.5"; "00:00:00" when it is nothing.
std::string format_interval(const Interval& interval);

// Adds `count` of a unit ("minutes", "mon", "week", "ms", ...) to the interval; false when there is
// no such unit or it overflows.
bool add_unit(Interval& interval, double count, std::string_view unit);

}  // namespace thalweg
