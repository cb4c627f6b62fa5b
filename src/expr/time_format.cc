#include "expr/time_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "expr/time_parts.h"

namespace thalweg {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::size_t kShort = 3;
constexpr int kNameWidth = 9;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

bool starts_with_folded(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

struct TemplateWord {
  std::string_view word;
  TimeField field;
  int width;
};

// A word that begins another stands behind it.
constexpr TemplateWord kTemplateWords[] = {
    {"HH24", TimeField::kHour, 2},
    {"HH12", TimeField::kHour12, 2},
    {"HH", TimeField::kHour12, 2},
    {"MI", TimeField::kMinute, 2},
    {"SSSSS", TimeField::kSecondOfDay, 0},
    {"SSSS", TimeField::kSecondOfDay, 0},
    {"SS", TimeField::kSecond, 2},
    {"MS", TimeField::kMillisecond, 3},
    {"US", TimeField::kMicrosecond, 6},
    {"AM", TimeField::kMeridiem, 0},
    {"PM", TimeField::kMeridiem, 0},
    {"YYYY", TimeField::kYear, 4},
    {"YY", TimeField::kYearOfCentury, 2},
    {"IYYY", TimeField::kIsoYear, 4},
    {"MONTH", TimeField::kMonthName, kNameWidth},
    {"MON", TimeField::kMonthShort, 0},
    {"MM", TimeField::kMonth, 2},
    {"DAY", TimeField::kDayName, kNameWidth},
    {"DY", TimeField::kDayShort, 0},
    {"DDD", TimeField::kDayOfYear, 3},
    {"DD", TimeField::kDay, 2},
    {"D", TimeField::kDayOfWeek, 0},
    {"ID", TimeField::kIsoDayOfWeek, 0},
    {"IW", TimeField::kIsoWeek, 2},
    {"Q", TimeField::kQuarter, 0},
};

bool is_name(TimeField field) {
  return field == TimeField::kMonthName || field == TimeField::kMonthShort ||
         field == TimeField::kDayName || field == TimeField::kDayShort ||
         field == TimeField::kMeridiem;
}

// MONTH, Month and month are written differently; numbers are not.
Letters letters_of(std::string_view word, TimeField field) {
  const bool second_is_lower = word.size() > 1 && word[1] >= 'a';
  return !is_name(field)   ? Letters::kCapitalised
         : word[0] >= 'a'  ? Letters::kLower
         : second_is_lower ? Letters::kCapitalised
                           : Letters::kUpper;
}

void append_literal(TimeFormat& format, std::string_view text) {
  if (format.empty() || format.back().field != TimeField::kLiteral) {
    format.emplace_back();
  }
  format.back().literal += text;
}

const TemplateWord* find_word(std::string_view text) {
  const auto found =
      std::find_if(std::begin(kTemplateWords), std::end(kTemplateWords),
                   [&](const TemplateWord& word) { return starts_with_folded(text, word.word); });
  return found == std::end(kTemplateWords) ? nullptr : found;
}

struct Directive {
  char letter;
  TimeField field;
  int width;
};

constexpr Directive kDirectives[] = {
    {'Y', TimeField::kYear, 4},         {'y', TimeField::kYearOfCentury, 2},
    {'G', TimeField::kIsoYear, 4},      {'m', TimeField::kMonth, 2},
    {'B', TimeField::kMonthName, 0},    {'b', TimeField::kMonthShort, 0},
    {'d', TimeField::kDay, 2},          {'j', TimeField::kDayOfYear, 3},
    {'A', TimeField::kDayName, 0},      {'a', TimeField::kDayShort, 0},
    {'w', TimeField::kSundayIsZero, 0}, {'u', TimeField::kIsoDayOfWeek, 0},
    {'V', TimeField::kIsoWeek, 2},      {'H', TimeField::kHour, 2},
    {'I', TimeField::kHour12, 2},       {'M', TimeField::kMinute, 2},
    {'S', TimeField::kSecond, 2},       {'f', TimeField::kMicrosecond, 6},
    {'g', TimeField::kMillisecond, 3},  {'p', TimeField::kMeridiem, 0},
    {'z', TimeField::kOffset, 0},
};

// The letter so many times over, as Java's DateTimeFormatter takes it.
std::optional<TimePiece> java_field(char letter, std::size_t count) {
  const auto number = [count](TimeField field, std::size_t most) {
    const int width = count == 1 ? 0 : static_cast<int>(count);
    return count <= most ? std::optional(TimePiece{field, width, Letters::kCapitalised, {}})
                         : std::nullopt;
  };
  const auto name = [count](TimeField brief, TimeField whole) {
    return count <= 4
               ? std::optional(TimePiece{count == 4 ? whole : brief, 0, Letters::kCapitalised, {}})
               : std::nullopt;
  };
  switch (letter) {
    case 'y':
    case 'u':
      return number(count == 2 ? TimeField::kYearOfCentury : TimeField::kYear, 4);
    case 'M':
      return count > 2 ? name(TimeField::kMonthShort, TimeField::kMonthName)
                       : number(TimeField::kMonth, 2);
    case 'd':
      return number(TimeField::kDay, 2);
    case 'D':
      return number(TimeField::kDayOfYear, 3);
    case 'E':
      return name(TimeField::kDayShort, TimeField::kDayName);
    case 'H':
      return number(TimeField::kHour, 2);
    case 'h':
      return number(TimeField::kHour12, 2);
    case 'm':
      return number(TimeField::kMinute, 2);
    case 's':
      return number(TimeField::kSecond, 2);
    case 'S':
      return count == 3   ? number(TimeField::kMillisecond, 3)
             : count == 6 ? number(TimeField::kMicrosecond, 6)
                          : std::nullopt;
    case 'a':
      return count == 1 ? std::optional(TimePiece{TimeField::kMeridiem, 0, Letters::kUpper, {}})
                        : std::nullopt;
    default:
      return std::nullopt;
  }
}

// A time with what its fields are made of.
struct Clock {
  std::int64_t days;
  std::int64_t of_day;
  CivilDate date;

  std::int64_t hour() const { return of_day / (3600 * kMicrosPerSecond); }
};

std::int64_t number_of(TimeField field, const Clock& clock) {
  switch (field) {
    case TimeField::kYear:
      return clock.date.year;
    case TimeField::kYearOfCentury:
      return clock.date.year % 100;
    case TimeField::kIsoYear:
      return iso_week(clock.days).year;
    case TimeField::kQuarter:
      return (clock.date.month - 1) / 3 + 1;
    case TimeField::kMonth:
      return clock.date.month;
    case TimeField::kIsoWeek:
      return iso_week(clock.days).week;
    case TimeField::kDay:
      return clock.date.day;
    case TimeField::kDayOfYear:
      return day_of_year(clock.days);
    case TimeField::kDayOfWeek:
      return day_of_week(clock.days) + 1;
    case TimeField::kIsoDayOfWeek:
      return wrap(clock.days + 3, 7) + 1;
    case TimeField::kSundayIsZero:
      return day_of_week(clock.days);
    case TimeField::kHour:
      return clock.hour();
    case TimeField::kHour12:
      return (clock.hour() + 11) % 12 + 1;
    case TimeField::kMinute:
      return clock.of_day / (60 * kMicrosPerSecond) % 60;
    case TimeField::kSecond:
      return clock.of_day / kMicrosPerSecond % 60;
    case TimeField::kMillisecond:
      return clock.of_day % kMicrosPerSecond / 1000;
    case TimeField::kMicrosecond:
      return clock.of_day % kMicrosPerSecond;
    default:
      return clock.of_day / kMicrosPerSecond;
  }
}

std::string_view name_of(TimeField field, const Clock& clock) {
  const std::string_view month = kMonths[clock.date.month - 1];
  const std::string_view day = kDays[static_cast<std::size_t>(day_of_week(clock.days))];
  switch (field) {
    case TimeField::kMonthName:
      return month;
    case TimeField::kMonthShort:
      return month.substr(0, kShort);
    case TimeField::kDayName:
      return day;
    case TimeField::kDayShort:
      return day.substr(0, kShort);
    default:
      return clock.hour() < 12 ? "AM" : "PM";
  }
}

void append_name(const TimePiece& piece, std::string_view name, std::string& out) {
  const std::size_t begin = out.size();
  out += name;
  if (piece.letters != Letters::kCapitalised) {
    std::transform(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
                   out.begin() + static_cast<std::ptrdiff_t>(begin),
                   piece.letters == Letters::kUpper ? upper : lower);
  }
  const auto width = static_cast<std::size_t>(piece.width);
  out.append(width > name.size() ? width - name.size() : 0, ' ');
}

// What has been read of a time so far.
struct Reading {
  std::string_view rest;
  CivilDate date{1970, 1, 1};
  std::optional<std::int64_t> day_of_year;
  std::int64_t hour = 0;
  std::optional<bool> afternoon;
  std::int64_t micros = 0;  // Of the day beside its hours.
  std::int64_t offset = 0;
};

std::optional<std::int64_t> take_number(std::string_view& rest, int width) {
  const std::size_t most = width == 0 ? 9 : static_cast<std::size_t>(width);
  std::int64_t number = 0;
  std::size_t size = 0;
  while (size < most && size < rest.size() && is_digit(rest[size])) {
    number = number * 10 + (rest[size] - '0');
    ++size;
  }
  rest.remove_prefix(size);
  return size == 0 ? std::nullopt : std::optional(number);
}

// The digits of a fraction of a second, of which a field may have fewer than its width.
std::optional<std::int64_t> take_fraction(std::string_view& rest, int width) {
  const std::size_t before = rest.size();
  std::optional<std::int64_t> number = take_number(rest, width);
  for (std::size_t digits = before - rest.size(); number && digits < 6; ++digits) {
    *number *= 10;
  }
  return number;
}

template <std::size_t kCount>
std::optional<std::int64_t> take_name(std::string_view& rest,
                                      const std::array<std::string_view, kCount>& names,
                                      bool shortened) {
  for (std::size_t i = 0; i < kCount; ++i) {
    const std::string_view name = shortened ? names[i].substr(0, kShort) : names[i];
    if (starts_with_folded(rest, name)) {
      rest.remove_prefix(name.size());
      return static_cast<std::int64_t>(i);
    }
  }
  return std::nullopt;
}

// +hh, +hhmm, +hh:mm or Z.
std::optional<std::int64_t> take_offset(std::string_view& rest) {
  if (starts_with_folded(rest, "z")) {
    rest.remove_prefix(1);
    return 0;
  }
  if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) {
    return std::nullopt;
  }
  const std::int64_t sign = rest[0] == '-' ? -1 : 1;
  rest.remove_prefix(1);
  const std::optional<std::int64_t> hours = take_number(rest, 2);
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
  }
  const std::int64_t minutes = take_number(rest, 2).value_or(0);
  return hours ? std::optional(sign * (*hours * 60 + minutes) * 60 * kMicrosPerSecond)
               : std::nullopt;
}

