#include "expr/session_time.h"

#include "expr/time_zone.h"

namespace thalweg {
namespace {

// Times under another type, each moved by `convert`.
template <typename Convert>
Vector moved(const Vector& times, TypeKind to, Convert convert) {
  const std::uint32_t rows = times.column.length();
  const std::int64_t* from = times.column.values<std::int64_t>().data();
  auto buffer = Buffer::allocate(std::size_t{rows} * sizeof(std::int64_t));
  for (RowIndex row = 0; row < rows; ++row) {
    buffer->as<std::int64_t>()[row] = convert(from[row]);
  }
  Vector out = times;
  out.column = times.column.with_type(type_of(to));
  out.column.set_values(std::move(buffer));
  return out;
}

}  // namespace

Vector to_session_clock(const Vector& instant, const KernelCall& call) {
  std::optional<TimeZone> zone = TimeZone::find(call.context.time_zone);
  if (!zone || zone->is_utc()) {
    Vector out = instant;
    out.column = instant.column.with_type(type_of(TypeKind::kTimestamp));
    return out;
  }
  return moved(instant, TypeKind::kTimestamp,
               [&](std::int64_t micros) { return zone->to_local(micros); });
}

Vector from_session_clock(const Vector& local, const KernelCall& call) {
  std::optional<TimeZone> zone = TimeZone::find(call.context.time_zone);
  if (!zone || zone->is_utc()) {
    Vector out = local;
    out.column = local.column.with_type(type_of(TypeKind::kTimestamptz));
    return out;
  }
  return moved(local, TypeKind::kTimestamptz,
               [&](std::int64_t micros) { return zone->to_utc(micros); });
}

}  // namespace thalweg
