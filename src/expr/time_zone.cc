#include "expr/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <stdexcept>

#include "columnar/calendar.h"

namespace thalweg {
namespace {

// The database knows years of 16 bits; beyond these the last rules go on.
constexpr std::int64_t kFirstMicros = -62'135'596'800 * kMicrosPerSecond;  // Year 1.
constexpr std::int64_t kLastMicros = 253'402'300'799 * kMicrosPerSecond;   // Year 9999.

std::chrono::seconds to_seconds(std::int64_t micros) {
  const std::int64_t clamped = std::clamp(micros, kFirstMicros, kLastMicros);
  const std::int64_t seconds = clamped / kMicrosPerSecond;
  return std::chrono::seconds{clamped % kMicrosPerSecond < 0 ? seconds - 1 : seconds};
}

bool same_name(std::string_view a, std::string_view b) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return fold(x) == fold(y); });
}

std::int64_t micros_of(std::chrono::seconds seconds) { return seconds.count() * kMicrosPerSecond; }

}  // namespace

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (same_name(name, "UTC") || same_name(name, "Z") || same_name(name, "GMT")) {
    return TimeZone{nullptr};
  }
  try {
    return TimeZone{date::locate_zone(name)};
  } catch (const std::runtime_error&) {
    const auto& zones = date::get_tzdb().zones;
    const auto found =
        std::find_if(zones.begin(), zones.end(),
                     [name](const date::time_zone& zone) { return same_name(zone.name(), name); });
    return found == zones.end() ? std::nullopt : std::optional(TimeZone{&*found});
  }
}

std::vector<std::string> TimeZone::names() {
  std::vector<std::string> names;
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    names.push_back(zone.name());
  }
  return names;
}

std::string TimeZone::name() const { return zone_ == nullptr ? "UTC" : zone_->name(); }

std::int64_t TimeZone::to_local(std::int64_t utc_micros) {
  if (zone_ == nullptr) {
    return utc_micros;
  }
  if (utc_micros < begin_micros_ || utc_micros >= end_micros_) {
    const date::sys_info info = zone_->get_info(date::sys_seconds{to_seconds(utc_micros)});
    const auto bounded = [](date::sys_seconds time) {
      const std::chrono::seconds seconds = time.time_since_epoch();
      return std::clamp(seconds, to_seconds(kFirstMicros), to_seconds(kLastMicros));
    };
    begin_micros_ = micros_of(bounded(info.begin));
    end_micros_ = micros_of(bounded(info.end));
    offset_micros_ = micros_of(info.offset);
  }
  return utc_micros + offset_micros_;
}

std::int64_t TimeZone::to_utc(std::int64_t local_micros) {
  if (zone_ == nullptr) {
    return local_micros;
  }
  // Well inside the last range found, no change of the clocks can matter.
  const std::int64_t guess = local_micros - offset_micros_;
  if (guess >= begin_micros_ + kMicrosPerDay && guess < end_micros_ - kMicrosPerDay) {
    return guess;
  }
  const date::local_info info = zone_->get_info(date::local_seconds{to_seconds(local_micros)});
  const bool second = info.result == date::local_info::ambiguous;
  const std::int64_t utc = local_micros - micros_of((second ? info.second : info.first).offset);
  to_local(utc);
  return utc;
}

}  // namespace thalweg
