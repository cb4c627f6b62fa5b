#pragma once

#include <optional>
#include <vector>

#include "operators/aggregation_spec.h"
#include "operators/shared_expressions.h"
#include "state/key_index.h"
#include "stream/operator.h"

namespace thalweg {

// The columns that one batch brings to an aggregate, and its rows that did not fail.
struct AggregateColumns {
  Batch batch;
  std::vector<Column> keys;
  std::vector<std::vector<Column>> args;       // Per aggregate: arguments, then ORDER BY.
  std::vector<std::optional<Column>> filters;  // Per aggregate: BOOLEAN.
  std::vector<RowIndex> rows;                  // Unless all.
  bool all = true;
  std::uint32_t count = 0;

  KeyIndex::Rows all_rows() const { return {.rows = rows, .all = all}; }
};

// Computes an aggregate's keys, arguments and filters for whole batches.
class Aggregation {
 public:
  explicit Aggregation(AggregationSpec spec);

  const AggregationSpec& spec() const { return spec_; }

  void set_time(Clock clock, EventTime now) {
    (clock == Clock::kWall ? context_.now : context_.watermark) = now;
  }

  // Rejects rows on which a key, filter or argument fails; an argument only where the filter lets
  // the row count.
  AggregateColumns prepare(Batch batch, Emitter& out);

 private:
  AggregateColumns prepare_partials(Batch batch) const;
  void evaluate_aggregate(std::size_t aggregate, AggregateColumns& columns,
                          std::vector<RowError>& errors);

  const AggregationSpec spec_;
  SharedExpressions expressions_;
  // Numbers of expressions.
  std::vector<std::size_t> keys_;
  std::vector<std::vector<std::size_t>> args_;
  std::vector<std::optional<std::size_t>> filters_;
  EvalContext context_;
};

// Types of the keys.
std::vector<Type> key_types(const AggregationSpec& spec);

// Emits a batch of results without the rows in `overflow`, which are rejected.
void emit_results(Batch batch, const std::vector<RowIndex>& overflow, Emitter& out);

}  // namespace thalweg
