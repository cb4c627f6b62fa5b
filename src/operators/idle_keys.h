#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "state/key_index.h"
#include "state/key_table.h"
#include "state/state_array.h"
#include "stream/operator.h"

namespace thalweg {

// How long a key is kept that no row touches, by which clock; 0: for ever.
struct StateTtl {
  std::int64_t micros = 0;
  Clock clock = Clock::kWatermark;
};

// When to look for keys that are idle after a look at `now`: eight times in a ttl. A multiple of
// the time between two looks, so that a restart does not move them.
EventTime next_look(EventTime now, std::int64_t ttl_micros);
// The same after a restart there, where there may have been no look yet.
EventTime next_look_restored(EventTime watermark, std::int64_t ttl_micros);

// Knows since when the keys of a table are idle. Whether some have been so for too long is looked
// at eight times in a ttl, so that looking costs little: a key goes after the ttl, and before an
// eighth more has passed.
class IdleKeys {
 public:
  explicit IdleKeys(StateTtl ttl) : ttl_(ttl) {}

  bool on() const { return ttl_.micros > 0; }

  // The keys `ids` have been touched by `rows` of the batch. Requires: event times, by kWatermark.
  void touch(const Batch& batch, KeyIndex::Rows rows, std::span<const GroupId> ids);

  // The keys that stay of all there are, ascending; nothing where none goes.
  std::optional<std::vector<GroupId>> find_kept(Clock clock, EventTime now);

  // They are numbered anew from 0.
  void keep_only(std::span<const GroupId> kept) { last_.keep_only(kept); }

  // For a restart: BIGINT, since when these keys are idle, and the same put back in rows[i] of a
  // column; nothing for keys that are gone.
  Column since(std::span<const GroupId> ids) const;
  void restore(std::span<const GroupId> ids, KeyIndex::Rows rows, const Column& since);
  void restore_as_gone(std::span<const GroupId> ids);
  // When all is back: those of `count` keys that are not gone, ascending.
  std::vector<GroupId> restored(std::uint32_t count, EventTime watermark);

 private:
  void grow_to(std::size_t count);

  const StateTtl ttl_;
  StateArray<std::int64_t> last_;  // By key: the latest time.
  EventTime wall_ = kStartOfTime;
  EventTime next_look_ = kStartOfTime;
};

// Since when keys are idle, for a restart. To be marked whenever they are touched.
class IdleKeysState final : public KeyTable {
 public:
  // Borrows `idle`, and the index as KeyTable does.
  IdleKeysState(IdleKeys& idle, std::span<const Type> key_types,
                const std::unique_ptr<KeyIndex>& index);

 protected:
  std::vector<Column> values_of(std::size_t /*part*/, std::span<const GroupId> ids) override {
    return {idle_.since(ids)};
  }
  Status restore(std::span<const GroupId> ids, std::span<const Column> values) override {
    idle_.restore(ids, {.rows = {}, .all = true}, values[0]);
    return {};
  }

 private:
  IdleKeys& idle_;
};

}  // namespace thalweg
