#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "columnar/calendar.h"
#include "expr/kernel.h"
#include "expr/session_time.h"
#include "expr/simple_function.h"
#include "expr/time_parts.h"
#include "expr/time_zone.h"

// Parts of times, and times made of parts.
namespace thalweg {
namespace {

using enum TypeKind;

constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kMicrosPerHour = 60 * kMicrosPerMinute;

// Microseconds of a part with a fixed size up to a day; 0 for others.
std::int64_t fixed_micros(TimePart part) {
  constexpr std::int64_t kSizes[] = {
      1, 1'000, kMicrosPerSecond, kMicrosPerMinute, kMicrosPerHour, kMicrosPerDay};
  const auto place = static_cast<std::size_t>(part);
  return place < std::size(kSizes) ? kSizes[place] : 0;
}

// The first year of a period; there is no year 0 in which a century could begin.
std::int64_t period_start(std::int64_t year, std::int64_t size) {
  return floor_divide(year - 1, size) * size + 1;
}

RowError truncate_days(TimePart part, std::int64_t days, std::int64_t& out) {
  CivilDate date = civil_from_days(days);
  date.day = 1;
  switch (part) {
    case TimePart::kWeek:
      out = days - wrap(days + 3, 7);
      return RowError::kNone;
    case TimePart::kMonth:
      break;
    case TimePart::kQuarter:
      date.month = (date.month - 1) / 3 * 3 + 1;
      break;
    case TimePart::kYear:
      date.month = 1;
      break;
    case TimePart::kDecade:
      date = {floor_divide(date.year, 10) * 10, 1, 1};
      break;
    case TimePart::kCentury:
      date = {period_start(date.year, 100), 1, 1};
      break;
    case TimePart::kMillennium:
      date = {period_start(date.year, 1000), 1, 1};
      break;
    default:
      return RowError::kBadArgument;
  }
  out = days_from_civil(date);
  return RowError::kNone;
}

RowError truncate_time(TimePart part, std::int64_t time, std::int64_t& out) {
  if (const std::int64_t size = fixed_micros(part); size > 0) {
    out = time - wrap(time, size);
    return RowError::kNone;
  }
  const RowError error = truncate_days(part, floor_days(time), out);
  out *= kMicrosPerDay;
  return error;
}

RowError extract_of_day(TimePart part, std::int64_t of_day, double& out) {
  const std::int64_t of_minute = of_day % kMicrosPerMinute;
  switch (part) {
    case TimePart::kHour:
      out = static_cast<double>(of_day / kMicrosPerHour);
      return RowError::kNone;
    case TimePart::kMinute:
      out = static_cast<double>(of_day / kMicrosPerMinute % 60);
      return RowError::kNone;
    case TimePart::kSecond:
      out = static_cast<double>(of_minute) / 1e6;
      return RowError::kNone;
    case TimePart::kMillisecond:
      out = static_cast<double>(of_minute) / 1e3;
      return RowError::kNone;
    case TimePart::kMicrosecond:
      out = static_cast<double>(of_minute);
      return RowError::kNone;
    default:
      return RowError::kBadArgument;
  }
}

std::int64_t extract_of_days(TimePart part, std::int64_t days) {
  const CivilDate date = civil_from_days(days);
  switch (part) {
    case TimePart::kDay:
      return date.day;
    case TimePart::kWeek:
      return iso_week(days).week;
    case TimePart::kIsoYear:
      return iso_week(days).year;
    case TimePart::kMonth:
      return date.month;
    case TimePart::kQuarter:
      return (date.month - 1) / 3 + 1;
    case TimePart::kDecade:
      return floor_divide(date.year, 10);
    case TimePart::kCentury:
      return floor_divide(date.year - 1, 100) + 1;
    case TimePart::kMillennium:
      return floor_divide(date.year - 1, 1000) + 1;
    case TimePart::kDayOfWeek:
      return day_of_week(days);
    case TimePart::kIsoDayOfWeek:
      return wrap(days + 3, 7) + 1;
    case TimePart::kDayOfYear:
      return day_of_year(days);
    default:
      return date.year;
  }
}

RowError extract_part(TimePart part, std::int64_t time, double& out) {
  if (part == TimePart::kEpoch) {
    out = static_cast<double>(time) / 1e6;
    return RowError::kNone;
  }
  const std::int64_t days = floor_days(time);
  if (part < TimePart::kDay) {
    return extract_of_day(part, time - days * kMicrosPerDay, out);
  }
  out = static_cast<double>(extract_of_days(part, days));
  return RowError::kNone;
}

RowError extract_clock(TimePart part, std::int64_t time, double& out) {
  return part == TimePart::kEpoch ? extract_part(part, time, out) : extract_of_day(part, time, out);
}

// Parts of an interval keep its sign; a year counts 365.25 days for the epoch, a month 30.
RowError extract_interval(TimePart part, Interval value, double& out) {
  constexpr double kSecondsPerDay = 86'400;
  const std::int64_t micros = value.nanos / kNanosPerMicro;
  switch (part) {
    case TimePart::kEpoch:
      out = value.months / 12 * (365.25 * kSecondsPerDay) +
            value.months % 12 * (30 * kSecondsPerDay) + value.days * kSecondsPerDay +
            static_cast<double>(micros) / 1e6;
      return RowError::kNone;
    case TimePart::kDay:
      out = value.days;
      return RowError::kNone;
    case TimePart::kMonth:
      out = value.months % 12;
      return RowError::kNone;
    case TimePart::kQuarter:
      out = value.months % 12 / 3 + 1;
      return RowError::kNone;
    case TimePart::kYear:
      out = value.months / 12;
      return RowError::kNone;
    case TimePart::kHour:
      out = static_cast<double>(micros / kMicrosPerHour);
      return RowError::kNone;
    default:
      return extract_of_day(part, micros, out);
  }
}

// Calls `kFunction` with the part named by the first argument, read once where it is constant.
template <typename In, typename Out, RowError (*kFunction)(TimePart, In, Out&)>
Vector by_part(const KernelCall& call) {
  const RowReader<std::string_view> names{call.args[0]};
  const RowReader<In> values{call.args[1]};
  std::optional<TimePart> part;
  if (call.args[0].constant) {
    part = find_time_part(names[0]);
  }
  return compute_rows<Out>(call, [&](RowIndex row, Out& out) {
    if (!call.args[0].constant) {
      part = find_time_part(names[row]);
    }
    return part ? kFunction(*part, values[row], out) : RowError::kBadArgument;
  });
}

template <TimePart kPart>
std::int32_t part_of(std::int64_t time) {
  double out = 0;
  (void)extract_part(kPart, time, out);
  return static_cast<std::int32_t>(out);
}

RowError bin_from(Interval size, std::int64_t time, std::int64_t origin, std::int64_t& out) {
  const std::int64_t micros = size.days * kMicrosPerDay + size.nanos / kNanosPerMicro;
  std::int64_t distance = 0;
  if (size.months != 0 || micros <= 0) {
    return RowError::kBadArgument;
  }
  if (__builtin_sub_overflow(time, origin, &distance)) {
    return RowError::kOverflow;
  }
  out = time - wrap(distance, micros);
  return RowError::kNone;
}

RowError bin_time(Interval size, std::int64_t time, std::int64_t& out) {
  return bin_from(size, time, 0, out);
}

// Bounds of a part that lie between two times: PostgreSQL has no such function, DuckDB counts so.
RowError part_number(TimePart part, std::int64_t time, std::int64_t& out) {
  if (const std::int64_t size = fixed_micros(part); size > 0) {
    out = floor_divide(time, size);
    return RowError::kNone;
  }
  const std::int64_t days = floor_days(time);
  const CivilDate date = civil_from_days(days);
  switch (part) {
    case TimePart::kWeek:
      out = floor_divide(days + 3, 7);
      return RowError::kNone;
    case TimePart::kMonth:
      out = date.year * 12 + date.month;
      return RowError::kNone;
    case TimePart::kQuarter:
      out = date.year * 4 + (date.month - 1) / 3;
      return RowError::kNone;
    case TimePart::kYear:
    case TimePart::kDecade:
    case TimePart::kCentury:
    case TimePart::kMillennium:
      out = extract_of_days(part, days);
      return RowError::kNone;
    default:
      return RowError::kBadArgument;
  }
}

RowError date_diff_of(std::string_view name, std::int64_t from, std::int64_t to,
                      std::int64_t& out) {
  const std::optional<TimePart> part = find_time_part(name);
  std::int64_t first = 0;
  if (!part || part_number(*part, from, first) != RowError::kNone ||
      part_number(*part, to, out) != RowError::kNone) {
    return RowError::kBadArgument;
  }
  return __builtin_sub_overflow(out, first, &out) ? RowError::kOverflow : RowError::kNone;
}

// Years, months, days and time from b to a, as PostgreSQL counts them: by the fields, borrowing the
// days of the earlier month.
RowError age_of(std::int64_t a, std::int64_t b, Interval& out) {
  const bool negative = a < b;
  const std::int64_t late = negative ? b : a;
  const std::int64_t early = negative ? a : b;
  const CivilDate to = civil_from_days(floor_days(late));
  const CivilDate from = civil_from_days(floor_days(early));
  std::int64_t micros = wrap(late, kMicrosPerDay) - wrap(early, kMicrosPerDay);
  std::int64_t days = static_cast<std::int64_t>(to.day) - static_cast<std::int64_t>(from.day);
  std::int64_t months = (to.year - from.year) * 12 + static_cast<std::int64_t>(to.month) -
                        static_cast<std::int64_t>(from.month);
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  if (days < 0) {
    days += days_in_month(from.year, from.month);
    --months;
  }
  const int sign = negative ? -1 : 1;
  out = {static_cast<std::int32_t>(months * sign), static_cast<std::int32_t>(days * sign),
         micros * kNanosPerMicro * sign};
  return RowError::kNone;
}

RowError make_date(std::int32_t year, std::int32_t month, std::int32_t day, std::int32_t& out) {
  const bool valid =
      year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
      static_cast<unsigned>(day) <= days_in_month(year, static_cast<unsigned>(month));
  if (!valid) {
    return RowError::kBadArgument;
  }
  out = static_cast<std::int32_t>(
      days_from_civil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)}));
  return RowError::kNone;
}

