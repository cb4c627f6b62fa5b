#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/event_time.h"
#include "state/key_index.h"
#include "state/state_array.h"
#include "state/time_buckets.h"

namespace thalweg {

// The open sessions of each key: runs of rows of which each is at most `gap` from the next. A
// session has a number, given in turn, under which its state is kept elsewhere.
class SessionIndex {
 public:
  // Requires: gap_micros > 0.
  SessionIndex(std::vector<Type> key_types, std::int64_t gap_micros);

  // What a row did that came between two sessions: the state of `from` belongs to `into` now.
  struct Merge {
    GroupId from = 0;
    GroupId into = 0;
  };

  // The session of each row, made where there is none: one per entry of `ids`. Sessions that rows
  // have joined are appended to `merges`; `into` is then a session that goes on. `times`: event
  // times by number of column row.
  void add(std::span<const Column> keys, KeyIndex::Rows rows, std::span<const std::int64_t> times,
           std::span<GroupId> ids, std::vector<Merge>& merges);

  // Ends the sessions whose last row is more than the gap before `now` and appends them to `ended`,
  // in order of their ends.
  void end_before(EventTime now, std::vector<GroupId>& ended);

  // One more than the greatest number.
  std::uint32_t size() const { return static_cast<std::uint32_t>(sessions_.size()); }
  std::uint32_t open() const { return open_; }
  bool is_open(GroupId id) const { return sessions_[id].open; }

  // A time before which no session ends; kEndOfTime when none is open.
  EventTime next_end() const { return timers_.next_time(); }

  // The first row, and the end: the last row plus the gap. Valid until compact(), for ended
  // sessions too.
  EventTime first(GroupId id) const { return {sessions_[id].first}; }
  EventTime end(GroupId id) const { return {end_of(sessions_[id].last)}; }
  std::vector<Column> keys(std::span<const GroupId> ids) const;

  // For a restart. The sessions of these keys that begin at `firsts`, made where there are none:
  // one per entry of `ids`. They end a gap after `lasts` and join no others.
  void restore(std::span<const Column> keys, std::span<const std::int64_t> firsts,
               std::span<const std::int64_t> lasts, std::span<GroupId> ids);
  // They are no more, where there are such.
  void remove(std::span<const Column> keys, std::span<const std::int64_t> firsts);
  // When all sessions are back.
  void restored();
  // The number of a row's key, which may have no session, until compact().
  GroupId key_number(std::span<const Column> keys, RowIndex row);
  // The key's open session that holds a time.
  std::optional<GroupId> find(GroupId key, std::int64_t time) const;
  // A number of the key that is no session any more.
  GroupId add_ended(GroupId key);
  std::int64_t last(GroupId id) const { return sessions_[id].last; }

  // Whether most numbers are those of sessions that are no more.
  bool is_sparse() const { return size() > kSparseMin && size() > 2 * open_; }
  // Numbers the open sessions anew from 0 on and forgets keys without any. Returns their old
  // numbers, by new number.
  std::vector<GroupId> compact();

  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kSparseMin = 4096;
  static constexpr GroupId kNone = UINT32_MAX;

  struct Session {
    std::int64_t first;
    std::int64_t last;
    GroupId key;
    GroupId older;  // The key's session before this one; kNone: there is none.
    bool open;
  };

  std::int64_t end_of(std::int64_t last) const {
    std::int64_t end;
    return __builtin_add_overflow(last, gap_, &end) ? kEndOfTime.micros : end;
  }
  GroupId place(GroupId key, std::int64_t time, std::vector<Merge>& merges);
  GroupId make_session(GroupId key, std::int64_t time, GroupId older);
  void join_older(GroupId id, std::vector<Merge>& merges);
  void unlink(GroupId id);
  // The key's session that begins then, and else the one before which it would stand.
  struct Place {
    std::optional<GroupId> found;
    GroupId newer = kNone;
    GroupId older = kNone;
  };
  Place find_place(GroupId key, std::int64_t first) const;
  // Merges that follow one another, told as such into sessions that go on.
  void resolve(std::vector<Merge>& merges, std::size_t first) const;

  const std::int64_t gap_;
  std::unique_ptr<KeyIndex> index_;
  StateArray<GroupId> newest_;  // By key, plus one: the latest of its sessions; 0: none.
  StateArray<Session> sessions_;
  TimeBuckets timers_;
  std::uint32_t open_ = 0;
};

}  // namespace thalweg
