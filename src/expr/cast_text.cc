#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "columnar/calendar.h"
#include "columnar/interval_text.h"
#include "columnar/value.h"
#include "expr/cast.h"
#include "expr/time_zone.h"

// Casts from TEXT and to TEXT.
namespace thalweg {
namespace {

// Plain digits; anything else is left to parse_value.
template <typename T>
RowError parse_integer(std::string_view text, T& out) {
  const char* end = text.data() + text.size();
  if (const auto [stop, error] = std::from_chars(text.data(), end, out);
      error == std::errc() && stop == end) {
    return RowError::kNone;
  }
  out = 0;
  const Result<Value> parsed = parse_value(text, type_of(TypeKind::kBigint));
  if (!parsed.ok()) {
    // Digits alone fail only for being too many.
    const std::size_t sign = text.find_first_of("+-") == 0 ? 1 : 0;
    const bool digits =
        text.size() > 18 && text.find_first_not_of("0123456789", sign) == std::string_view::npos;
    return digits ? RowError::kOverflow : RowError::kBadCast;
  }
  const std::int64_t value = std::get<std::int64_t>(parsed.value().data);
  out = static_cast<T>(value);
  return out == value ? RowError::kNone : RowError::kOverflow;
}

RowError parse_double(std::string_view text, double& out) {
  const char* end = text.data() + text.size();
  if (const auto [stop, error] = std::from_chars(text.data(), end, out);
      error == std::errc() && stop == end) {
    return RowError::kNone;
  }
  const Result<Value> parsed = parse_value(text, type_of(TypeKind::kDouble));
  out = parsed.ok() ? std::get<double>(parsed.value().data) : 0;
  return parsed.ok() ? RowError::kNone : RowError::kBadCast;
}

// Any type by its text form: T is the type's value in a column, Stored in a Value.
template <typename T, typename Stored>
Vector parse_values(const KernelCall& call) {
  const RowReader<std::string_view> texts{call.args[0]};
  return compute_rows<T>(call, [&](RowIndex row, T& out) {
    if (!is_set(call.valid, row)) {
      return RowError::kNone;
    }
    const Result<Value> parsed = parse_value(texts[row], call.result_type);
    if (!parsed.ok()) {
      return RowError::kBadCast;
    }
    out = static_cast<T>(std::get<Stored>(parsed.value().data));
    return RowError::kNone;
  });
}

Vector parse_lists(const KernelCall& call) {
  const RowReader<std::string_view> texts{call.args[0]};
  RowErrors errors{call};
  ColumnBuilder builder{call.result_type, call.length};
  for (RowIndex row = 0; row < call.length; ++row) {
    if (!is_set(call.valid, row)) {
      builder.append_null();
      continue;
    }
    const Result<Value> parsed = parse_value(texts[row], call.result_type);
    if (parsed.ok()) {
      builder.append_value(parsed.value());
    } else {
      builder.append_null();
      errors.report(row, RowError::kBadCast);
    }
  }
  return Vector{.column = builder.finish(), .constant = false, .errors = errors.take()};
}

// Whether a timestamp's text says its own offset: it ends with Z, +hh or -hh.
bool has_offset(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\n\r");
  if (last == std::string_view::npos) {
    return false;
  }
  const std::size_t time = text.find(':');
  return text[last] == 'Z' || text[last] == 'z' ||
         (time != std::string_view::npos &&
          text.find_first_of("+-", time) != std::string_view::npos);
}

Vector parse_instants(const KernelCall& call) {
  Vector out = parse_values<std::int64_t, std::int64_t>(call);
  std::optional<TimeZone> zone = TimeZone::find(call.context.time_zone);
  if (!zone || zone->is_utc()) {
    return out;
  }
  const RowReader<std::string_view> texts{call.args[0]};
  const std::int64_t* parsed = out.column.values<std::int64_t>().data();
  Vector local = compute_rows<std::int64_t>(call, [&](RowIndex row, std::int64_t& micros) {
    micros = has_offset(texts[row]) ? parsed[row] : zone->to_utc(parsed[row]);
    return RowError::kNone;
  });
  local.errors = std::move(out.errors);
  return local;
}

template <typename T>
void format_integer(T value, std::string& out) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  out.assign(text, end);
}

void format_boolean(bool value, std::string& out) { out = value ? "true" : "false"; }
void format_date_row(std::int32_t days, std::string& out) { out = format_date(days); }
void format_time_row(std::int64_t micros, std::string& out) { out = format_time_of_day(micros); }
void format_timestamp_row(std::int64_t micros, std::string& out) { out = format_timestamp(micros); }
void format_interval_row(Interval interval, std::string& out) { out = format_interval(interval); }

Vector format_instants(const KernelCall& call) {
  std::optional<TimeZone> zone = TimeZone::find(call.context.time_zone);
  const std::int64_t* values = call.args[0].column.values<std::int64_t>().data();
  return compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    if (!zone) {
      return RowError::kBadArgument;
    }
    const std::int64_t local = zone->to_local(values[row]);
    const std::int64_t minutes = (local - values[row]) / (60 * kMicrosPerSecond);
    char offset[16];
    const int size =
        minutes % 60 == 0
            ? std::snprintf(offset, sizeof(offset), "%+03d", int(minutes / 60))
            : std::snprintf(offset, sizeof(offset), "%c%02d:%02d", minutes < 0 ? '-' : '+',
                            int(std::abs(minutes) / 60), int(std::abs(minutes) % 60));
    out = format_timestamp(local);
    out.append(offset, static_cast<std::size_t>(size));
    return RowError::kNone;
  });
}

