#include <algorithm>
#include <string>
#include <string_view>

#include "columnar/calendar.h"
#include "expr/kernel.h"
#include "expr/simple_function.h"

namespace thalweg {
namespace {

using enum TypeKind;

constexpr std::int64_t kNanosPerMicro = 1'000;

std::int64_t floor_days(std::int64_t micros) {
  return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
}

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
RowError date_minus(std::int32_t date, std::int32_t days, std::int32_t& out) {
  return __builtin_sub_overflow(date, days, &out) ? RowError::kOverflow : RowError::kNone;
}
std::int32_t between_dates(std::int32_t a, std::int32_t b) { return a - b; }

Interval interval_plus(Interval a, Interval b) {
  return {a.months + b.months, a.days + b.days, a.nanos + b.nanos};
}
Interval interval_minus(Interval a, Interval b) {
  return {a.months - b.months, a.days - b.days, a.nanos - b.nanos};
}

std::string folded_unit(std::string_view unit) {
  std::string out(unit);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (out.size() > 3 && out.ends_with('s')) {
    out.pop_back();
  }
  return out;
}

// Microseconds of a unit with a fixed size up to a day; 0 for others.
std::int64_t unit_micros(std::string_view unit) {
  if (unit == "microsecond") return 1;
  if (unit == "millisecond") return 1'000;
  if (unit == "second") return kMicrosPerSecond;
  if (unit == "minute") return 60 * kMicrosPerSecond;
  if (unit == "hour") return 3600 * kMicrosPerSecond;
  if (unit == "day") return kMicrosPerDay;
  return 0;
}

RowError truncate_time(std::string_view unit_text, std::int64_t time, std::int64_t& out) {
  const std::string unit = folded_unit(unit_text);
  if (const std::int64_t size = unit_micros(unit); size > 0) {
    const std::int64_t into = time % size;
    out = time - (into < 0 ? into + size : into);
    return RowError::kNone;
  }
  const std::int64_t days = floor_days(time);
  CivilDate date = civil_from_days(days);
  if (unit == "week") {
    const std::int64_t weekday = ((days + 3) % 7 + 7) % 7;  // Monday is 0.
    out = (days - weekday) * kMicrosPerDay;
    return RowError::kNone;
  }
  if (unit == "month") {
    date.day = 1;
  } else if (unit == "quarter") {
    date.month = (date.month - 1) / 3 * 3 + 1;
    date.day = 1;
  } else if (unit == "year") {
    date.month = 1;
    date.day = 1;
  } else {
    return RowError::kBadArgument;
  }
  out = days_from_civil(date) * kMicrosPerDay;
  return RowError::kNone;
}

RowError extract_part(std::string_view part_text, std::int64_t time, double& out) {
  const std::string part = folded_unit(part_text);
  const std::int64_t days = floor_days(time);
  const std::int64_t of_day = time - days * kMicrosPerDay;
  const CivilDate date = civil_from_days(days);
  if (part == "year") {
    out = static_cast<double>(date.year);
  } else if (part == "quarter") {
    out = (date.month - 1) / 3 + 1;
  } else if (part == "month") {
    out = date.month;
  } else if (part == "day") {
    out = date.day;
  } else if (part == "hour") {
    out = static_cast<double>(of_day / (3600 * kMicrosPerSecond));
  } else if (part == "minute") {
    out = static_cast<double>(of_day / (60 * kMicrosPerSecond) % 60);
  } else if (part == "second") {
    out = static_cast<double>(of_day % (60 * kMicrosPerSecond)) / 1e6;
  } else if (part == "epoch") {
    out = static_cast<double>(time) / 1e6;
  } else if (part == "dow") {
    out = static_cast<double>(((days + 4) % 7 + 7) % 7);  // Sunday is 0.
  } else if (part == "isodow") {
    out = static_cast<double>(((days + 3) % 7 + 7) % 7 + 1);
  } else if (part == "doy") {
    out = static_cast<double>(days - days_from_civil({date.year, 1, 1}) + 1);
  } else {
    return RowError::kBadArgument;
  }
  return RowError::kNone;
}

template <const char* kPart>
std::int32_t part_of(std::int64_t time) {
  double out = 0;
  (void)extract_part(kPart, time, out);
  return static_cast<std::int32_t>(out);
}

constexpr char kYear[] = "year";
constexpr char kMonth[] = "month";
constexpr char kDay[] = "day";
constexpr char kHour[] = "hour";
constexpr char kMinute[] = "minute";

RowError bin_time(Interval size, std::int64_t time, std::int64_t& out) {
  const std::int64_t micros = size.days * kMicrosPerDay + size.nanos / kNanosPerMicro;
  if (size.months != 0 || micros <= 0) {
    return RowError::kBadArgument;
  }
  const std::int64_t into = time % micros;
  out = time - (into < 0 ? into + micros : into);
  return RowError::kNone;
}

Vector now_kernel(const KernelCall& call) {
  return compute_rows<std::int64_t>(call, [&call](RowIndex /*row*/, std::int64_t& out) {
    out = call.context.now.micros;
    return RowError::kNone;
  });
}

double epoch_millis(std::int64_t time) { return static_cast<double>(time / 1000); }

RowError from_epoch(double seconds, std::int64_t& out) {
  if (!(seconds > -9e12 && seconds < 9e12)) {
    return RowError::kOverflow;
  }
  out = static_cast<std::int64_t>(seconds * 1e6);
  return RowError::kNone;
}

}  // namespace

std::vector<Function> time_functions() {
  std::vector<Function> out;
  const auto add = [&out](std::string_view name, std::vector<std::string_view> aliases,
                          std::string_view signature, std::string_view text,
                          std::string_view example, std::string_view result,
                          std::vector<FunctionOverload> overloads) {
    out.push_back(make_function({name, std::move(aliases), signature, "time", text, example, result,
                                 std::move(overloads)}));
  };
  const auto both = [](std::string_view name, std::vector<TypeKind> before,
                       Type (*result)(std::span<const Type>), Kernel kernel) {
    std::vector<FunctionOverload> overloads;
    for (const TypeKind kind : {kTimestamp, kTimestamptz}) {
      std::vector<TypeKind> parameters = before;
      parameters.push_back(kind);
      overloads.push_back(overload(name, std::move(parameters), result, kernel));
    }
    return overloads;
  };
  // Overloads of the operators whose entries stand with the numbers.
  add("+", {}, "", "", "", "",
      {overload("+", {kTimestamp, kInterval}, same_as_first, map_rows<time_plus>),
       overload("+", {kTimestamptz, kInterval}, same_as_first, map_rows<time_plus>),
       overload("+", {kDate, kInt}, same_as_first, map_rows<date_plus>),
       overload("+", {kInterval, kInterval}, same_as_first, map_rows<interval_plus>)});
  add("-", {}, "", "", "", "",
      {overload("-", {kTimestamp, kInterval}, same_as_first, map_rows<time_minus>),
       overload("-", {kTimestamptz, kInterval}, same_as_first, map_rows<time_minus>),
       overload("-", {kTimestamp, kTimestamp}, always<kInterval>, map_rows<between_times>),
       overload("-", {kTimestamptz, kTimestamptz}, always<kInterval>, map_rows<between_times>),
       overload("-", {kDate, kDate}, always<kInt>, map_rows<between_dates>),
       overload("-", {kDate, kInt}, same_as_first, map_rows<date_minus>),
       overload("-", {kInterval, kInterval}, same_as_first, map_rows<interval_minus>)});
  const auto second_type = [](std::span<const Type> args) { return args[1]; };
  add("date_trunc", {}, "date_trunc(unit TEXT, time TIMESTAMP) -> TIMESTAMP",
      "The time cut down to a unit: microsecond to day, week, month, quarter, year.",
      "date_trunc('hour', TIMESTAMP '2018-02-01 10:47:12')", "2018-02-01 10:00:00",
      both("date_trunc", {kText}, second_type, map_rows<truncate_time>));
  add("date_part", {"extract"}, "extract(part FROM time TIMESTAMP) -> DOUBLE",
      "A part of a time: year, quarter, month, day, hour, minute, second, epoch, dow, isodow, doy.",
      "extract(hour FROM TIMESTAMP '2018-02-01 10:47:12')", "10",
      both("date_part", {kText}, always<kDouble>, map_rows<extract_part>));
  add("date_bin", {"time_bucket"}, "date_bin(size INTERVAL, time TIMESTAMP) -> TIMESTAMP",
      "The start of the bucket of that size, counted from 1970, that the time falls into.",
      "date_bin(INTERVAL '15 minutes', TIMESTAMP '2018-02-01 10:47:12')", "2018-02-01 10:45:00",
      both("date_bin", {kInterval}, second_type, map_rows<bin_time>));
  const auto part = [&](std::string_view name, std::string_view signature, std::string_view text,
                        std::string_view example, std::string_view result, Kernel kernel) {
    add(name, {}, signature, text, example, result, both(name, {}, always<kInt>, kernel));
  };
  part("year", "year(time TIMESTAMP) -> INT", "The year.", "year(TIMESTAMP '2018-02-01 10:47:12')",
       "2018", map_rows<part_of<kYear>>);
  part("month", "month(time TIMESTAMP) -> INT", "The month, from 1.",
       "month(TIMESTAMP '2018-02-01 10:47:12')", "2", map_rows<part_of<kMonth>>);
  part("day", "day(time TIMESTAMP) -> INT", "The day of the month.",
       "day(TIMESTAMP '2018-02-01 10:47:12')", "1", map_rows<part_of<kDay>>);
  part("hour", "hour(time TIMESTAMP) -> INT", "The hour.", "hour(TIMESTAMP '2018-02-01 10:47:12')",
       "10", map_rows<part_of<kHour>>);
  part("minute", "minute(time TIMESTAMP) -> INT", "The minute.",
       "minute(TIMESTAMP '2018-02-01 10:47:12')", "47", map_rows<part_of<kMinute>>);
  add("epoch_ms", {}, "epoch_ms(time TIMESTAMP) -> DOUBLE", "Milliseconds since 1970.",
      "epoch_ms(TIMESTAMP '1970-01-01 00:00:01')", "1000",
      both("epoch_ms", {}, always<kDouble>, map_rows<epoch_millis>));
  add("to_timestamp", {}, "to_timestamp(seconds DOUBLE) -> TIMESTAMPTZ",
      "The time that many seconds after 1970.", "to_timestamp(1)", "1970-01-01 00:00:01+00",
      {overload("to_timestamp", {kDouble}, always<kTimestamptz>, map_rows<from_epoch>)});
  add("now", {"current_timestamp"}, "now() -> TIMESTAMPTZ", "The wall clock.", "", "",
      {overload("now", {}, always<kTimestamptz>, now_kernel)});
  out.back().volatility = Volatility::kStable;
  return out;
}

}  // namespace thalweg
