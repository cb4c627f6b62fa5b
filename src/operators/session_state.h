#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "operators/accumulator.h"
#include "operators/aggregation.h"
#include "operators/group_table.h"
#include "operators/session_table.h"
#include "state/kept_rows.h"
#include "state/session_index.h"

namespace thalweg {

// The aggregates of sessions, by session number. Aggregates whose parts can be merged are kept as
// such; for the others (DISTINCT, array_agg, first_value, ...) the rows are, and computed over when
// the session has ended.
class SessionState final : public SessionContents {
 public:
  explicit SessionState(const AggregationSpec& spec);

  // Finds the session of each row in `index`, whose numbers these are, and adds the row to it.
  // `ids` and `merges` get the rows' sessions and those that became one.
  void add(const AggregateColumns& columns, SessionIndex& index, std::vector<GroupId>& ids,
           std::vector<SessionIndex::Merge>& merges);

  // One column per aggregate.
  std::vector<Column> results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow);

  // See SessionIndex::compact().
  void compact(std::span<const GroupId> old_numbers);

  void grow_to(std::uint32_t sessions) override;
  Schema state_columns() const override;
  std::vector<Column> state(std::span<const GroupId> ids) override;
  Status restore(std::span<const GroupId> ids, std::span<const Column> state) override;

  std::size_t memory_bytes() const;

 private:
  void update(const AggregateColumns& columns, std::span<const GroupId> ids);
  void merge(std::span<const SessionIndex::Merge> merges);
  std::vector<Column> replay(std::span<const GroupId> ids, std::vector<RowIndex>& overflow);
  std::vector<Column> kept_columns(const AggregateColumns& columns) const;

  std::vector<std::string> names_;  // By aggregate.
  // By aggregate; null where rows are kept.
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  AggregationSpec replayed_;  // The others, by place of their session among those that end.
  std::optional<KeptRows> rows_;
};

}  // namespace thalweg
