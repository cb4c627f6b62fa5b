#include "state/session_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace thalweg {
namespace {

// A session is looked at once for each gap that passes, so buckets a part of that long hold few
// timers that are not due yet.
constexpr std::int64_t kBucketsPerGap = 16;

}  // namespace

SessionIndex::SessionIndex(std::vector<Type> key_types, std::int64_t gap_micros)
    : gap_(gap_micros),
      index_(KeyIndex::make(std::move(key_types))),
      timers_(std::max<std::int64_t>(gap_micros / kBucketsPerGap, 1)) {
  TW_CHECK(gap_micros > 0);
}

void SessionIndex::add(std::span<const Column> keys, KeyIndex::Rows rows,
                       std::span<const std::int64_t> times, std::span<GroupId> ids,
                       std::vector<Merge>& merges) {
  const std::size_t first_merge = merges.size();
  index_->find_or_insert(keys, rows, ids);
  newest_.grow_to(index_->size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const GroupId key = ids[i];
    const std::int64_t time = times[rows[i]];
    const GroupId newest = newest_[key];
    if (newest != 0) [[likely]] {
      Session& session = sessions_[newest - 1];
      if (time >= session.first && time <= end_of(session.last)) [[likely]] {
        session.last = std::max(session.last, time);
        ids[i] = newest - 1;
        continue;
      }
    }
    ids[i] = place(key, time, merges);
  }
  resolve(merges, first_merge);
}

GroupId SessionIndex::place(GroupId key, std::int64_t time, std::vector<Merge>& merges) {
  GroupId newer = kNone;
  GroupId id = newest_[key] == 0 ? kNone : newest_[key] - 1;
  const std::int64_t end = end_of(time);
  while (id != kNone && sessions_[id].first > end) {
    newer = id;
    id = sessions_[id].older;
  }
  if (id != kNone && time <= end_of(sessions_[id].last)) {
    Session& session = sessions_[id];
    session.first = std::min(session.first, time);
    session.last = std::max(session.last, time);
    join_older(id, merges);
    return id;
  }
  const GroupId made = make_session(key, time, id);
  if (newer == kNone) {
    newest_[key] = made + 1;
  } else {
    sessions_[newer].older = made;
  }
  return made;
}

GroupId SessionIndex::make_session(GroupId key, std::int64_t time, GroupId older) {
  const GroupId id = size();
  sessions_.push_back({.first = time, .last = time, .key = key, .older = older, .open = true});
  ++open_;
  timers_.set({end_of(time)}, id);
  return id;
}

void SessionIndex::join_older(GroupId id, std::vector<Merge>& merges) {
  Session& session = sessions_[id];
  while (session.older != kNone && session.first <= end_of(sessions_[session.older].last)) {
    const GroupId from = session.older;
    Session& older = sessions_[from];
    session.first = older.first;
    session.older = older.older;
    older.open = false;
    // Where to, should a merge of this very batch have named it.
    older.older = id;
    --open_;
    merges.push_back({.from = from, .into = id});
  }
}

void SessionIndex::resolve(std::vector<Merge>& merges, std::size_t first) const {
  for (std::size_t i = first; i < merges.size(); ++i) {
    while (!sessions_[merges[i].into].open) {
      merges[i].into = sessions_[merges[i].into].older;
    }
  }
}

void SessionIndex::end_before(EventTime now, std::vector<GroupId>& ended) {
  timers_.fire_before(now, [&](GroupId id) {
    Session& session = sessions_[id];
    if (!session.open) {
      return;
    }
    const EventTime end{end_of(session.last)};
    if (end < now || now == kEndOfTime) {
      unlink(id);
      ended.push_back(id);
    } else {
      timers_.set(end, id);
    }
  });
}

void SessionIndex::unlink(GroupId id) {
  Session& session = sessions_[id];
  GroupId* link = nullptr;
  if (newest_[session.key] == id + 1) {
    newest_[session.key] = session.older == kNone ? 0 : session.older + 1;
  } else {
    link = &sessions_[newest_[session.key] - 1].older;
    while (*link != id) {
      link = &sessions_[*link].older;
    }
    *link = session.older;
  }
  session.open = false;
  --open_;
}

std::vector<Column> SessionIndex::keys(std::span<const GroupId> ids) const {
  std::vector<GroupId> keys;
  keys.reserve(ids.size());
  for (const GroupId id : ids) {
    keys.push_back(sessions_[id].key);
  }
  return index_->keys(keys);
}

