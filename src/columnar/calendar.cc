#include "columnar/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace thalweg {
namespace {

// The last day whose microseconds fit 64 bits, with a day to spare for offsets.
constexpr std::int64_t kDaysMax = std::numeric_limits<std::int64_t>::max() / kMicrosPerDay - 1;

// Reads digits and signs from the front of a text.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char wanted) {
    if (peek() != wanted) {
      return false;
    }
    ++at_;
    return true;
  }

  bool take_word(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) {
      return false;
    }
    at_ += wanted.size();
    return true;
  }

  // Between `min` and `max` digits.
  bool digits(std::size_t min, std::size_t max, std::int64_t& value) {
    const std::size_t begin = at_;
    value = 0;
    while (at_ - begin < max && peek() >= '0' && peek() <= '9') {
      value = value * 10 + (text_[at_++] - '0');
    }
    return at_ - begin >= min;
  }

  // Digits after a point, as microseconds, rounded.
  bool fraction(std::int64_t& micros) {
    const std::size_t begin = at_;
    micros = 0;
    bool round_up = false;
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
      const std::size_t place = at_ - begin;
      if (place < 6) {
        micros = micros * 10 + (text_[at_] - '0');
      } else if (place == 6) {
        round_up = text_[at_] >= '5';
      }
    }
    for (std::size_t place = at_ - begin; place < 6; ++place) {
      micros *= 10;
    }
    micros += round_up ? 1 : 0;
    return at_ > begin;
  }

  void skip_spaces() {
    while (peek() == ' ') {
      ++at_;
    }
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool read_date(TimeReader& reader, std::int64_t& days) {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (!reader.digits(4, 6, year)) {
    return false;
  }
  const char separator = reader.peek();
  if ((separator != '-' && separator != '/') || !reader.take(separator) ||
      !reader.digits(1, 2, month) || !reader.take(separator) || !reader.digits(1, 2, day)) {
    return false;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1 ||
      day > static_cast<std::int64_t>(days_in_month(year, static_cast<unsigned>(month)))) {
    return false;
  }
  days = days_from_civil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)});
  return days <= kDaysMax;
}

bool read_time(TimeReader& reader, std::int64_t& micros) {
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t fraction = 0;
  if (!reader.digits(1, 2, hour) || !reader.take(':') || !reader.digits(2, 2, minute)) {
    return false;
  }
  if (reader.take(':')) {
    if (!reader.digits(2, 2, second)) {
      return false;
    }
    if (reader.take('.') && !reader.fraction(fraction)) {
      return false;
    }
  }
  if (hour > 24 || minute > 59 || second > 60 ||
      (hour == 24 && (minute > 0 || second > 0 || fraction > 0))) {
    return false;
  }
  micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

bool read_offset(TimeReader& reader, std::int64_t& offset) {
  offset = 0;
  reader.skip_spaces();
  if (reader.take('Z') || reader.take('z')) {
    return true;
  }
  if (reader.take_word("UTC") || reader.take_word("utc")) {
    return true;
  }
  const char sign = reader.peek();
  if (sign != '+' && sign != '-') {
    return true;
  }
  reader.take(sign);
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  if (!reader.digits(1, 2, hour)) {
    return false;
  }
  if (reader.take(':') || !reader.at_end()) {
    if (!reader.digits(2, 2, minute)) {
      return false;
    }
  }
  offset = (hour * 60 + minute) * 60 * kMicrosPerSecond * (sign == '-' ? -1 : 1);
  return hour <= 15 && minute <= 59;
}

}  // namespace

std::int64_t days_from_civil(const CivilDate& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = date.month;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const auto month =
      static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

unsigned days_in_month(std::int64_t year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

CivilDate add_months(CivilDate date, std::int64_t months) {
  const std::int64_t total = date.year * 12 + (date.month - 1) + months;
  const std::int64_t year = total >= 0 ? total / 12 : (total - 11) / 12;
  const auto month = static_cast<unsigned>(total - year * 12 + 1);
  return {year, month, std::min(date.day, days_in_month(year, month))};
}

std::optional<ParsedTime> parse_timestamp(std::string_view text) {
  TimeReader reader(text);
  reader.skip_spaces();
  std::int64_t days = 0;
  if (!read_date(reader, days)) {
    return std::nullopt;
  }
  ParsedTime parsed;
  parsed.micros = days * kMicrosPerDay;
  if (reader.take('T') || reader.take('t') || reader.peek() == ' ') {
    reader.skip_spaces();
    std::int64_t time = 0;
    if (!reader.at_end()) {
      if (!read_time(reader, time) || !read_offset(reader, parsed.offset_micros)) {
        return std::nullopt;
      }
      parsed.micros += time;
    }
  }
  reader.skip_spaces();
  return reader.at_end() ? std::optional(parsed) : std::nullopt;
}

std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
  TimeReader reader(text);
  std::int64_t micros = 0;
  reader.skip_spaces();
  if (!read_time(reader, micros)) {
    return std::nullopt;
  }
  reader.skip_spaces();
  return reader.at_end() ? std::optional(micros) : std::nullopt;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  if (const std::optional<ParsedTime> parsed = parse_timestamp(text)) {
    const std::int64_t micros = parsed->micros;
    return micros >= 0 ? micros / kMicrosPerDay : -((-micros + kMicrosPerDay - 1) / kMicrosPerDay);
  }
  return std::nullopt;
}

std::string format_date(std::int64_t days) {
  const CivilDate date = civil_from_days(days);
  if (date.year <= 0) {
    return fmt::format("{:04}-{:02}-{:02} BC", 1 - date.year, date.month, date.day);
  }
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string format_time_of_day(std::int64_t micros) {
  const std::int64_t seconds = micros / kMicrosPerSecond;
  std::string text =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const std::int64_t fraction = micros % kMicrosPerSecond; fraction != 0) {
    std::string digits = fmt::format("{:06}", fraction);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

std::string format_timestamp(std::int64_t micros) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t time = micros % kMicrosPerDay;
  if (time < 0) {
    time += kMicrosPerDay;
    --days;
  }
  std::string date = format_date(days);
  std::string suffix;
  if (date.ends_with(" BC")) {
    suffix = " BC";
    date.resize(date.size() - 3);
  }
  return date + " " + format_time_of_day(time) + suffix;
}

}  // namespace thalweg
