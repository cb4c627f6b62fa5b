#include "columnar/interval_text.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "columnar/calendar.h"

namespace thalweg {
namespace {

constexpr std::int64_t kNanosPerMicro = 1'000;

enum class Part { kMonths, kDays, kMicros };

struct Unit {
  std::string_view name;  // Without a plural s.
  Part part;
  double size;
};

constexpr std::array kUnits{
    Unit{"microsecond", Part::kMicros, 1},
    Unit{"us", Part::kMicros, 1},
    Unit{"usec", Part::kMicros, 1},
    Unit{"millisecond", Part::kMicros, 1e3},
    Unit{"ms", Part::kMicros, 1e3},
    Unit{"msec", Part::kMicros, 1e3},
    Unit{"second", Part::kMicros, 1e6},
    Unit{"sec", Part::kMicros, 1e6},
    Unit{"s", Part::kMicros, 1e6},
    Unit{"minute", Part::kMicros, 60e6},
    Unit{"min", Part::kMicros, 60e6},
    Unit{"m", Part::kMicros, 60e6},
    Unit{"hour", Part::kMicros, 3600e6},
    Unit{"hr", Part::kMicros, 3600e6},
    Unit{"h", Part::kMicros, 3600e6},
    Unit{"day", Part::kDays, 1},
    Unit{"d", Part::kDays, 1},
    Unit{"week", Part::kDays, 7},
    Unit{"w", Part::kDays, 7},
    Unit{"month", Part::kMonths, 1},
    Unit{"mon", Part::kMonths, 1},
    Unit{"year", Part::kMonths, 12},
    Unit{"yr", Part::kMonths, 12},
    Unit{"y", Part::kMonths, 12},
    Unit{"decade", Part::kMonths, 120},
    Unit{"century", Part::kMonths, 1200},
    Unit{"centurie", Part::kMonths, 1200},
};

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

const Unit* find_unit(std::string_view name) {
  const std::string lower = folded(name);
  for (const Unit& unit : kUnits) {
    if (lower == unit.name || lower == std::string(unit.name) + "s") {
      return &unit;
    }
  }
  return nullptr;
}

bool add_checked(std::int32_t& to, double count) {
  const double sum = static_cast<double>(to) + count;
  if (!(std::abs(sum) <= std::numeric_limits<std::int32_t>::max())) {
    return false;
  }
  to = static_cast<std::int32_t>(sum);
  return true;
}

bool add_micros(Interval& interval, std::int64_t micros) {
  std::int64_t added = 0;
  return !__builtin_mul_overflow(micros, kNanosPerMicro, &added) &&
         !__builtin_add_overflow(interval.nanos, added, &interval.nanos);
}

// Rounded to the microsecond, which is what SQL intervals resolve; below 2^53 whole ones are exact.
bool add_rounded(Interval& interval, double micros) {
  return std::abs(micros) < 9e15 &&
         add_micros(interval, static_cast<std::int64_t>(std::round(micros)));
}

std::string_view take_word(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  std::size_t end = 0;
  const auto is_number = [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '+' ||
           c == ':';
  };
  if (!text.empty() && is_number(text.front())) {
    while (end < text.size() && is_number(text[end])) {
      ++end;
    }
  } else {
    while (end < text.size() && text[end] != ' ' && !is_number(text[end])) {
      ++end;
    }
  }
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<double> to_number(std::string_view word) {
  if (word.starts_with('+') && !word.starts_with("+-")) {
    word.remove_prefix(1);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() && !word.empty()
             ? std::optional(number)
             : std::nullopt;
}

bool add_clock(Interval& interval, std::string_view word) {
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) {
    word.remove_prefix(1);
  }
  // Hours of an interval may pass 24, so the hour is read apart.
  const std::size_t colon = word.find(':');
  const std::string_view hours_text = word.substr(0, colon);
  std::int32_t hours = 0;
  const auto [end, error] =
      std::from_chars(hours_text.data(), hours_text.data() + hours_text.size(), hours);
  const std::optional<std::int64_t> rest =
      parse_time_of_day("00:" + std::string(word.substr(colon + 1)));
  if (error != std::errc() || end != hours_text.data() + hours_text.size() || hours < 0 || !rest) {
    return false;
  }
  constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
  const std::int64_t micros = hours * kMicrosPerHour + *rest;
  return add_micros(interval, negative ? -micros : micros);
}

// The standard's years and months: 1-2, -1-2.
std::optional<std::int32_t> read_years_months(std::string_view word) {
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) {
    word.remove_prefix(1);
  }
  const std::size_t dash = word.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = [](std::string_view text, std::int32_t max) -> std::optional<std::int32_t> {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && value >= 0 && value <= max ? std::optional(value) : std::nullopt;
  };
  const std::optional<std::int32_t> years = number(word.substr(0, dash), 100'000'000);
  const std::optional<std::int32_t> months = number(word.substr(dash + 1), 11);
  if (!years || !months) {
    return std::nullopt;
  }
  return (*years * 12 + *months) * (negative ? -1 : 1);
}

// ISO 8601: P1Y2M3DT4H5M6S.
std::optional<Interval> parse_iso(std::string_view text) {
  Interval interval;
  bool time = false;
  text.remove_prefix(1);
  if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    if (text.front() == 'T') {
      time = true;
      text.remove_prefix(1);
      continue;
    }
    std::size_t end = text.find_first_not_of("0123456789.-+");
    if (end == std::string_view::npos || end == 0) {
      return std::nullopt;
    }
    const std::optional<double> count = to_number(text.substr(0, end));
    const char letter = text[end];
    text.remove_prefix(end + 1);
    std::string_view unit;
    switch (letter) {
      case 'Y':
        unit = "year";
        break;
      case 'M':
        unit = time ? "minute" : "month";
        break;
      case 'W':
        unit = "week";
        break;
      case 'D':
        unit = "day";
        break;
      case 'H':
        unit = "hour";
        break;
      case 'S':
        unit = "second";
        break;
      default:
        return std::nullopt;
    }
    if (!count || !add_unit(interval, *count, unit)) {
      return std::nullopt;
    }
  }
  return interval;
}

}  // namespace

