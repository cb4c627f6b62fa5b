#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The proleptic Gregorian calendar, and times as text. Days count from 1970-01-01, times are
// microseconds. Source of the day arithmetic: H. Hinnant, "chrono-Compatible Low-Level Date
// Algorithms".
namespace thalweg {

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

struct CivilDate {
  std::int64_t year = 1970;
  unsigned month = 1;  // From 1.
  unsigned day = 1;    // From 1.
};

std::int64_t days_from_civil(const CivilDate& date);
CivilDate civil_from_days(std::int64_t days);
unsigned days_in_month(std::int64_t year, unsigned month);

// Adds months; the day of the month is cut to what the month has.
CivilDate add_months(CivilDate date, std::int64_t months);

// Microseconds of a timestamp written `YYYY-MM-DD[ T]HH:MM[:SS[.fraction]][Z|UTC|+hh[:mm]]`, or
// the date alone; also with / between year, month and day. The fraction is rounded to microseconds.
// Nothing for years before 1 or whose microseconds leave 64 bits.
struct ParsedTime {
  std::int64_t micros = 0;         // As written, offset not applied.
  std::int64_t offset_micros = 0;  // East of UTC.
};
std::optional<ParsedTime> parse_timestamp(std::string_view text);

// HH:MM[:SS[.fraction]], microseconds of the day.
std::optional<std::int64_t> parse_time_of_day(std::string_view text);

// YYYY-MM-DD or YYYY/MM/DD.
std::optional<std::int64_t> parse_date(std::string_view text);

std::string format_date(std::int64_t days);
std::string format_time_of_day(std::int64_t micros);
std::string format_timestamp(std::int64_t micros);

}  // namespace thalweg
