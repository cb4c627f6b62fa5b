#include <cmath>
#include <limits>

#include "columnar/calendar.h"
#include "expr/kernel.h"
#include "expr/simple_function.h"
#include "expr/time_parts.h"

// + - * / over dates, times and intervals. Their entries stand with the numbers.
namespace thalweg {
namespace {

using enum TypeKind;

RowError shift(std::int64_t time, const Interval& interval, int sign, std::int64_t& out) {
  std::int64_t days = floor_days(time);
  const std::int64_t of_day = time - days * kMicrosPerDay;
  if (interval.months != 0) {
    days = days_from_civil(add_months(civil_from_days(days), std::int64_t{interval.months} * sign));
  }
  days += std::int64_t{interval.days} * sign;
  return __builtin_mul_overflow(days, kMicrosPerDay, &out) ||
                 __builtin_add_overflow(out, of_day, &out) ||
                 __builtin_add_overflow(out, interval.nanos / kNanosPerMicro * sign, &out)
             ? RowError::kOverflow
             : RowError::kNone;
}

RowError time_plus(std::int64_t time, Interval interval, std::int64_t& out) {
  return shift(time, interval, 1, out);
}
RowError time_minus(std::int64_t time, Interval interval, std::int64_t& out) {
  return shift(time, interval, -1, out);
}
RowError plus_time(Interval interval, std::int64_t time, std::int64_t& out) {
  return shift(time, interval, 1, out);
}

// Round the clock; months and days are whole turns.
std::int64_t clock_plus(std::int64_t time, Interval interval) {
  return wrap(time + interval.nanos / kNanosPerMicro % kMicrosPerDay, kMicrosPerDay);
}
std::int64_t clock_minus(std::int64_t time, Interval interval) {
  return wrap(time - interval.nanos / kNanosPerMicro % kMicrosPerDay, kMicrosPerDay);
}
std::int64_t plus_clock(Interval interval, std::int64_t time) { return clock_plus(time, interval); }
Interval between_clocks(std::int64_t a, std::int64_t b) { return {0, 0, (a - b) * kNanosPerMicro}; }

RowError between_times(std::int64_t a, std::int64_t b, Interval& out) {
  std::int64_t micros = 0;
  if (__builtin_sub_overflow(a, b, &micros)) {
    return RowError::kOverflow;
  }
  out = {0, static_cast<std::int32_t>(micros / kMicrosPerDay),
         micros % kMicrosPerDay * kNanosPerMicro};
  return RowError::kNone;
}

RowError date_plus(std::int32_t date, std::int32_t days, std::int32_t& out) {
  return __builtin_add_overflow(date, days, &out) ? RowError::kOverflow : RowError::kNone;
}
RowError plus_date(std::int32_t days, std::int32_t date, std::int32_t& out) {
  return date_plus(date, days, out);
}
RowError date_minus(std::int32_t date, std::int32_t days, std::int32_t& out) {
  return __builtin_sub_overflow(date, days, &out) ? RowError::kOverflow : RowError::kNone;
}
RowError between_dates(std::int32_t a, std::int32_t b, std::int32_t& out) {
  return __builtin_sub_overflow(a, b, &out) ? RowError::kOverflow : RowError::kNone;
}
RowError date_at_clock(std::int32_t date, std::int64_t time, std::int64_t& out) {
  return __builtin_mul_overflow(std::int64_t{date}, kMicrosPerDay, &out) ||
                 __builtin_add_overflow(out, time, &out)
             ? RowError::kOverflow
             : RowError::kNone;
}

RowError interval_plus(Interval a, Interval b, Interval& out) {
  return __builtin_add_overflow(a.months, b.months, &out.months) ||
                 __builtin_add_overflow(a.days, b.days, &out.days) ||
                 __builtin_add_overflow(a.nanos, b.nanos, &out.nanos)
             ? RowError::kOverflow
             : RowError::kNone;
}
RowError interval_minus(Interval a, Interval b, Interval& out) {
  return __builtin_sub_overflow(a.months, b.months, &out.months) ||
                 __builtin_sub_overflow(a.days, b.days, &out.days) ||
                 __builtin_sub_overflow(a.nanos, b.nanos, &out.nanos)
             ? RowError::kOverflow
             : RowError::kNone;
}
RowError negate_interval(Interval value, Interval& out) {
  return interval_minus(Interval{}, value, out);
}

// Cuts to a whole number; false when that does not fit.
bool whole_part(double value, std::int32_t& out) {
  if (!(std::abs(value) <= std::numeric_limits<std::int32_t>::max())) {
    return false;
  }
  out = static_cast<std::int32_t>(value);
  return true;
}

double to_micros_precision(double seconds) { return std::rint(seconds * 1e6) / 1e6; }

// As PostgreSQL: a part of a month is counted in days of a month of 30, a part of a day in time.
RowError interval_times(Interval value, double factor, Interval& out) {
  constexpr double kSecondsPerDay = 86'400;
  constexpr double kDaysPerMonth = 30;
  const double months = value.months * factor;
  const double days = value.days * factor;
  if (!whole_part(months, out.months) || !whole_part(days, out.days)) {
    return RowError::kOverflow;
  }
  const double month_days = to_micros_precision((months - out.months) * kDaysPerMonth);
  const double day_part = days - out.days + month_days - std::trunc(month_days);
  double seconds = to_micros_precision(day_part * kSecondsPerDay);
  std::int32_t more_days = static_cast<std::int32_t>(month_days);
  if (std::abs(seconds) >= kSecondsPerDay) {
    more_days += static_cast<std::int32_t>(seconds / kSecondsPerDay);
    seconds = std::fmod(seconds, kSecondsPerDay);
  }
  const double micros = std::rint(static_cast<double>(value.nanos / kNanosPerMicro) * factor +
                                  seconds * static_cast<double>(kMicrosPerSecond));
  if (__builtin_add_overflow(out.days, more_days, &out.days) || !(std::abs(micros) < 9e15)) {
    return RowError::kOverflow;
  }
  out.nanos = static_cast<std::int64_t>(micros) * kNanosPerMicro;
  return RowError::kNone;
}
RowError times_interval(double factor, Interval value, Interval& out) {
  return interval_times(value, factor, out);
}
RowError interval_over(Interval value, double divisor, Interval& out) {
  return divisor == 0 ? RowError::kDivisionByZero : interval_times(value, 1 / divisor, out);
}

Function operators(std::vector<FunctionOverload> overloads) {
  return make_function({overloads.front().function, {}, "", "", "", "", "", std::move(overloads)});
}

}  // namespace

std::vector<Function> time_arithmetic_functions() {
  const auto instant = always<kTimestamp>;
  const auto interval = always<kInterval>;
  return {
      operators({overload("+", {kTimestamp, kInterval}, same_as_first, map_rows<time_plus>),
                 overload("+", {kTimestamptz, kInterval}, same_as_first, map_rows<time_plus>),
                 overload("+", {kInterval, kTimestamp}, same_as_last, map_rows<plus_time>),
                 overload("+", {kInterval, kTimestamptz}, same_as_last, map_rows<plus_time>),
                 overload("+", {kTime, kInterval}, same_as_first, map_rows<clock_plus>),
                 overload("+", {kInterval, kTime}, same_as_last, map_rows<plus_clock>),
                 overload("+", {kDate, kTime}, instant, map_rows<date_at_clock>),
                 overload("+", {kDate, kInt}, same_as_first, map_rows<date_plus>),
                 overload("+", {kInt, kDate}, same_as_last, map_rows<plus_date>),
                 overload("+", {kInterval, kInterval}, interval, map_rows<interval_plus>)}),
      operators({overload("-", {kTimestamp, kInterval}, same_as_first, map_rows<time_minus>),
                 overload("-", {kTimestamptz, kInterval}, same_as_first, map_rows<time_minus>),
                 overload("-", {kTimestamp, kTimestamp}, interval, map_rows<between_times>),
                 overload("-", {kTimestamptz, kTimestamptz}, interval, map_rows<between_times>),
                 overload("-", {kTime, kInterval}, same_as_first, map_rows<clock_minus>),
                 overload("-", {kTime, kTime}, interval, map_rows<between_clocks>),
                 overload("-", {kDate, kDate}, always<kInt>, map_rows<between_dates>),
                 overload("-", {kDate, kInt}, same_as_first, map_rows<date_minus>),
                 overload("-", {kInterval, kInterval}, interval, map_rows<interval_minus>),
                 overload("-", {kInterval}, interval, map_rows<negate_interval>)}),
      operators({overload("*", {kInterval, kDouble}, interval, map_rows<interval_times>),
                 overload("*", {kDouble, kInterval}, interval, map_rows<times_interval>)}),
      operators({overload("/", {kInterval, kDouble}, interval, map_rows<interval_over>)}),
  };
}

}  // namespace thalweg