bool add_unit(Interval& interval, double count, std::string_view name) {
  const Unit* const unit = find_unit(name);
  if (unit == nullptr) {
    return false;
  }
  const double amount = count * unit->size;
  switch (unit->part) {
    case Part::kMonths: {
      // A fraction of a month is 30 days of it; what is left of a day is time.
      const double whole = std::trunc(amount);
      const double days = (amount - whole) * 30;
      return add_checked(interval.months, whole) && add_checked(interval.days, std::trunc(days)) &&
             add_rounded(interval, (days - std::trunc(days)) * 86400e6);
    }
    case Part::kDays: {
      const double whole = std::trunc(amount);
      return add_checked(interval.days, whole) && add_rounded(interval, (amount - whole) * 86400e6);
    }
    case Part::kMicros:
      return add_rounded(interval, amount);
  }
  return false;
}

std::optional<Interval> parse_interval(std::string_view text, std::string_view default_unit) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  text = text.substr(begin, text.find_last_not_of(' ') - begin + 1);
  if (text.front() == 'P') {
    return parse_iso(text);
  }
  Interval interval;
  while (!text.empty()) {
    const std::string_view word = take_word(text);
    if (word.find(':') != std::string_view::npos) {
      if (!add_clock(interval, word)) {
        return std::nullopt;
      }
      continue;
    }
    if (const std::optional<std::int32_t> months = read_years_months(word)) {
      if (!add_checked(interval.months, *months)) {
        return std::nullopt;
      }
      continue;
    }
    const std::optional<double> count = to_number(word);
    if (!count) {
      if (folded(word) == "ago" && text.empty()) {
        return Interval{-interval.months, -interval.days, -interval.nanos};
      }
      return std::nullopt;
    }
    std::string_view rest = text;
    const std::string_view unit = take_word(rest);
    // The standard's days before hours: 1 2:03:04.
    const bool before_clock = unit.find(':') != std::string_view::npos;
    if (!before_clock) {
      text = rest;
    }
    if (!add_unit(interval, *count, before_clock ? "day" : unit.empty() ? default_unit : unit)) {
      return std::nullopt;
    }
  }
  return interval;
}

std::string format_interval(const Interval& interval) {
  std::string out;
  bool after_negative = false;
  const auto add = [&](std::int64_t count, std::string_view unit) {
    if (count != 0) {
      out +=
          fmt::format("{}{}{} {}{}", out.empty() ? "" : " ", after_negative && count > 0 ? "+" : "",
                      count, unit, count == 1 ? "" : "s");
      after_negative = count < 0;
    }
  };
  add(interval.months / 12, "year");
  add(interval.months % 12, "mon");
  add(interval.days, "day");
  const std::int64_t micros = interval.nanos / kNanosPerMicro;
  if (micros != 0 || out.empty()) {
    const std::string_view sign = micros < 0 ? "-" : after_negative ? "+" : "";
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", sign,
                       format_time_of_day(micros < 0 ? -micros : micros));
  }
  return out;
}

}  // namespace thalweg