RowError make_time(std::int32_t hour, std::int32_t minute, double second, std::int64_t& out) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60)) {
    return RowError::kBadArgument;
  }
  out = hour * kMicrosPerHour + minute * kMicrosPerMinute +
        static_cast<std::int64_t>(std::rint(second * 1e6));
  return RowError::kNone;
}

Vector make_timestamp_kernel(const KernelCall& call) {
  const RowReader<std::int32_t> years{call.args[0]};
  const RowReader<std::int32_t> months{call.args[1]};
  const RowReader<std::int32_t> days{call.args[2]};
  const RowReader<std::int32_t> hours{call.args[3]};
  const RowReader<std::int32_t> minutes{call.args[4]};
  const RowReader<double> seconds{call.args[5]};
  return compute_rows<std::int64_t>(call, [&](RowIndex row, std::int64_t& out) {
    std::int32_t date = 0;
    if (make_date(years[row], months[row], days[row], date) != RowError::kNone ||
        make_time(hours[row], minutes[row], seconds[row], out) != RowError::kNone) {
      return RowError::kBadArgument;
    }
    out += date * kMicrosPerDay;
    return RowError::kNone;
  });
}

std::int32_t last_day_of(std::int32_t date) {
  CivilDate civil = civil_from_days(date);
  civil.day = days_in_month(civil.year, civil.month);
  return static_cast<std::int32_t>(days_from_civil(civil));
}

