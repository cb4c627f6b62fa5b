#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "expr/aggregate.h"
#include "state/key_index.h"

namespace thalweg {

// Where a row stands in its input, for aggregates whose result depends on it.
struct RowOrder {
  const Batch& batch;  // For event_time, partition and position.
};

// The rows of one update: group ids[i] gets row rows[i].
struct UpdateRows {
  std::span<const GroupId> ids;
  KeyIndex::Rows rows;
};

// The state of one aggregate for all groups of a table, by group number. One virtual call a batch;
// typed loops inside.
class Accumulator {
 public:
  // Requires: `call` is not DISTINCT, or distinct rows are chosen before update().
  static std::unique_ptr<Accumulator> make(const AggregateCall& call);
  virtual ~Accumulator() = default;

  // Makes room for groups 0 to count - 1; new ones are empty.
  virtual void grow_to(std::uint32_t count) = 0;

  // Requires: `args` has the call's arguments, then its ORDER BY expressions.
  virtual void update(const UpdateRows& update, std::span<const Column> args,
                      const RowOrder& order) = 0;

  // The results of these groups. `overflow` gets the place of each group whose result does not fit.
  virtual Column results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) const = 0;

  // Mergeable aggregates only: the state of these groups as columns of partial_types(call), and
  // such columns taken in.
  virtual void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) const;
  virtual void merge(const UpdateRows& update, std::span<const Column> partials);

  // Forgets all groups and keeps the memory.
  virtual void clear() = 0;
};

bool is_mergeable(const AggregateCall& call);

// Types of append_partials(). Requires: is_mergeable(call).
std::vector<Type> partial_types(const AggregateCall& call);

}  // namespace thalweg
