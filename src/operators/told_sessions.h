#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "operators/aggregation_spec.h"
#include "operators/session_table.h"
#include "operators/told_rows.h"

namespace thalweg {

// The results that have been told of sessions: window_start, window_end, window_time, keys,
// aggregates. Kept by session number, also of sessions that are part of others by now.
class ToldSessions final : public SessionRowsTable {
 public:
  ToldSessions(const AggregationSpec& spec, SessionIndex& index);

  // See ToldRows.
  ToldRows::Changes tell(std::span<const GroupId> ids, std::span<const RowIndex> rows,
                         std::span<const Column> now);
  bool has(GroupId id) const { return told_.has(id); }
  void forget(GroupId id) {
    told_.forget(id);
    mark({&id, 1});
  }
  // Where the session ended when it was told. Requires: has(id).
  EventTime end(GroupId id) const { return {bounds_[id].end}; }

  // After SessionIndex::compact().
  void renumber(std::span<const GroupId> old_numbers);

  // Finds the sessions of what has been restored, if it has been, which must be back before.
  void note_changes() override;

 protected:
  std::int64_t time_of(GroupId id) override { return bounds_[id].start; }
  bool has_row(std::size_t part, GroupId id) override;
  std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override;
  Status put(const Rows& rows) override;
  Status erase(const Rows& rows) override;

 private:
  struct Bounds {
    std::int64_t start;
    std::int64_t end;
  };

  void note(GroupId id, Bounds bounds);

  const std::size_t keys_;
  ToldRows told_;
  StateArray<Bounds> bounds_;  // By session, as told.
  // Restored: numbers by key and start, which are of no session yet.
  std::map<std::pair<GroupId, std::int64_t>, GroupId> restored_;
};

}  // namespace thalweg