bool read_name(const TimePiece& piece, Reading& reading) {
  if (piece.field == TimeField::kMeridiem) {
    if (!starts_with_folded(reading.rest, "am") && !starts_with_folded(reading.rest, "pm")) {
      return false;
    }
    reading.afternoon = lower(reading.rest[0]) == 'p';
    reading.rest.remove_prefix(2);
    return true;
  }
  const bool shortened =
      piece.field == TimeField::kMonthShort || piece.field == TimeField::kDayShort;
  const bool is_month =
      piece.field == TimeField::kMonthName || piece.field == TimeField::kMonthShort;
  if (!is_month) {
    return take_name(reading.rest, kDays, shortened).has_value();
  }
  const std::optional<std::int64_t> month = take_name(reading.rest, kMonths, shortened);
  reading.date.month = static_cast<unsigned>(month.value_or(0)) + 1;
  return month.has_value();
}

bool read_number(const TimePiece& piece, Reading& reading) {
  const bool is_fraction =
      piece.field == TimeField::kMillisecond || piece.field == TimeField::kMicrosecond;
  const std::optional<std::int64_t> read = is_fraction ? take_fraction(reading.rest, piece.width)
                                                       : take_number(reading.rest, piece.width);
  if (!read) {
    return false;
  }
  const std::int64_t number = *read;
  switch (piece.field) {
    case TimeField::kYear:
      reading.date.year = number;
      return number >= 1;
    case TimeField::kYearOfCentury:
      reading.date.year = number + (number < 70 ? 2000 : 1900);
      return true;
    case TimeField::kMonth:
      reading.date.month = static_cast<unsigned>(number);
      return number >= 1 && number <= 12;
    case TimeField::kDay:
      reading.date.day = static_cast<unsigned>(number);
      return number >= 1;
    case TimeField::kDayOfYear:
      reading.day_of_year = number;
      return number >= 1 && number <= 366;
    case TimeField::kHour:
      reading.hour = number;
      return number <= 23;
    case TimeField::kHour12:
      reading.hour = number % 12;
      return number >= 1 && number <= 12;
    case TimeField::kMinute:
      reading.micros += number * 60 * kMicrosPerSecond;
      return number <= 59;
    case TimeField::kSecond:
      reading.micros += number * kMicrosPerSecond;
      return number <= 59;
    case TimeField::kMillisecond:
    case TimeField::kMicrosecond:
      reading.micros += number;
      return true;
    case TimeField::kSecondOfDay:
      reading.micros += number * kMicrosPerSecond;
      return number < 86'400;
    default:
      return true;  // Follows from the date.
  }
}

