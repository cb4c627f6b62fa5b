#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/calendar.h"

// Units and parts of times. Private to this folder.
namespace thalweg {

inline constexpr std::int64_t kNanosPerMicro = 1'000;

// The value moved by whole periods into [0, period).
inline std::int64_t wrap(std::int64_t value, std::int64_t period) {
  const std::int64_t rest = value % period;
  return rest < 0 ? rest + period : rest;
}

// The day that a time is on, counted from 1970.
inline std::int64_t floor_days(std::int64_t micros) {
  return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
}

inline std::int64_t floor_divide(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

// What extract, date_trunc and date_diff count in.
enum class TimePart : std::uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kEpoch,
  kDayOfWeek,     // Sunday is 0.
  kIsoDayOfWeek,  // Monday is 1, Sunday 7.
  kDayOfYear,
  kIsoYear,
};

// "hour", "hours", "HOUR", "dow". Nothing when there is no such part.
std::optional<TimePart> find_time_part(std::string_view name);
// In the singular, abbreviations among them.
std::vector<std::string> time_part_names();

// A week that begins on Monday, the first of its year having the year's first Thursday.
struct IsoWeek {
  std::int64_t year = 0;
  std::int64_t week = 1;
};
IsoWeek iso_week(std::int64_t days);

// 0 for Sunday.
inline std::int64_t day_of_week(std::int64_t days) { return wrap(days + 4, 7); }
inline std::int64_t day_of_year(std::int64_t days) {
  return days - days_from_civil({civil_from_days(days).year, 1, 1}) + 1;
}

}  // namespace thalweg
