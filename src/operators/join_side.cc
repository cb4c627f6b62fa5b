#include "operators/join_side.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"

namespace thalweg {
namespace {

// Timers are looked through in pieces of so much of the reach.
constexpr std::int64_t kBucketsPerReach = 64;
constexpr std::int64_t kBucketMicrosMin = 100'000;
constexpr std::size_t kGoneMin = 1024;

std::int64_t bucket_width(const std::optional<std::int64_t>& reach) {
  return std::max(kBucketMicrosMin, reach.value_or(0) / kBucketsPerReach);
}

std::vector<Type> stored_types(const JoinSideSpec& spec) {
  std::vector<Type> types = spec.types;
  types.insert(types.end(), spec.has_last ? 2 : 1, type_of(TypeKind::kTimestamp));
  return types;
}

Schema state_columns(const JoinSideSpec& spec) {
  Schema columns;
  for (const Type& type : spec.types) {
    columns.push_back({.name = "column " + std::to_string(columns.size() + 1), .type = type});
  }
  columns.push_back({.name = "event time", .type = type_of(TypeKind::kTimestamp)});
  if (spec.has_last) {
    columns.push_back({.name = "last match", .type = type_of(TypeKind::kTimestamp)});
  }
  if (spec.marks) {
    columns.push_back({.name = "has a partner", .type = type_of(TypeKind::kBoolean)});
  }
  return columns;
}

}  // namespace

EventTime moved_by(EventTime time, std::int64_t micros) {
  EventTime sum;
  if (!__builtin_add_overflow(time.micros, micros, &sum.micros)) {
    return sum;
  }
  return micros < 0 ? kStartOfTime : kEndOfTime;
}

JoinSide::Table::Table(JoinSide& side, std::span<const Type> key_types,
                       const std::unique_ptr<KeyIndex>& index)
    : RowTable(side.spec_.name, key_types, state_columns(side.spec_), side.store_, index),
      side_(side) {}

std::vector<Column> JoinSide::Table::values_of(std::span<const RowSlot> slots) {
  if (!side_.spec_.marks) {
    return {};
  }
  const auto count = static_cast<std::uint32_t>(slots.size());
  Column marked(type_of(TypeKind::kBoolean), count);
  marked.set_values(pack_bits(count, [&](std::size_t i) { return side_.is_marked(slots[i]); }));
  return {std::move(marked)};
}

void JoinSide::Table::restore(std::span<const RowSlot> slots, std::span<const Column> values) {
  for (RowIndex row = 0; row < slots.size() && side_.spec_.marks; ++row) {
    side_.marks_.grow_to(slots[row] + 1);
    side_.marks_[slots[row]] = values[0].bit(row) ? 1 : 0;
  }
}

void JoinSide::Table::forget(RowSlot slot) {
  if (side_.spec_.marks) {
    side_.marks_[slot] = 0;
  }
}

JoinSide::JoinSide(JoinSideSpec spec, std::span<const Type> key_types,
                   const std::unique_ptr<KeyIndex>& index)
    : spec_(std::move(spec)),
      store_(stored_types(spec_)),
      table_(*this, key_types, index),
      timers_(bucket_width(spec_.reach_micros)) {}

void JoinSide::grow_to(std::uint32_t keys) {
  const std::size_t before = armed_.size();
  queues_.grow_to(keys);
  armed_.grow_to(keys);
  for (std::size_t id = before; id < keys; ++id) {
    armed_[id] = kNoTimer;
  }
}

void JoinSide::keep(const Batch& batch, RowSpan rows, std::span<const GroupId> ids,
                    const Column* last, std::vector<RowSlot>& slots) {
  slots.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    slots.push_back(store_.obtain());
  }
  std::vector<Column> columns = batch.columns;
  columns.push_back(*batch.event_time);
  if (spec_.has_last) {
    columns.push_back(*last);
  }
  store_.put(columns, rows, slots);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (spec_.marks) {
      marks_.grow_to(slots[i] + 1);
      marks_[slots[i]] = 0;
    }
    if (spec_.has_last) {
      const bool any = last->is_valid(rows[i]);
      keep_last(ids[i], slots[i],
                any ? EventTime{last->values<std::int64_t>()[rows[i]]} : kStartOfTime);
    }
    table_.add({.id = ids[i], .number = next_number_++, .slot = slots[i]});
  }
}

void JoinSide::keep_last(GroupId id, RowSlot slot, EventTime last) {
  last_.grow_to(slot + 1);
  ids_.grow_to(slot + 1);
  waits_.grow_to(slot + 1);
  last_[slot] = last.micros;
  ids_[slot] = id;
  waits_[slot] = 0;
}

void JoinSide::erase(GroupId id, Range range) {
  for (std::size_t number = range.begin; spec_.has_last && number < range.end; ++number) {
    waits_[waiting(id)[number].slot] = 0;
  }
  queues_.erase(id, range.begin, range.end);
}

// Most rows come behind all others of their key. The others go in together, so that each batch
// moves a hot key's rows once.
void JoinSide::add(std::span<const Arrival> arrivals) {
  for (const Arrival& arrival : arrivals) {
    const auto& [id, entry] = arrival;
    if (id >= queues_.groups()) {
      grow_to(id + 1);
    }
    const std::span<const Entry> entries = queues_.get(id);
    if (!entries.empty() && entry.time < entries.back().time) {
      early_.push_back(arrival);
    } else {
      queues_.append(id, 1)[0] = entry;
    }
    add_timer(arrival);
  }
  merge_early();
}

