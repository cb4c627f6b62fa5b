#include "expr/time_parts.h"

#include <algorithm>
#include <string>

namespace thalweg {
namespace {

struct PartName {
  std::string_view name;
  TimePart part;
};

constexpr PartName kNames[] = {
    {"microsecond", TimePart::kMicrosecond},
    {"us", TimePart::kMicrosecond},
    {"millisecond", TimePart::kMillisecond},
    {"ms", TimePart::kMillisecond},
    {"second", TimePart::kSecond},
    {"sec", TimePart::kSecond},
    {"minute", TimePart::kMinute},
    {"min", TimePart::kMinute},
    {"hour", TimePart::kHour},
    {"day", TimePart::kDay},
    {"week", TimePart::kWeek},
    {"month", TimePart::kMonth},
    {"mon", TimePart::kMonth},
    {"quarter", TimePart::kQuarter},
    {"year", TimePart::kYear},
    {"decade", TimePart::kDecade},
    {"century", TimePart::kCentury},
    {"centurie", TimePart::kCentury},  // What the plural leaves.
    {"millennium", TimePart::kMillennium},
    {"epoch", TimePart::kEpoch},
    {"dow", TimePart::kDayOfWeek},
    {"dayofweek", TimePart::kDayOfWeek},
    {"isodow", TimePart::kIsoDayOfWeek},
    {"doy", TimePart::kDayOfYear},
    {"dayofyear", TimePart::kDayOfYear},
    {"isoyear", TimePart::kIsoYear},
};

}  // namespace

std::optional<TimePart> find_time_part(std::string_view name) {
  constexpr std::size_t kLengthMax = 15;
  if (name.size() > kLengthMax) {
    return std::nullopt;
  }
  std::string folded(name);  // Short enough to need no memory of its own.
  std::transform(folded.begin(), folded.end(), folded.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (folded.size() > 2 && folded.ends_with('s')) {
    folded.pop_back();
  }
  for (const PartName& known : kNames) {
    if (known.name == folded) {
      return known.part;
    }
  }
  return std::nullopt;
}

std::vector<std::string> time_part_names() {
  std::vector<std::string> names;
  for (const PartName& known : kNames) {
    names.emplace_back(known.name);
  }
  return names;
}

IsoWeek iso_week(std::int64_t days) {
  const std::int64_t thursday = days - wrap(days + 3, 7) + 3;
  const std::int64_t year = civil_from_days(thursday).year;
  return {year, (thursday - days_from_civil({year, 1, 1})) / 7 + 1};
}

}  // namespace thalweg
