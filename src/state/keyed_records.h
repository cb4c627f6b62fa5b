#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_time.h"
#include "state/group_records.h"
#include "state/key_index.h"
#include "state/key_table.h"
#include "state/keyed_parts.h"
#include "state/state_array.h"
#include "state/state_table.h"

namespace thalweg {

// A record of bytes, parts and timers for each key: keys that have none of these are forgotten.
// Timers are those of event time and those of the wall clock.
class KeyedRecords {
 public:
  enum class TimerKind : std::uint8_t { kEventTime, kWallClock };
  struct Timer {
    EventTime time;
    GroupId id = 0;
  };

  explicit KeyedRecords(std::vector<Type> key_types);

  // The numbers of these rows' keys, valid until compact().
  void find_or_insert(std::span<const Column> keys, KeyIndex::Rows rows, std::span<GroupId> ids);
  std::vector<Column> key(GroupId id) const { return index_->keys({&id, 1}); }

  // Empty: there is none. Valid until the next put().
  std::string_view get(GroupId id) const {
    return has_record_[id] != 0 ? records_.get(id) : std::string_view();
  }
  // An empty record takes the key's away.
  void put(GroupId id, std::string_view record);

  // Of the key's parts a change is told by put_part() and erase_part().
  const KeyedParts& parts() const { return parts_; }
  void put_part(GroupId id, std::uint32_t field, std::string_view name, std::string_view bytes,
                EventTime expires) {
    parts_.put(id, field, name, bytes, expires);
  }
  void erase_part(GroupId id, std::uint32_t field, std::string_view name) {
    parts_.erase(id, field, name);
  }
  // Takes away the part that has had its time first, and says whose it was.
  std::optional<GroupId> expire_part(EventTime now) { return parts_.expire_one(now); }

  // Whether the key has a record or parts.
  bool has_state(GroupId id) const { return has_record_[id] != 0 || part_counts_[id] != 0; }

  // Setting one twice, and removing one that is not set, change nothing.
  void set_timer(TimerKind kind, GroupId id, EventTime time);
  void remove_timer(TimerKind kind, GroupId id, EventTime time);
  // The earliest; those of one time in the order of their keys' numbers.
  std::optional<Timer> first_timer(TimerKind kind) const;
  void drop_timers(TimerKind kind);

  // Some of the key's record is to be looked at when `time` is over. Not kept over a restart, and
  // nothing that a key lives by.
  void set_expiry(GroupId id, EventTime time);
  // Takes away the earliest before `now`.
  std::optional<Timer> take_expiry(EventTime now);
  EventTime first_expiry() const {
    return std::min(parts_.first_expiry(),
                    expiries_.empty() ? kEndOfTime : EventTime{expiries_.begin()->first});
  }
  // All records are to be looked at.
  void expire_all();

  // Keys that have a record, parts or a timer.
  std::uint32_t live() const { return live_; }

  // Whether most numbers are those of keys that have none.
  bool is_sparse() const {
    return index_->size() > kSparseMin && index_->size() > 2 * std::max(live_, numbered_);
  }
  // Numbers the live keys anew and forgets the others.
  void compact();

  // As they survive a restart, and what must be called when all are back.
  StateTable& records_state() { return records_state_; }
  StateTable& timers_state() { return timers_state_; }
  StateTable& parts_state() { return parts_; }
  void restored();

  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kSparseMin = 4096;

  struct Expiry {
    std::int64_t micros;
    bool is_set;
  };
  using Timers = absl::btree_set<std::pair<std::int64_t, GroupId>>;

  class RecordsState final : public KeyTable {
   public:
    explicit RecordsState(KeyedRecords& owner);

   protected:
    bool has_row(std::size_t part, GroupId id) override;
    std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override;
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override;

   private:
    KeyedRecords& owner_;
  };

  class TimersState final : public StateTable {
   public:
    explicit TimersState(KeyedRecords& owner);

    // The timer has been set, or it is gone.
    void note(TimerKind kind, GroupId id, EventTime time, bool is_set);
    // The keys of those that have been set or are gone since the last epoch.
    std::vector<GroupId> noted_keys() const;
    void renumber(std::span<const GroupId> new_ids);

    const StateSchema& schema() const override { return schema_; }
    void note_changes() override { notes_ = true; }
    bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
    Status apply(const StateChanges& changes) override;

   private:
    struct Named {
      TimerKind kind;
      std::int64_t micros;
      GroupId id;
      friend auto operator<=>(const Named&, const Named&) = default;
    };
    Status change(std::span<const Column> keys, bool is_set);
    std::vector<Column> keys_of(std::span<const Named> timers) const;

    KeyedRecords& owner_;
    const StateSchema schema_;
    bool notes_ = false;
    absl::btree_map<Named, bool> noted_;  // Whether it is set now, and was not, or the reverse.
  };

  // The keys' numbers, for the parts.
  class Numbers final : public KeyNumbers {
   public:
    explicit Numbers(KeyedRecords& owner) : owner_(owner) {}
    std::vector<Column> keys_of(std::span<const GroupId> ids) const override {
      return owner_.index_->keys(ids);
    }
    void number(std::span<const Column> keys, std::span<GroupId> ids) override {
      owner_.find_or_insert(keys, {.rows = {}, .all = true}, ids);
    }

   private:
    KeyedRecords& owner_;
  };

  bool is_live(GroupId id) const { return has_state(id) || timer_counts_[id] != 0; }
  void count_part(GroupId id, int more);
  void grow_to(std::uint32_t keys);
  Timers& timers(TimerKind kind) { return timers_[static_cast<std::size_t>(kind)]; }
  const Timers& timers(TimerKind kind) const { return timers_[static_cast<std::size_t>(kind)]; }

  std::vector<Type> key_types_;
  std::unique_ptr<KeyIndex> index_;
  GroupRecords records_;
  StateArray<std::uint8_t> has_record_;
  StateArray<std::uint32_t> timer_counts_;
  StateArray<std::uint32_t> part_counts_;
  Timers timers_[2];
  Timers expiries_;               // At most one of a key,
  StateArray<Expiry> expiry_of_;  // which this is.
  std::uint32_t live_ = 0;
  std::uint32_t numbered_ = 0;  // By the last compact(): the live ones, and those still to be told.

  RecordsState records_state_;
  TimersState timers_state_;
  Numbers part_numbers_;
  KeyedParts parts_;
};

}  // namespace thalweg
