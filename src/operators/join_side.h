#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "columnar/batch.h"
#include "state/group_queues.h"
#include "state/row_table.h"
#include "state/time_buckets.h"

namespace thalweg {

// The time so much later or earlier, at most the end or the beginning of time.
EventTime moved_by(EventTime time, std::int64_t micros);

struct JoinSideSpec {
  std::string name;         // Of its table of state.
  std::vector<Type> types;  // Of the input's columns.
  // How far behind a row the last one may be that it matches: negative, where that is before it.
  // Absent: any row to come may.
  std::optional<std::int64_t> reach_micros;
  // Whether each row says of itself when the last one is that it matches: the earlier of the two
  // counts.
  bool has_last = false;
  bool marks = false;  // Whether it is known of each row that it has a partner.
};

// The rows of one side of a join by event time, until none that comes can match them: those of each
// key in order of time.
class JoinSide {
 public:
  // A row that waits for partners.
  struct Entry {
    std::int64_t time;
    RowSlot slot;
  };

  struct Arrival {
    GroupId id;  // Of its key.
    Entry entry;
  };

  // Borrows the index of keys, in whose place another may be put: see keep_only().
  JoinSide(JoinSideSpec spec, std::span<const Type> key_types,
           const std::unique_ptr<KeyIndex>& index);

  // Keeps these rows of the batch, `ids` being their keys; `last`, with `has_last`, is a TIMESTAMP,
  // NULL for rows that match none. They do not wait yet.
  void keep(const Batch& batch, RowSpan rows, std::span<const GroupId> ids, const Column* last,
            std::vector<RowSlot>& slots);
  // From now on these rows wait for partners.
  void add(std::span<const Arrival> arrivals);
  // Forgets a row that does not wait.
  void release(RowSlot slot);

  // The rows of a key that wait; valid until the next add().
  std::span<const Entry> waiting(GroupId id) const {
    return id < queues_.groups() ? queues_.get(id) : std::span<const Entry>();
  }
  // Of those, the numbers of the ones from one time to another, both included.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool empty() const { return begin >= end; }
  };
  Range between(GroupId id, EventTime first, EventTime last) const;
  // They do not wait any more.
  void erase(GroupId id, Range range);
  // The same of those in the range that are marked: calls visit(number, entry) for each.
  template <typename Visit>
  void erase_marked(GroupId id, Range range, Visit visit);

  bool is_marked(RowSlot slot) const { return marks_[slot] != 0; }
  void mark(RowSlot slot) {
    if (marks_[slot] == 0) {
      marks_[slot] = 1;
      table_.change(slot);
    }
  }

  // The time of the last row that this one matches; the end of time where there is none such.
  EventTime last_match(const Entry& entry) const {
    const EventTime last =
        spec_.reach_micros ? moved_by({entry.time}, *spec_.reach_micros) : kEndOfTime;
    return spec_.has_last ? std::min(last, EventTime{last_[entry.slot]}) : last;
  }

  // Calls visit(entry) for each row that no row to come can match once the watermark stands there,
  // at the end of time for all. They do not wait any more.
  template <typename Visit>
  void expire(EventTime watermark, Visit visit);

  // The watermark at which the next of them goes, or a time before it.
  EventTime next_due() const;

  // A time that no row is older than which waits while the watermark stands there. Requires: marks.
  EventTime lowest_waiting(EventTime watermark) const;

  // The input's columns of these rows.
  std::vector<Column> columns(std::span<const RowRef> rows) const {
    return store_.rows(rows, {}, spec_.types.size());
  }

  std::uint64_t rows() const { return store_.kept(); }
  std::size_t memory_bytes() const;

  // Leaves only these keys, ascending, which are about to be numbered anew from 0. Requires: no row
  // of the others waits.
  void keep_only(std::span<const GroupId> kept);

  // For a restart.
  RowTable& table() { return table_; }
  void restored();

 private:
  static constexpr std::int64_t kNoTimer = INT64_MAX;

  static bool is_later(const Entry& a, const Entry& b) { return a.time > b.time; }

  // The rows as they survive a restart, and whether each has a partner.
  class Table final : public RowTable {
   public:
    Table(JoinSide& side, std::span<const Type> key_types, const std::unique_ptr<KeyIndex>& index);

   protected:
    std::vector<Column> values_of(std::span<const RowSlot> slots) override;
    void restore(std::span<const RowSlot> slots, std::span<const Column> values) override;
    void forget(RowSlot slot) override;

