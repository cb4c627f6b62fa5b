#include "columnar/calendar.h"
#include "expr/cast.h"
#include "expr/time_zone.h"

// Casts between dates, times of day, timestamps and intervals.
namespace thalweg {
namespace {

constexpr std::int64_t kNanosPerMicro = 1000;

std::int64_t floor_days(std::int64_t micros) {
  const std::int64_t days = micros / kMicrosPerDay;
  return micros % kMicrosPerDay < 0 ? days - 1 : days;
}

RowError date_to_timestamp(std::int32_t days, std::int64_t& out) {
  return __builtin_mul_overflow(std::int64_t{days}, kMicrosPerDay, &out) ? RowError::kOverflow
                                                                         : RowError::kNone;
}
std::int32_t timestamp_to_date(std::int64_t micros) {
  return static_cast<std::int32_t>(floor_days(micros));
}
std::int64_t timestamp_to_time(std::int64_t micros) {
  return micros - floor_days(micros) * kMicrosPerDay;
}
Interval time_to_interval(std::int64_t micros) {
  return Interval{.months = 0, .days = 0, .nanos = micros * kNanosPerMicro};
}
// The time of day alone: months and days say nothing about it.
std::int64_t interval_to_time(Interval interval) {
  return timestamp_to_time(interval.nanos / kNanosPerMicro);
}

enum class Direction : std::uint8_t { kToLocal, kToUtc };

// Converts times moved into the session's zone, or moves what was converted out of it.
template <typename From, typename To, Direction kDirection, typename Convert>
Vector through_zone(const KernelCall& call, Convert convert) {
  std::optional<TimeZone> zone = TimeZone::find(call.context.time_zone);
  const From* values = call.args[0].column.values<From>().data();
  return compute_rows<To>(call, [&](RowIndex row, To& out) {
    if (!zone) {
      return RowError::kBadArgument;
    }
    if constexpr (kDirection == Direction::kToLocal) {
      return convert(zone->to_local(values[row]), out);
    } else {
      const RowError error = convert(values[row], out);
      out = zone->to_utc(out);
      return error;
    }
  });
}

Vector timestamp_to_instant(const KernelCall& call) {
  return through_zone<std::int64_t, std::int64_t, Direction::kToUtc>(
      call, [](std::int64_t micros, std::int64_t& out) {
        out = micros;
        return RowError::kNone;
      });
}

Vector date_to_instant(const KernelCall& call) {
  return through_zone<std::int32_t, std::int64_t, Direction::kToUtc>(call, date_to_timestamp);
}

Vector instant_to_timestamp(const KernelCall& call) {
  return through_zone<std::int64_t, std::int64_t, Direction::kToLocal>(
      call, [](std::int64_t micros, std::int64_t& out) {
        out = micros;
        return RowError::kNone;
      });
}

Vector instant_to_date(const KernelCall& call) {
  return through_zone<std::int64_t, std::int32_t, Direction::kToLocal>(
      call, [](std::int64_t micros, std::int32_t& out) {
        out = timestamp_to_date(micros);
        return RowError::kNone;
      });
}

Vector instant_to_time(const KernelCall& call) {
  return through_zone<std::int64_t, std::int64_t, Direction::kToLocal>(
      call, [](std::int64_t micros, std::int64_t& out) {
        out = timestamp_to_time(micros);
        return RowError::kNone;
      });
}

Kernel from_timestamp(TypeKind to) {
  switch (to) {
    case TypeKind::kDate:
      return map_rows<timestamp_to_date>;
    case TypeKind::kTime:
      return map_rows<timestamp_to_time>;
    case TypeKind::kTimestamptz:
      return timestamp_to_instant;
    default:
      return nullptr;
  }
}

Kernel from_instant(TypeKind to) {
  switch (to) {
    case TypeKind::kDate:
      return instant_to_date;
    case TypeKind::kTime:
      return instant_to_time;
    case TypeKind::kTimestamp:
      return instant_to_timestamp;
    default:
      return nullptr;
  }
}

}  // namespace

Kernel find_time_cast(TypeKind from, TypeKind to) {
  if (from == TypeKind::kDate && to == TypeKind::kTimestamp) {
    return map_rows<date_to_timestamp>;
  }
  if (from == TypeKind::kDate && to == TypeKind::kTimestamptz) {
    return date_to_instant;
  }
  if (from == TypeKind::kTime && to == TypeKind::kInterval) {
    return map_rows<time_to_interval>;
  }
  if (from == TypeKind::kInterval && to == TypeKind::kTime) {
    return map_rows<interval_to_time>;
  }
  return from == TypeKind::kTimestamp     ? from_timestamp(to)
         : from == TypeKind::kTimestamptz ? from_instant(to)
                                          : nullptr;
}

}  // namespace thalweg