Vector format_any(const KernelCall& call) {
  const Column& column = call.args[0].column;
  return compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    out = to_string(value_at(column, row));
    return RowError::kNone;
  });
}

}  // namespace

Kernel find_cast_from_text(TypeKind to) {
  switch (to) {
    case TypeKind::kBoolean:
      return parse_values<bool, bool>;
    case TypeKind::kSmallint:
      return map_rows<parse_integer<std::int16_t>>;
    case TypeKind::kInt:
      return map_rows<parse_integer<std::int32_t>>;
    case TypeKind::kBigint:
      return map_rows<parse_integer<std::int64_t>>;
    case TypeKind::kReal:
      return parse_values<float, double>;
    case TypeKind::kDouble:
      return map_rows<parse_double>;
    case TypeKind::kNumeric:
      return parse_values<Int128, Int128>;
    case TypeKind::kBytea:
      return parse_values<std::string, std::string>;
    case TypeKind::kDate:
      return parse_values<std::int32_t, std::int64_t>;
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
      return parse_values<std::int64_t, std::int64_t>;
    case TypeKind::kTimestamptz:
      return parse_instants;
    case TypeKind::kInterval:
      return parse_values<Interval, Interval>;
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return parse_lists;
    case TypeKind::kNull:
    case TypeKind::kText:
      return nullptr;
  }
  return nullptr;
}

Kernel find_cast_to_text(TypeKind from) {
  switch (from) {
    case TypeKind::kBoolean:
      return map_rows<format_boolean>;
    case TypeKind::kSmallint:
      return map_rows<format_integer<std::int16_t>>;
    case TypeKind::kInt:
      return map_rows<format_integer<std::int32_t>>;
    case TypeKind::kBigint:
      return map_rows<format_integer<std::int64_t>>;
    case TypeKind::kDate:
      return map_rows<format_date_row>;
    case TypeKind::kTime:
      return map_rows<format_time_row>;
    case TypeKind::kTimestamp:
      return map_rows<format_timestamp_row>;
    case TypeKind::kTimestamptz:
      return format_instants;
    case TypeKind::kInterval:
      return map_rows<format_interval_row>;
    default:
      return format_any;
  }
}

}  // namespace thalweg