void JoinSide::merge_early() {
  std::stable_sort(early_.begin(), early_.end(), [](const Arrival& a, const Arrival& b) {
    return a.id != b.id ? a.id < b.id : a.entry.time < b.entry.time;
  });
  std::vector<Entry> of_key;
  for (std::size_t i = 0; i < early_.size(); ++i) {
    of_key.push_back(early_[i].entry);
    if (i + 1 == early_.size() || early_[i + 1].id != early_[i].id) {
      queues_.merge(early_[i].id, of_key,
                    [](const Entry& a, const Entry& b) { return a.time < b.time; });
      of_key.clear();
    }
  }
  early_.clear();
}

void JoinSide::add_timer(const Arrival& arrival) {
  const auto& [id, entry] = arrival;
  if (!spec_.has_last) {
    if (entry.time < armed_[id]) {
      set_timer(id, entry.time);
    }
    return;
  }
  waits_[entry.slot] = 1;
  timers_.set(last_match(entry), entry.slot);
  ++timer_count_;
  if (spec_.marks) {
    oldest_.push_back(entry);
    std::push_heap(oldest_.begin(), oldest_.end(), is_later);
  }
}

void JoinSide::release(RowSlot slot) {
  table_.remove(slot);
  store_.release(slot);
}

JoinSide::Range JoinSide::between(GroupId id, EventTime first, EventTime last) const {
  const std::span<const Entry> entries = waiting(id);
  const auto begin = std::partition_point(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.time < first.micros;
  });
  const auto end = std::partition_point(
      begin, entries.end(), [&](const Entry& entry) { return entry.time <= last.micros; });
  return {static_cast<std::size_t>(begin - entries.begin()),
          static_cast<std::size_t>(end - entries.begin())};
}

// Rows of an earlier time are those that nothing to come can match.
EventTime JoinSide::expired_before(EventTime watermark) const {
  if (watermark == kEndOfTime || watermark == kStartOfTime) {
    return watermark;
  }
  return spec_.reach_micros ? moved_by(watermark, -*spec_.reach_micros) : kStartOfTime;
}

EventTime JoinSide::next_due() const {
  const EventTime next = timers_.next_time();
  if (spec_.has_last) {
    return next;
  }
  return spec_.reach_micros && next != kEndOfTime ? moved_by(next, *spec_.reach_micros)
                                                  : kEndOfTime;
}

// What rows leave behind that go before their time must not outgrow those that wait.
void JoinSide::forget_gone() {
  const std::size_t most = 2 * std::size_t{store_.kept()} + kGoneMin;
  if (timer_count_ > most) {
    timer_count_ = 0;
    for (const TimeBuckets::Timer& timer : timers_.take_all()) {
      const RowSlot slot = timer.id;
      if (waits_[slot] != 0 &&
          last_match({.time = time_of(slot).micros, .slot = slot}) == timer.time) {
        timers_.set(timer.time, slot);
        ++timer_count_;
      }
    }
  }
  if (oldest_.size() > most) {
    std::erase_if(oldest_, [this](const Entry& entry) { return is_oldest_gone(entry); });
    std::make_heap(oldest_.begin(), oldest_.end(), is_later);
  }
  while (!oldest_.empty() && is_oldest_gone(oldest_.front())) {
    std::pop_heap(oldest_.begin(), oldest_.end(), is_later);
    oldest_.pop_back();
  }
}

EventTime JoinSide::lowest_waiting(EventTime watermark) const {
  EventTime lowest = kStartOfTime;
  if (spec_.reach_micros) {
    lowest = moved_by(watermark, -std::max<std::int64_t>(*spec_.reach_micros, 0));
  }
  if (spec_.has_last) {
    lowest = std::max(lowest, oldest_.empty() ? kEndOfTime : EventTime{oldest_.front().time});
  }
  return std::min(lowest, watermark);
}

std::size_t JoinSide::memory_bytes() const {
  return store_.memory_bytes() + marks_.memory_bytes() + queues_.memory_bytes() +
         timers_.memory_bytes() + armed_.memory_bytes() + last_.memory_bytes() +
         ids_.memory_bytes() + waits_.memory_bytes() + oldest_.capacity() * sizeof(Entry);
}

void JoinSide::keep_only(std::span<const GroupId> kept) {
  table_.renumber(kept);
  if (!kept.empty()) {
    grow_to(kept.back() + 1);
  }
  std::vector<GroupId> now(queues_.groups(), 0);
  std::vector<char> stays(queues_.groups(), 0);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    now[kept[i]] = static_cast<GroupId>(i);
    stays[kept[i]] = 1;
  }
  if (spec_.has_last) {
    queues_.keep_only(kept);
    armed_.keep_only(kept);
    for (GroupId id = 0; id < queues_.groups(); ++id) {
      for (const Entry& entry : queues_.get(id)) {
        ids_[entry.slot] = id;
      }
    }
    return;
  }
  for (const TimeBuckets::Timer& timer : timers_.take_all()) {
    if (stays[timer.id] != 0) {
      timers_.set(timer.time, now[timer.id]);
    }
  }
  queues_.keep_only(kept);
  armed_.keep_only(kept);
}

void JoinSide::restored() {
  const std::size_t last = spec_.types.size() + 1;
  std::vector<Arrival> arrivals;
  for (const RowTable::Row& row : table_.take_restored()) {
    next_number_ = std::max(next_number_, row.number + 1);
    if (spec_.has_last) {
      const bool any = !store_.is_null(last, RowRef::kept(row.slot), {});
      keep_last(row.id, row.slot,
                any ? EventTime{store_.values<std::int64_t>(last)[row.slot]} : kStartOfTime);
    }
    arrivals.push_back(
        {.id = row.id, .entry = {.time = time_of(row.slot).micros, .slot = row.slot}});
  }
  add(arrivals);
}

}  // namespace thalweg
