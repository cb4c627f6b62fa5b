#include "formats/timestamp_text.h"

#include <chrono>

#include "columnar/calendar.h"
#include "formats/byte_scan.h"

namespace thalweg {
namespace {

constexpr std::uint64_t word_of(const char (&text)[9]) {
  std::uint64_t word = 0;
  for (int i = 7; i >= 0; --i) {
    word = (word << 8) | static_cast<unsigned char>(text[i]);
  }
  return word;
}

// What is left of eight characters once their form is taken off: digits 0 to 9, zero elsewhere.
// `limits` holds 0x76 where a digit belongs and 0x7f elsewhere, so that whatever is larger reaches
// its byte's high bit.
bool take_form(const char* at, std::uint64_t form, std::uint64_t limits, std::uint64_t& digits) {
  digits = load_word(at) ^ form;
  return (((digits + limits) | digits) & kHighBits) == 0;
}

unsigned two_digits(std::uint64_t digits, int at) {
  return static_cast<unsigned>(((digits >> (8 * at)) & 15) * 10 + ((digits >> (8 * at + 8)) & 15));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `.123456` or nothing, then Z or nothing.
bool read_tail(const char* at, const char* end, std::int64_t& micros) {
  if (at < end && *at == '.') {
    std::int64_t unit = kMicrosPerSecond;
    const char* const first = ++at;
    for (; at < end && is_digit(*at); ++at) {
      unit /= 10;
      micros += (*at - '0') * unit;
    }
    if (at == first || unit == 0) {
      return false;  // No digits, or more than fit: they have to be rounded.
    }
  }
  return at == end || (*at == 'Z' && at + 1 == end);
}

// False for any other form, right or wrong.
bool parse_usual_form(std::string_view text, std::int64_t& micros) {
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ')) {
    return false;
  }
  constexpr std::uint64_t kDateLimits = 0x7f76767f76767676ULL;
  constexpr std::uint64_t kTimeLimits = 0x76767f76767f7676ULL;
  std::uint64_t date = 0;
  std::uint64_t time = 0;
  if (!take_form(text.data(), word_of("0000-00-"), kDateLimits, date) ||
      !take_form(text.data() + 11, word_of("00:00:00"), kTimeLimits, time) || !is_digit(text[8]) ||
      !is_digit(text[9])) {
    return false;
  }
  const int year = static_cast<int>(two_digits(date, 0) * 100 + two_digits(date, 2));
  const auto day = static_cast<unsigned>((text[8] - '0') * 10 + (text[9] - '0'));
  const std::chrono::year_month_day day_of_year{
      std::chrono::year{year}, std::chrono::month{two_digits(date, 5)}, std::chrono::day{day}};
  const unsigned hours = two_digits(time, 0);
  const unsigned minutes = two_digits(time, 3);
  const unsigned seconds = two_digits(time, 6);
  if (year == 0 || !day_of_year.ok() || hours > 23 || minutes > 59 || seconds > 59) {
    return false;
  }
  micros = std::chrono::sys_days{day_of_year}.time_since_epoch().count() * kMicrosPerDay +
           static_cast<std::int64_t>((hours * 60 + minutes) * 60 + seconds) * kMicrosPerSecond;
  return read_tail(text.data() + 19, text.data() + text.size(), micros);
}

}  // namespace

bool parse_timestamp_text(std::string_view text, std::int64_t& micros) {
  if (parse_usual_form(text, micros)) {
    return true;
  }
  const std::optional<ParsedTime> parsed = parse_timestamp(text);
  if (!parsed) {
    return false;
  }
  micros = parsed->micros - parsed->offset_micros;
  return true;
}

}  // namespace thalweg