std::int64_t epoch_millis(std::int64_t time) { return floor_divide(time, 1000); }
double epoch_seconds(std::int64_t time) { return static_cast<double>(time) / 1e6; }

// The zone that a call used last.
struct ZoneState final : KernelState {
  std::string name;
  std::optional<TimeZone> zone;
  bool looked_up = false;
};

enum class Direction : std::uint8_t { kToUtc, kToLocal };

template <Direction kDirection>
Vector zone_kernel(const KernelCall& call) {
  auto& state = static_cast<ZoneState&>(*call.state);
  const RowReader<std::string_view> names{call.args[0]};
  const RowReader<std::int64_t> times{call.args[1]};
  return compute_rows<std::int64_t>(call, [&](RowIndex row, std::int64_t& out) {
    if (!is_set(call.valid, row)) {
      return RowError::kNone;
    }
    if (!state.looked_up || state.name != names[row]) {
      state.name = names[row];
      state.zone = TimeZone::find(state.name);
      state.looked_up = true;
    }
    if (!state.zone) {
      return RowError::kBadArgument;
    }
    out = kDirection == Direction::kToUtc ? state.zone->to_utc(times[row])
                                          : state.zone->to_local(times[row]);
    return RowError::kNone;
  });
}

FunctionOverload in_zone(TypeKind from, Type (*result)(std::span<const Type>), Kernel kernel) {
  FunctionOverload out = overload("timezone", {kText, from}, result, kernel);
  out.make_state = [] { return std::unique_ptr<KernelState>(std::make_unique<ZoneState>()); };
  return out;
}

