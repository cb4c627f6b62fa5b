#include "state/keyed_records.h"

#include <string>

namespace thalweg {

KeyedRecords::KeyedRecords(std::vector<Type> key_types)
    : key_types_(std::move(key_types)), index_(KeyIndex::make(key_types_)) {}

void KeyedRecords::grow_to(std::uint32_t keys) {
  records_.grow_to(keys);
  has_record_.grow_to(keys);
  timer_counts_.grow_to(keys);
}

void KeyedRecords::find_or_insert(std::span<const Column> keys, KeyIndex::Rows rows,
                                  std::span<GroupId> ids) {
  index_->find_or_insert(keys, rows, ids);
  grow_to(index_->size());
}

void KeyedRecords::put(GroupId id, std::string_view record) {
  const bool was_live = is_live(id);
  if (!record.empty()) {
    records_.put(id, record);
  }
  has_record_[id] = record.empty() ? 0 : 1;
  live_ += static_cast<std::uint32_t>(is_live(id)) - static_cast<std::uint32_t>(was_live);
}

void KeyedRecords::set_timer(TimerKind kind, GroupId id, EventTime time) {
  const bool was_live = is_live(id);
  if (timers(kind).insert({time.micros, id}).second) {
    ++timer_counts_[id];
    live_ += was_live ? 0 : 1;
  }
}

void KeyedRecords::remove_timer(TimerKind kind, GroupId id, EventTime time) {
  if (timers(kind).erase({time.micros, id}) > 0) {
    --timer_counts_[id];
    live_ -= is_live(id) ? 0 : 1;
  }
}

std::optional<KeyedRecords::Timer> KeyedRecords::first_timer(TimerKind kind) const {
  if (timers(kind).empty()) {
    return std::nullopt;
  }
  const auto& [micros, id] = *timers(kind).begin();
  return Timer{{micros}, id};
}

void KeyedRecords::drop_timers(TimerKind kind) {
  while (const std::optional<Timer> timer = first_timer(kind)) {
    remove_timer(kind, timer->id, timer->time);
  }
}

void KeyedRecords::compact() {
  constexpr GroupId kGone = UINT32_MAX;
  std::vector<GroupId> kept;
  std::vector<GroupId> new_ids(index_->size(), kGone);
  for (GroupId id = 0; id < new_ids.size(); ++id) {
    if (is_live(id)) {
      new_ids[id] = static_cast<GroupId>(kept.size());
      kept.push_back(id);
    }
  }
  KeyedRecords fresh(key_types_);
  std::vector<GroupId> ids(kept.size());
  fresh.find_or_insert(index_->keys(kept), {.rows = {}, .all = true}, ids);
  for (GroupId id = 0; id < kept.size(); ++id) {
    fresh.put(id, get(kept[id]));
  }
  for (const TimerKind kind : {TimerKind::kEventTime, TimerKind::kWallClock}) {
    for (const auto& [micros, id] : timers(kind)) {
      fresh.set_timer(kind, new_ids[id], {micros});
    }
  }
  *this = std::move(fresh);
}

std::size_t KeyedRecords::memory_bytes() const {
  std::size_t timers = 0;
  for (const Timers& each : timers_) {
    timers += each.size() * sizeof(Timers::value_type);
  }
  return index_->memory_bytes() + records_.memory_bytes() + has_record_.memory_bytes() +
         timer_counts_.memory_bytes() + timers;
}

}  // namespace thalweg