bool read_literal(std::string_view literal, Separators separators, std::string_view& rest) {
  for (const char c : literal) {
    if (c == ' ') {
      while (rest.starts_with(' ')) {
        rest.remove_prefix(1);
      }
      continue;
    }
    const bool any = separators == Separators::kAny && !is_letter(c) && !is_digit(c);
    const bool fits =
        !rest.empty() && (rest[0] == c || (any && !is_letter(rest[0]) && !is_digit(rest[0])));
    if (!fits) {
      return false;
    }
    rest.remove_prefix(1);
  }
  return true;
}

bool read_piece(const TimePiece& piece, Separators separators, Reading& reading) {
  if (piece.field == TimeField::kLiteral) {
    return read_literal(piece.literal, separators, reading.rest);
  }
  if (piece.field == TimeField::kOffset) {
    const std::optional<std::int64_t> offset = take_offset(reading.rest);
    reading.offset = offset.value_or(0);
    return offset.has_value();
  }
  return is_name(piece.field) ? read_name(piece, reading) : read_number(piece, reading);
}

}  // namespace

TimeFormat read_template(std::string_view text) {
  TimeFormat format;
  bool unfilled = false;  // FM stands before the field.
  while (!text.empty()) {
    if (starts_with_folded(text, "FM")) {
      unfilled = true;
      text.remove_prefix(2);
      continue;
    }
    if (text[0] == '"') {
      const std::size_t end = std::min(text.find('"', 1), text.size());
      append_literal(format, text.substr(1, end - 1));
      text.remove_prefix(std::min(end + 1, text.size()));
      continue;
    }
    if (const TemplateWord* word = find_word(text)) {
      const std::string_view written = text.substr(0, word->word.size());
      format.push_back({.field = word->field,
                        .width = unfilled ? 0 : word->width,
                        .letters = letters_of(written, word->field),
                        .literal = {}});
      text.remove_prefix(written.size());
      unfilled = false;
      continue;
    }
    append_literal(format, text.substr(0, 1));
    text.remove_prefix(1);
  }
  return format;
}