GroupId SessionIndex::key_number(std::span<const Column> keys, RowIndex row) {
  GroupId key = 0;
  index_->find_or_insert(keys, {.rows = {&row, 1}}, {&key, 1});
  newest_.grow_to(index_->size());
  return key;
}

SessionIndex::Place SessionIndex::find_place(GroupId key, std::int64_t first) const {
  Place place{.older = newest_[key] == 0 ? kNone : newest_[key] - 1};
  while (place.older != kNone && sessions_[place.older].first > first) {
    place.newer = place.older;
    place.older = sessions_[place.older].older;
  }
  if (place.older != kNone && sessions_[place.older].first == first) {
    place.found = place.older;
  }
  return place;
}

void SessionIndex::restore(std::span<const Column> keys, std::span<const std::int64_t> firsts,
                           std::span<const std::int64_t> lasts, std::span<GroupId> ids) {
  for (RowIndex row = 0; row < ids.size(); ++row) {
    const GroupId key = key_number(keys, row);
    const Place place = find_place(key, firsts[row]);
    if (place.found) {
      ids[row] = *place.found;
      sessions_[ids[row]].last = lasts[row];
      continue;
    }
    ids[row] = size();
    sessions_.push_back(
        {.first = firsts[row], .last = lasts[row], .key = key, .older = place.older, .open = true});
    ++open_;
    (place.newer == kNone ? newest_[key] : sessions_[place.newer].older) =
        ids[row] + (place.newer == kNone ? 1 : 0);
  }
}

void SessionIndex::remove(std::span<const Column> keys, std::span<const std::int64_t> firsts) {
  for (RowIndex row = 0; row < firsts.size(); ++row) {
    if (const Place place = find_place(key_number(keys, row), firsts[row]); place.found) {
      unlink(*place.found);
    }
  }
}

void SessionIndex::restored() {
  for (GroupId id = 0; id < size(); ++id) {
    if (is_open(id)) {
      timers_.set(end(id), id);
    }
  }
}

std::optional<GroupId> SessionIndex::find(GroupId key, std::int64_t time) const {
  const Place place = find_place(key, time);
  if (place.older == kNone || time > end_of(sessions_[place.older].last)) {
    return std::nullopt;
  }
  return place.older;
}

GroupId SessionIndex::add_ended(GroupId key) {
  sessions_.push_back({.first = 0, .last = 0, .key = key, .older = kNone, .open = false});
  return size() - 1;
}

std::vector<GroupId> SessionIndex::compact() {
  std::vector<GroupId> live_keys;
  std::vector<GroupId> old_numbers;
  std::vector<GroupId> new_numbers(size(), kNone);
  for (GroupId key = 0; key < newest_.size(); ++key) {
    if (newest_[key] == 0) {
      continue;
    }
    live_keys.push_back(key);
    for (GroupId id = newest_[key] - 1; id != kNone; id = sessions_[id].older) {
      new_numbers[id] = static_cast<GroupId>(old_numbers.size());
      old_numbers.push_back(id);
    }
  }
  const std::vector<Column> keys = index_->keys(live_keys);
  index_->clear();
  std::vector<GroupId> key_numbers(live_keys.size());
  index_->find_or_insert(keys, {.rows = {}, .all = true}, key_numbers);
  StateArray<Session> sessions;
  StateArray<GroupId> newest;
  newest.grow_to(live_keys.size());
  for (std::size_t i = 0; i < live_keys.size(); ++i) {
    newest[key_numbers[i]] = new_numbers[newest_[live_keys[i]] - 1] + 1;
    for (GroupId id = newest_[live_keys[i]] - 1; id != kNone; id = sessions_[id].older) {
      Session session = sessions_[id];
      session.key = key_numbers[i];
      session.older = session.older == kNone ? kNone : new_numbers[session.older];
      sessions.push_back(session);
    }
  }
  for (const TimeBuckets::Timer& timer : timers_.take_all()) {
    if (new_numbers[timer.id] != kNone) {
      timers_.set(timer.time, new_numbers[timer.id]);
    }
  }
  sessions_ = std::move(sessions);
  newest_ = std::move(newest);
  return old_numbers;
}

std::size_t SessionIndex::memory_bytes() const {
  return index_->memory_bytes() + newest_.memory_bytes() + sessions_.memory_bytes() +
         timers_.memory_bytes();
}

}  // namespace thalweg
