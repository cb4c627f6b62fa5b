#pragma once

#include <cstdint>
#include <memory>

#include "operators/aggregation_spec.h"
#include "operators/idle_keys.h"
#include "stream/operator.h"

namespace thalweg {

enum class GroupEmit : std::uint8_t {
  kAtEnd,    // One final row per key when the input has ended; append-only.
  kChanges,  // After each batch the net change of each key it touched: -old and +new, adjacent.
};

struct GroupAggregateSpec {
  AggregationSpec aggregation;
  GroupEmit emit = GroupEmit::kAtEnd;
  // No keys: this instance answers for an input without rows. Exactly one instance of a job must.
  bool answers_for_empty_input = true;
  // kChanges with keys: groups that no row touches go, without a word; one that comes again begins
  // anew.
  StateTtl ttl = {};
};

// GROUP BY without a window: keys, then aggregates, without event time. Without keys it yields one
// row, also over no rows. Results that a change leaves as they were are not repeated.
std::unique_ptr<Operator> make_group_aggregate(GroupAggregateSpec spec);

}  // namespace thalweg