std::optional<TimeFormat> read_strftime(std::string_view text) {
  TimeFormat format;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i] == '%' && i + 1 < text.size() ? text[++i] : '\0';
    const auto found =
        std::find_if(std::begin(kDirectives), std::end(kDirectives),
                     [letter](const Directive& one) { return one.letter == letter; });
    if (letter == '\0' || letter == '%') {
      append_literal(format, text.substr(i, 1));
    } else if (letter == 'F' || letter == 'T') {
      const TimeFormat parts = *read_strftime(letter == 'F' ? "%Y-%m-%d" : "%H:%M:%S");
      format.insert(format.end(), parts.begin(), parts.end());
    } else if (found == std::end(kDirectives)) {
      return std::nullopt;
    } else {
      const bool is_meridiem = found->field == TimeField::kMeridiem;
      format.push_back({.field = found->field,
                        .width = found->width,
                        .letters = is_meridiem ? Letters::kUpper : Letters::kCapitalised,
                        .literal = {}});
    }
  }
  return format;
}

std::optional<TimeFormat> read_date_format(std::string_view text) {
  if (text.find('%') != std::string_view::npos) {
    return read_strftime(text);
  }
  TimeFormat format;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(text[i], i), text.size());
    if (text[i] == '\'') {
      const std::size_t close = text.find('\'', i + 1);
      if (close == std::string_view::npos) {
        return std::nullopt;
      }
      // Two quotes are one.
      append_literal(format, close == i + 1 ? "'" : text.substr(i + 1, close - i - 1));
      i = close + 1;
    } else if (!is_letter(text[i])) {
      append_literal(format, text.substr(i, end - i));
      i = end;
    } else if (const std::optional<TimePiece> piece = java_field(text[i], end - i)) {
      format.push_back(*piece);
      i = end;
    } else {
      return std::nullopt;
    }
  }
  return format;
}

void append_time(const TimeFormat& format, std::int64_t micros, std::string& out) {
  const std::int64_t days = floor_days(micros);
  const Clock clock{days, micros - days * kMicrosPerDay, civil_from_days(days)};
  for (const TimePiece& piece : format) {
    if (piece.field == TimeField::kLiteral) {
      out += piece.literal;
    } else if (piece.field == TimeField::kOffset) {
      out += "+00";
    } else if (is_name(piece.field)) {
      append_name(piece, name_of(piece.field, clock), out);
    } else {
      fmt::format_to(std::back_inserter(out), "{:0{}}", number_of(piece.field, clock), piece.width);
    }
  }
}

std::optional<std::int64_t> parse_time(const TimeFormat& format, std::string_view text,
                                       Separators separators) {
  Reading reading;
  reading.rest = text;
  for (const TimePiece& piece : format) {
    if (!read_piece(piece, separators, reading)) {
      return std::nullopt;
    }
  }
  const CivilDate& date = reading.date;
  if (!reading.rest.empty() || date.day > days_in_month(date.year, date.month)) {
    return std::nullopt;
  }
  const std::int64_t days = reading.day_of_year
                                ? days_from_civil({date.year, 1, 1}) + *reading.day_of_year - 1
                                : days_from_civil(date);
  const std::int64_t hours = reading.hour + (reading.afternoon.value_or(false) ? 12 : 0);
  return days * kMicrosPerDay + hours * 3600 * kMicrosPerSecond + reading.micros - reading.offset;
}

}  // namespace thalweg