// For TIMESTAMP and TIMESTAMPTZ alike, the latter as the session's clocks show it.
template <Kernel kKernel>
std::vector<FunctionOverload> of_time(std::string_view name, std::vector<TypeKind> before,
                                      Type (*result)(std::span<const Type>)) {
  std::vector<TypeKind> local = before;
  local.push_back(kTimestamp);
  std::vector<TypeKind> instant = std::move(before);
  instant.push_back(kTimestamptz);
  return {overload(name, std::move(local), result, kKernel),
          overload(name, std::move(instant), result, in_session_zone<kKernel>)};
}

std::vector<FunctionOverload> date_bins() {
  const auto bin = [](TypeKind kind) {
    return overload("date_bin", {kInterval, kind}, same_as_last, map_rows<bin_time>);
  };
  const auto from = [](TypeKind kind) {
    return overload("date_bin", {kInterval, kind, kind}, same_as_last, map_rows<bin_from>);
  };
  return {bin(kTimestamp), bin(kTimestamptz), from(kTimestamp), from(kTimestamptz)};
}

std::vector<FunctionOverload> extracts() {
  auto out =
      of_time<by_part<std::int64_t, double, extract_part>>("date_part", {kText}, always<kDouble>);
  out.push_back(overload("date_part", {kText, kTime}, always<kDouble>,
                         by_part<std::int64_t, double, extract_clock>));
  out.push_back(overload("date_part", {kText, kInterval}, always<kDouble>,
                         by_part<Interval, double, extract_interval>));
  return out;
}

Function time_function(std::string_view signature, std::string_view text, std::string_view example,
                       std::string_view result, std::vector<FunctionOverload> overloads,
                       std::vector<std::string_view> aliases = {}) {
  return make_function({overloads.front().function, std::move(aliases), signature, "time", text,
                        example, result, std::move(overloads)});
}

