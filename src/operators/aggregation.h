#pragma once

#include <memory>
#include <vector>

#include "expr/evaluator.h"
#include "operators/accumulator.h"
#include "operators/aggregation_spec.h"
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

// The groups of one table, that of a window or of a whole GROUP BY.
class GroupTable {
 public:
  explicit GroupTable(const AggregationSpec& spec);

  // The groups of these rows; new ones are made. Valid until the next call.
  std::span<const GroupId> find_groups(const AggregateColumns& columns, KeyIndex::Rows rows,
                                       std::uint32_t count);
  void add(const AggregateColumns& columns, KeyIndex::Rows rows, std::span<const GroupId> ids);

  // Keys, then aggregates, of these groups; groups with a result that does not fit go to
  // `overflow`.
  std::vector<Column> results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) const;
  // Keys, then each aggregate's partial state.
  std::vector<Column> partials(std::span<const GroupId> ids) const;

  std::uint32_t size() const { return index_->size(); }
  void ensure_one_group();
  void clear();

 private:
  void add_one(std::size_t aggregate, const AggregateColumns& columns, UpdateRows update);

  const AggregationSpec& spec_;
  std::unique_ptr<KeyIndex> index_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;
  std::vector<std::unique_ptr<KeyIndex>> distinct_;  // Per aggregate; nullptr when not DISTINCT.
  std::vector<GroupId> ids_;
  // Rows chosen by FILTER and DISTINCT.
  std::vector<RowIndex> chosen_rows_;
  std::vector<GroupId> chosen_ids_;
};

// Computes an aggregate's keys, arguments and filters for whole batches.
class Aggregation {
 public:
  explicit Aggregation(AggregationSpec spec);

  const AggregationSpec& spec() const { return spec_; }

  // Rejects rows on which a key, argument or filter fails.
  AggregateColumns prepare(Batch batch, Emitter& out);

  std::unique_ptr<GroupTable> make_table() const { return std::make_unique<GroupTable>(spec_); }

 private:
  AggregateColumns prepare_partials(Batch batch) const;

  const AggregationSpec spec_;
  std::vector<Evaluator> keys_;
  std::vector<std::vector<Evaluator>> args_;
  std::vector<std::optional<Evaluator>> filters_;
  EvalContext eval_;
};

// Emits a batch of results without the rows in `overflow`, which are rejected.
void emit_results(Batch batch, const std::vector<RowIndex>& overflow, Emitter& out);

}  // namespace thalweg
