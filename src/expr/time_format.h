#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Times as text in a form that the user gives. Private to this folder.
namespace thalweg {

enum class TimeField : std::uint8_t {
  kLiteral,
  kYear,
  kYearOfCentury,
  kIsoYear,
  kQuarter,
  kMonth,
  kMonthName,
  kMonthShort,
  kIsoWeek,
  kDay,
  kDayOfYear,
  kDayName,
  kDayShort,
  kDayOfWeek,     // Sunday is 1.
  kIsoDayOfWeek,  // Monday is 1.
  kSundayIsZero,
  kHour,
  kHour12,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kSecondOfDay,
  kMeridiem,
  kOffset,
};

enum class Letters : std::uint8_t { kCapitalised, kUpper, kLower };

// A run of literal text, or a field. Numbers are filled with zeros to `width`, names with spaces.
struct TimePiece {
  TimeField field = TimeField::kLiteral;
  int width = 0;
  Letters letters = Letters::kCapitalised;
  std::string literal;
};
using TimeFormat = std::vector<TimePiece>;

// PostgreSQL's to_char and to_timestamp: 'YYYY-MM-DD HH24:MI:SS.MS'. Letters that are no field
// stand for themselves.
TimeFormat read_template(std::string_view text);
// strftime: '%Y-%m-%d'. Nothing for a letter that is none of its.
std::optional<TimeFormat> read_strftime(std::string_view text);

// Flink's date_format, which is Java's: 'yyyy-MM-dd HH:mm:ss.SSS', with 'text' in single quotes; or
// strftime's where there is a %, as in MySQL. Nothing for a letter that is none of its.
std::optional<TimeFormat> read_date_format(std::string_view text);

void append_time(const TimeFormat& format, std::int64_t micros, std::string& out);

// How the literals of a format are read: as they stand, or any one separator for another.
enum class Separators : std::uint8_t { kExact, kAny };

// The time, and where it was given its offset from UTC taken off. Nothing for text of another form
// or a day that does not exist.
std::optional<std::int64_t> parse_time(const TimeFormat& format, std::string_view text,
                                       Separators separators);

}  // namespace thalweg