std::vector<Function> cuts() {
  return {
      time_function(
          "date_trunc(unit TEXT, time TIMESTAMP) -> TIMESTAMP",
          "The time cut down to a unit: microsecond to day, week, month, quarter, year, decade, "
          "century, millennium.",
          "date_trunc('hour', TIMESTAMP '2018-02-01 10:47:12')", "2018-02-01 10:00:00",
          of_time<by_part<std::int64_t, std::int64_t, truncate_time>>("date_trunc", {kText},
                                                                      same_as_last)),
      time_function(
          "date_bin(size INTERVAL, time TIMESTAMP [, origin TIMESTAMP]) -> TIMESTAMP",
          "The start of the bucket of that size, counted from the origin or from 1970, that the "
          "time falls into.",
          "date_bin(INTERVAL '15 minutes', TIMESTAMP '2018-02-01 10:47:12')", "2018-02-01 10:45:00",
          date_bins(), {"time_bucket"}),
      time_function(
          "date_part(part TEXT, time TIMESTAMP | TIME | INTERVAL) -> DOUBLE",
          "A part of a time: microsecond to day, week, month, quarter, year, decade, century, "
          "millennium, epoch, dow, isodow, doy, isoyear; extract takes it as SQL has it, `part "
          "FROM time`.",
          "extract(hour FROM TIMESTAMP '2018-02-01 10:47:12')", "10", extracts(), {"extract"}),
      time_function("date_diff(unit TEXT, from TIMESTAMP, to TIMESTAMP) -> BIGINT",
                    "How many bounds of the unit lie between two times.",
                    "date_diff('day', TIMESTAMP '2018-02-01 23:00:00', DATE '2018-02-03')", "2",
                    {overload("date_diff", {kText, kTimestamp, kTimestamp}, always<kBigint>,
                              map_rows<date_diff_of>),
                     overload("date_diff", {kText, kTimestamptz, kTimestamptz}, always<kBigint>,
                              map_rows<date_diff_of>)},
                    {"datediff"}),
      time_function(
          "age(to TIMESTAMP, from TIMESTAMP) -> INTERVAL",
          "The time between in years, months, days and hours.",
          "age(TIMESTAMP '2018-03-01 10:00:00', TIMESTAMP '2016-02-28 09:00:00')",
          "2 years 2 days 01:00:00",
          {overload("age", {kTimestamp, kTimestamp}, always<kInterval>, map_rows<age_of>),
           overload("age", {kTimestamptz, kTimestamptz}, always<kInterval>, map_rows<age_of>)}),
  };
}

template <TimePart kPart>
Function part_function(std::string_view name, std::string_view signature, std::string_view text,
                       std::string_view example, std::string_view result,
                       std::vector<std::string_view> aliases = {}) {
  return time_function(signature, text, example, result,
                       of_time<map_rows<part_of<kPart>>>(name, {}, always<kInt>),
                       std::move(aliases));
}

