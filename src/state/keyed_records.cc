#include "state/keyed_records.h"

#include <string>

#include "columnar/builder.h"
#include "state/whole_rows.h"

namespace thalweg {
namespace {

Schema columns_of_timers(const std::vector<Type>& key_types) {
  Schema columns;
  for (const Type& type : key_types) {
    columns.push_back({.name = "key " + std::to_string(columns.size() + 1), .type = type});
  }
  columns.push_back({.name = "by wall clock", .type = type_of(TypeKind::kBoolean)});
  columns.push_back({.name = "time", .type = type_of(TypeKind::kTimestamp)});
  return columns;
}

}  // namespace

KeyedRecords::KeyedRecords(std::vector<Type> key_types)
    : key_types_(std::move(key_types)),
      index_(KeyIndex::make(key_types_)),
      records_state_(*this),
      timers_state_(*this),
      part_numbers_(*this),
      parts_(key_types_, part_numbers_, [this](GroupId id, int more) { count_part(id, more); }) {}

void KeyedRecords::grow_to(std::uint32_t keys) {
  records_.grow_to(keys);
  has_record_.grow_to(keys);
  timer_counts_.grow_to(keys);
  part_counts_.grow_to(keys);
  expiry_of_.grow_to(keys);
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
  records_state_.mark({&id, 1});
  live_ += static_cast<std::uint32_t>(is_live(id)) - static_cast<std::uint32_t>(was_live);
}

void KeyedRecords::count_part(GroupId id, int more) {
  const bool was_live = is_live(id);
  part_counts_[id] += static_cast<std::uint32_t>(more);
  live_ += static_cast<std::uint32_t>(is_live(id)) - static_cast<std::uint32_t>(was_live);
}

void KeyedRecords::set_timer(TimerKind kind, GroupId id, EventTime time) {
  const bool was_live = is_live(id);
  if (timers(kind).insert({time.micros, id}).second) {
    ++timer_counts_[id];
    live_ += was_live ? 0 : 1;
    timers_state_.note(kind, id, time, true);
  }
}

void KeyedRecords::remove_timer(TimerKind kind, GroupId id, EventTime time) {
  if (timers(kind).erase({time.micros, id}) > 0) {
    --timer_counts_[id];
    live_ -= is_live(id) ? 0 : 1;
    timers_state_.note(kind, id, time, false);
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

void KeyedRecords::set_expiry(GroupId id, EventTime time) {
  Expiry& expiry = expiry_of_[id];
  if (expiry.is_set && expiry.micros <= time.micros) {
    return;  // One that has moved on is found out when the old one is over: that is seldom.
  }
  if (expiry.is_set) {
    expiries_.erase({expiry.micros, id});
  }
  expiry = {.micros = time.micros, .is_set = true};
  expiries_.insert({time.micros, id});
}

std::optional<KeyedRecords::Timer> KeyedRecords::take_expiry(EventTime now) {
  if (expiries_.empty() || EventTime{expiries_.begin()->first} >= now) {
    return std::nullopt;
  }
  const auto [micros, id] = *expiries_.begin();
  expiries_.erase(expiries_.begin());
  expiry_of_[id].is_set = false;
  return Timer{{micros}, id};
}

void KeyedRecords::expire_all() {
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (has_record_[id] != 0) {
      set_expiry(id, kStartOfTime);
    }
  }
}

void KeyedRecords::compact() {
  std::vector<bool> stays(index_->size(), false);
  for (GroupId id = 0; id < index_->size(); ++id) {
    stays[id] = is_live(id);
  }
  // What is gone and has not been told is told by number.
  for (const GroupId id : records_state_.noted()) {
    stays[id] = true;
  }
  for (const GroupId id : timers_state_.noted_keys()) {
    stays[id] = true;
  }
  for (const GroupId id : parts_.noted_keys()) {
    stays[id] = true;
  }
  std::vector<GroupId> kept;
  std::vector<GroupId> new_ids(index_->size(), 0);
  for (GroupId id = 0; id < new_ids.size(); ++id) {
    if (stays[id]) {
      new_ids[id] = static_cast<GroupId>(kept.size());
      kept.push_back(id);
    }
  }
  numbered_ = static_cast<std::uint32_t>(kept.size());
  records_state_.renumber_noted(kept);
  timers_state_.renumber(new_ids);
  parts_.renumber(new_ids);
  index_ = index_->with_only(kept, key_types_);
  records_.keep_only(kept);
  has_record_.keep_only(kept);
  timer_counts_.keep_only(kept);
  part_counts_.keep_only(kept);
  expiry_of_.keep_only(kept);
  Timers expiries;
  for (const auto& [micros, id] : expiries_) {
    if (stays[id]) {
      expiries.insert({micros, new_ids[id]});
    }
  }
  expiries_ = std::move(expiries);
  for (Timers& each : timers_) {
    Timers renumbered;
    for (const auto& [micros, id] : each) {
      renumbered.insert({micros, new_ids[id]});
    }
    each = std::move(renumbered);
  }
}

void KeyedRecords::restored() {
  grow_to(index_->size());
  std::vector<bool> is_there(index_->size(), false);
  for (const GroupId id : records_state_.take_restored()) {
    is_there[id] = true;
  }
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (!is_there[id] && has_record_[id] != 0) {
      put(id, {});
    }
  }
}

std::size_t KeyedRecords::memory_bytes() const {
  std::size_t timers = expiries_.size() * sizeof(Timers::value_type) + expiry_of_.memory_bytes();
  for (const Timers& each : timers_) {
    timers += each.size() * sizeof(Timers::value_type);
  }
  return index_->memory_bytes() + records_.memory_bytes() + has_record_.memory_bytes() +
         timer_counts_.memory_bytes() + part_counts_.memory_bytes() + parts_.memory_bytes() +
         timers;
}

KeyedRecords::RecordsState::RecordsState(KeyedRecords& owner)
    : KeyTable("records", owner.key_types_, {{.name = "record", .type = type_of(TypeKind::kBytea)}},
               owner.index_),
      owner_(owner) {}

bool KeyedRecords::RecordsState::has_row(std::size_t /*part*/, GroupId id) {
  return owner_.has_record_[id] != 0;
}

std::vector<Column> KeyedRecords::RecordsState::values_of(std::size_t /*part*/,
                                                          std::span<const GroupId> ids) {
  ColumnBuilder records(type_of(TypeKind::kBytea), static_cast<std::uint32_t>(ids.size()));
  for (const GroupId id : ids) {
    records.append_text(owner_.get(id));
  }
  return {records.finish()};
}

Status KeyedRecords::RecordsState::restore(std::span<const GroupId> ids,
                                           std::span<const Column> values) {
  owner_.grow_to(owner_.index_->size());
  for (RowIndex row = 0; row < ids.size(); ++row) {
    if (values[0].text(row).empty()) {
      return wrong("a record is empty");
    }
    owner_.put(ids[row], values[0].text(row));
  }
  return {};
}

KeyedRecords::TimersState::TimersState(KeyedRecords& owner)
    : owner_(owner),
      schema_{.name = "timers",
              .columns = columns_of_timers(owner.key_types_),
              .partition_columns = static_cast<std::uint32_t>(owner.key_types_.size()),
              .key_columns = static_cast<std::uint32_t>(owner.key_types_.size()) + 2} {}

void KeyedRecords::TimersState::note(TimerKind kind, GroupId id, EventTime time, bool is_set) {
  if (!notes_) {
    return;
  }
  const auto [noted, is_new] =
      noted_.try_emplace({.kind = kind, .micros = time.micros, .id = id}, is_set);
  if (!is_new && noted->second != is_set) {
    noted_.erase(noted);  // All is as it was.
  }
}

std::vector<GroupId> KeyedRecords::TimersState::noted_keys() const {
  std::vector<GroupId> ids;
  for (const auto& [timer, is_set] : noted_) {
    ids.push_back(timer.id);
  }
  return ids;
}

void KeyedRecords::TimersState::renumber(std::span<const GroupId> new_ids) {
  absl::btree_map<Named, bool> renumbered;
  for (const auto& [timer, is_set] : noted_) {
    renumbered.insert(
        {{.kind = timer.kind, .micros = timer.micros, .id = new_ids[timer.id]}, is_set});
  }
  noted_ = std::move(renumbered);
}

std::vector<Column> KeyedRecords::TimersState::keys_of(std::span<const Named> timers) const {
  if (timers.empty()) {
    return {};
  }
  std::vector<GroupId> ids;
  ColumnBuilder kinds(type_of(TypeKind::kBoolean));
  ColumnBuilder times(type_of(TypeKind::kTimestamp));
  for (const Named& timer : timers) {
    ids.push_back(timer.id);
    kinds.append_bool(timer.kind == TimerKind::kWallClock);
    times.append(timer.micros);
  }
  std::vector<Column> keys = owner_.index_->keys(ids);
  keys.push_back(kinds.finish());
  keys.push_back(times.finish());
  return keys;
}

bool KeyedRecords::TimersState::next_changes(std::uint32_t rows_max, StateChanges& out) {
  std::vector<Named> gone;
  std::vector<Named> set;
  auto next = noted_.begin();
  for (; next != noted_.end() && gone.size() + set.size() < rows_max; ++next) {
    (next->second ? set : gone).push_back(next->first);
  }
  noted_.erase(noted_.begin(), next);
  out = {.dropped_to = {}, .erased = keys_of(gone), .puts = keys_of(set)};
  return !out.empty();
}

Status KeyedRecords::TimersState::change(std::span<const Column> keys, bool is_set) {
  if (keys.empty()) {
    return {};
  }
  const Column& kinds = keys[schema_.partition_columns];
  const Column& times = keys[schema_.partition_columns + 1];
  std::vector<GroupId> ids(times.length());
  owner_.find_or_insert(keys.first(schema_.partition_columns), {.rows = {}, .all = true}, ids);
  for (RowIndex row = 0; row < ids.size(); ++row) {
    if (!kinds.is_valid(row) || !times.is_valid(row)) {
      return wrong_rows(schema_, "a timer has no time");
    }
    const TimerKind kind = kinds.bit(row) ? TimerKind::kWallClock : TimerKind::kEventTime;
    const EventTime time{times.values<std::int64_t>()[row]};
    is_set ? owner_.set_timer(kind, ids[row], time) : owner_.remove_timer(kind, ids[row], time);
  }
  return {};
}

Status KeyedRecords::TimersState::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    return wrong_rows(schema_, "they have no slices");
  }
  TW_TRY(change(changes.erased, false));
  return change(changes.puts, true);
}

}  // namespace thalweg