   private:
    JoinSide& side_;
  };

  EventTime expired_before(EventTime watermark) const;
  EventTime time_of(RowSlot slot) const {
    return {store_.values<std::int64_t>(spec_.types.size())[slot]};
  }
  template <typename Visit>
  void expire_in_order(EventTime watermark, Visit visit);
  template <typename Visit>
  void expire_each(EventTime watermark, Visit visit);
  bool is_oldest_gone(const Entry& entry) const {
    return waits_[entry.slot] == 0 || time_of(entry.slot).micros != entry.time;
  }
  void forget_gone();
  void set_timer(GroupId id, std::int64_t time) {
    armed_[id] = time;
    timers_.set({time}, id);
  }
  void grow_to(std::uint32_t keys);
  void add_timer(const Arrival& arrival);
  void merge_early();
  void keep_last(GroupId id, RowSlot slot, EventTime last);

  const JoinSideSpec spec_;
  RowStore store_;  // The input's columns, then event time.
  Table table_;
  StateArray<char> marks_;  // By slot; empty where there are none.
  std::int64_t next_number_ = 0;
  GroupQueues<Entry> queues_;
  std::vector<Arrival> early_;  // Of a batch: those that are older than the last of their key.
  // Keys, at the time of their first row or before it; with `has_last` slots, at last_match().
  TimeBuckets timers_;
  StateArray<std::int64_t> armed_;  // By key: its timer that counts, or kNoTimer.
  // With `has_last`, by slot: what the row says, its key, and whether it waits.
  StateArray<std::int64_t> last_;
  StateArray<GroupId> ids_;
  StateArray<char> waits_;
  std::size_t timer_count_ = 0;  // With `has_last`.
  // With `has_last` and `marks`: a heap, the oldest row in front; some behind it are gone.
  std::vector<Entry> oldest_;
};

template <typename Visit>
void JoinSide::erase_marked(GroupId id, Range range, Visit visit) {
  queues_.erase_if(id, range.begin, range.end, [&](std::size_t number, const Entry& entry) {
    const bool goes = is_marked(entry.slot);
    if (goes) {
      if (spec_.has_last) {
        waits_[entry.slot] = 0;
      }
      visit(number, entry);
    }
    return goes;
  });
}

template <typename Visit>
void JoinSide::expire(EventTime watermark, Visit visit) {
  if (spec_.has_last) {
    expire_each(watermark, visit);
  } else {
    expire_in_order(watermark, visit);
  }
}

// Rows go in any order: each is found by a timer of its own, and those of a key leave together.
template <typename Visit>
void JoinSide::expire_each(EventTime watermark, Visit visit) {
  std::vector<GroupId> touched;
  timers_.fire_before(watermark, [&](RowSlot slot) {
    --timer_count_;
    // The timer may be one of a row that was there before it.
    const bool waits = waits_[slot] != 0;
    if (waits && (watermark == kEndOfTime ||
                  last_match({.time = time_of(slot).micros, .slot = slot}) < watermark)) {
      waits_[slot] = 0;
      touched.push_back(ids_[slot]);
    }
  });
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const GroupId id : touched) {
    queues_.erase_if(id, 0, queues_.size(id), [&](std::size_t /*number*/, const Entry& entry) {
      const bool goes = waits_[entry.slot] == 0;
      if (goes) {
        visit(entry);
      }
      return goes;
    });
  }
  forget_gone();
}

// A key's rows go from the front.
template <typename Visit>
void JoinSide::expire_in_order(EventTime watermark, Visit visit) {
  const EventTime before = expired_before(watermark);
  if (before == kStartOfTime) {
    return;
  }
  timers_.fire_before(before, [&](GroupId id) {
    const bool all = before == kEndOfTime;
    if (armed_[id] >= before.micros && !all) {
      return;  // An earlier timer of the key has done it.
    }
    const std::span<const Entry> entries = waiting(id);
    std::size_t count = 0;
    for (; count < entries.size() && (all || entries[count].time < before.micros); ++count) {
      visit(entries[count]);
    }
    queues_.drop_front(id, static_cast<std::uint32_t>(count));
    if (count < entries.size()) {
      set_timer(id, entries[count].time);
    } else {
      armed_[id] = kNoTimer;
    }
  });
}

}  // namespace thalweg
