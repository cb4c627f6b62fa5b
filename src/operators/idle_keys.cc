#include "operators/idle_keys.h"

#include <algorithm>
#include <limits>

#include "operators/fixed_column.h"

namespace thalweg {
namespace {

constexpr std::int64_t kLooksPerTtl = 8;
constexpr std::int64_t kGone = std::numeric_limits<std::int64_t>::min();

}  // namespace

EventTime next_look(EventTime now, std::int64_t ttl_micros) {
  const std::int64_t micros = std::max<std::int64_t>(ttl_micros / kLooksPerTtl, 1);
  const std::int64_t into = now.micros % micros;
  return later_by(now, into < 0 ? -into : micros - into);
}

EventTime next_look_restored(EventTime watermark, std::int64_t ttl_micros) {
  const bool has_looked = watermark != kStartOfTime && watermark != kEndOfTime;
  return has_looked ? next_look(watermark, ttl_micros) : kStartOfTime;
}

void IdleKeys::grow_to(std::size_t count) {
  const std::size_t known = last_.size();
  last_.grow_to(count);
  std::fill(last_.data() + known, last_.data() + last_.size(), kGone);
}

void IdleKeys::touch(const Batch& batch, KeyIndex::Rows rows, std::span<const GroupId> ids) {
  GroupId largest = 0;
  for (const GroupId id : ids) {
    largest = std::max(largest, id);
  }
  grow_to(ids.empty() ? 0 : largest + 1);
  if (ttl_.clock == Clock::kWall) {
    for (const GroupId id : ids) {
      last_[id] = wall_.micros;
    }
    return;
  }
  const auto times = batch.event_time->values<std::int64_t>();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    last_[ids[i]] = std::max(last_[ids[i]], times[rows[i]]);
  }
}

std::optional<std::vector<GroupId>> IdleKeys::find_kept(Clock clock, EventTime now) {
  if (clock == Clock::kWall) {
    wall_ = now;
  }
  if (!on() || clock != ttl_.clock || now < next_look_ || now == kEndOfTime ||
      now.micros < kStartOfTime.micros + ttl_.micros) {
    return std::nullopt;
  }
  next_look_ = next_look(now, ttl_.micros);
  const std::int64_t oldest = now.micros - ttl_.micros;
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < last_.size(); ++id) {
    if (last_[id] >= oldest) {
      kept.push_back(id);
    }
  }
  return kept.size() == last_.size() ? std::nullopt : std::optional(std::move(kept));
}

Column IdleKeys::since(std::span<const GroupId> ids) const {
  return bigint_column_of(ids.size(), [&](std::size_t i) { return last_[ids[i]]; });
}

void IdleKeys::restore(std::span<const GroupId> ids, KeyIndex::Rows rows, const Column& since) {
  const auto times = since.values<std::int64_t>();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    grow_to(ids[i] + 1);
    last_[ids[i]] = times[rows[i]];
  }
}

void IdleKeys::restore_as_gone(std::span<const GroupId> ids) {
  for (const GroupId id : ids) {
    grow_to(id + 1);
    last_[id] = kGone;
  }
}

std::vector<GroupId> IdleKeys::restored(std::uint32_t count, EventTime watermark) {
  if (ttl_.clock == Clock::kWatermark) {
    next_look_ = next_look_restored(watermark, ttl_.micros);
  }
  grow_to(count);
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < count; ++id) {
    if (last_[id] != kGone) {
      kept.push_back(id);
    }
  }
  return kept;
}

IdleKeysState::IdleKeysState(IdleKeys& idle, std::span<const Type> key_types,
                             const std::unique_ptr<KeyIndex>& index)
    : KeyTable("idle", key_types, {{.name = "since", .type = type_of(TypeKind::kBigint)}}, index),
      idle_(idle) {}

}  // namespace thalweg