std::vector<Function> parts() {
  return {
      part_function<TimePart::kYear>("year", "year(time TIMESTAMP) -> INT", "The year.",
                                     "year(TIMESTAMP '2018-02-01 10:47:12')", "2018"),
      part_function<TimePart::kQuarter>("quarter", "quarter(time TIMESTAMP) -> INT",
                                        "The quarter of the year, from 1.",
                                        "quarter(TIMESTAMP '2018-02-01 10:47:12')", "1"),
      part_function<TimePart::kMonth>("month", "month(time TIMESTAMP) -> INT", "The month, from 1.",
                                      "month(TIMESTAMP '2018-02-01 10:47:12')", "2"),
      part_function<TimePart::kWeek>("week", "week(time TIMESTAMP) -> INT",
                                     "The week of the ISO year.", "week(DATE '2023-01-01')", "52"),
      part_function<TimePart::kDay>("day", "day(time TIMESTAMP) -> INT", "The day of the month.",
                                    "day(TIMESTAMP '2018-02-01 10:47:12')", "1", {"dayofmonth"}),
      part_function<TimePart::kDayOfWeek>("dayofweek", "dayofweek(time TIMESTAMP) -> INT",
                                          "The day of the week; Sunday is 0.",
                                          "dayofweek(DATE '2023-01-01')", "0"),
      part_function<TimePart::kDayOfYear>("dayofyear", "dayofyear(time TIMESTAMP) -> INT",
                                          "The day of the year, from 1.",
                                          "dayofyear(DATE '2023-02-01')", "32"),
      part_function<TimePart::kHour>("hour", "hour(time TIMESTAMP) -> INT", "The hour.",
                                     "hour(TIMESTAMP '2018-02-01 10:47:12')", "10"),
      part_function<TimePart::kMinute>("minute", "minute(time TIMESTAMP) -> INT", "The minute.",
                                       "minute(TIMESTAMP '2018-02-01 10:47:12')", "47"),
      part_function<TimePart::kSecond>("second", "second(time TIMESTAMP) -> INT",
                                       "The whole second.",
                                       "second(TIMESTAMP '2018-02-01 10:47:12.9')", "12"),
      time_function("epoch(time TIMESTAMP) -> DOUBLE", "Seconds since 1970.",
                    "epoch(TIMESTAMP '1970-01-01 00:01:00.5')", "60.5",
                    {overload("epoch", {kTimestamp}, always<kDouble>, map_rows<epoch_seconds>),
                     overload("epoch", {kTimestamptz}, always<kDouble>, map_rows<epoch_seconds>)}),
      time_function(
          "epoch_ms(time TIMESTAMP) -> BIGINT", "Whole milliseconds since 1970.",
          "epoch_ms(TIMESTAMP '1970-01-01 00:00:01')", "1000",
          {overload("epoch_ms", {kTimestamp}, always<kBigint>, map_rows<epoch_millis>),
           overload("epoch_ms", {kTimestamptz}, always<kBigint>, map_rows<epoch_millis>)}),
  };
}

std::vector<Function> makers() {
  return {
      time_function(
          "make_date(year INT, month INT, day INT) -> DATE", "The date of its parts.",
          "make_date(2024, 2, 29)", "2024-02-29",
          {overload("make_date", {kInt, kInt, kInt}, always<kDate>, map_rows<make_date>)}),
      time_function(
          "make_time(hour INT, minute INT, second DOUBLE) -> TIME", "The time of day of its parts.",
          "make_time(10, 47, 12.5)", "10:47:12.5",
          {overload("make_time", {kInt, kInt, kDouble}, always<kTime>, map_rows<make_time>)}),
      time_function("make_timestamp(year INT, month INT, day INT, hour INT, minute INT, second "
                    "DOUBLE) -> TIMESTAMP",
                    "The time of its parts.", "make_timestamp(2024, 2, 29, 10, 47, 12.5)",
                    "2024-02-29 10:47:12.5",
                    {overload("make_timestamp", {kInt, kInt, kInt, kInt, kInt, kDouble},
                              always<kTimestamp>, make_timestamp_kernel)}),
      time_function("last_day(date DATE) -> DATE", "The last day of its month.",
                    "last_day(DATE '2024-02-01')", "2024-02-29",
                    {overload("last_day", {kDate}, always<kDate>, map_rows<last_day_of>)}),
      time_function("timezone(zone TEXT, time TIMESTAMP | TIMESTAMPTZ) -> the other of the two",
                    "The instant at which clocks in the zone show a TIMESTAMP, or what they show "
                    "at a TIMESTAMPTZ. Also written time AT TIME ZONE zone.",
                    "TIMESTAMP '2024-07-01 12:00:00' AT TIME ZONE 'Europe/Prague'",
                    "2024-07-01 10:00:00+00",
                    {in_zone(kTimestamp, always<kTimestamptz>, zone_kernel<Direction::kToUtc>),
                     in_zone(kTimestamptz, always<kTimestamp>, zone_kernel<Direction::kToLocal>)}),
  };
}

}  // namespace

std::vector<Function> time_functions() {
  std::vector<Function> out;
  for (std::vector<Function> part : {cuts(), parts(), makers()}) {
    std::move(part.begin(), part.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace thalweg
