#include "operators/idle_keys.h"

#include <algorithm>
#include <limits>

namespace thalweg {
namespace {

constexpr std::int64_t kLooksPerTtl = 8;

}  // namespace

void IdleKeys::touch(const Batch& batch, KeyIndex::Rows rows, std::span<const GroupId> ids) {
  GroupId largest = 0;
  for (const GroupId id : ids) {
    largest = std::max(largest, id);
  }
  const std::size_t known = last_.size();
  last_.grow_to(ids.empty() ? 0 : largest + 1);
  std::fill(last_.data() + known, last_.data() + last_.size(),
            std::numeric_limits<std::int64_t>::min());
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
  next_look_ = later_by(now, std::max<std::int64_t>(ttl_.micros / kLooksPerTtl, 1));
  const std::int64_t oldest = now.micros - ttl_.micros;
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < last_.size(); ++id) {
    if (last_[id] >= oldest) {
      kept.push_back(id);
    }
  }
  return kept.size() == last_.size() ? std::nullopt : std::optional(std::move(kept));
}

}  // namespace thalweg
