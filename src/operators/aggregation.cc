#include "operators/aggregation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "operators/accumulator.h"

namespace thalweg {
namespace {

// Notes the rows of a vector that failed, unless `filter` keeps them from counting.
void collect_errors(const Vector& vector, const Batch& batch, const std::optional<Column>& filter,
                    std::vector<RowError>& errors) {
  if (vector.errors == nullptr) {
    return;
  }
  errors.resize(batch.length, RowError::kNone);
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    const RowIndex row = batch.row(i);
    const bool counts = !filter || (filter->is_valid(row) && filter->bit(row));
    if (counts && errors[row] == RowError::kNone) {
      errors[row] = vector.error(row);
    }
  }
}

// Keeps the rows without an error; the others are rejected.
void choose_rows(const std::vector<RowError>& errors, AggregateColumns& columns, Emitter& out) {
  const Batch& batch = columns.batch;
  columns.count = batch.num_rows();
  columns.all = batch.selection == nullptr;
  if (errors.empty()) {
    if (!columns.all) {
      columns.rows = *batch.selection;
    }
    return;
  }
  std::array<std::vector<RowIndex>, kRowErrorCount> failed;
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    const RowIndex row = batch.row(i);
    if (errors[row] == RowError::kNone) {
      columns.rows.push_back(row);
    } else {
      failed[static_cast<std::size_t>(errors[row])].push_back(row);
    }
  }
  for (std::size_t error = 0; error < failed.size(); ++error) {
    if (!failed[error].empty()) {
      out.reject(batch, failed[error], static_cast<RowError>(error));
    }
  }
  columns.all = false;
  columns.count = static_cast<std::uint32_t>(columns.rows.size());
}

}  // namespace

bool is_mergeable(const std::vector<AggregateCall>& aggregates) {
  return std::all_of(aggregates.begin(), aggregates.end(),
                     [](const AggregateCall& call) { return is_mergeable(call); });
}

std::vector<Type> key_types(const AggregationSpec& spec) {
  std::vector<Type> types;
  for (const ExprPtr& key : spec.keys) {
    types.push_back(key->type);
  }
  return types;
}

std::vector<Type> partial_types(const AggregationSpec& spec) {
  std::vector<Type> types = key_types(spec);
  for (const AggregateCall& call : spec.aggregates) {
    for (Type& type : partial_types(call)) {
      types.push_back(std::move(type));
    }
  }
  return types;
}

std::vector<Type> result_types(const AggregationSpec& spec) {
  std::vector<Type> types = key_types(spec);
  for (const AggregateCall& call : spec.aggregates) {
    types.push_back(call.type);
  }
  return types;
}

Aggregation::Aggregation(AggregationSpec spec) : spec_(std::move(spec)) {
  for (const ExprPtr& key : spec_.keys) {
    keys_.push_back(expressions_.add(key));
  }
  for (const AggregateCall& call : spec_.aggregates) {
    std::vector<std::size_t>& args = args_.emplace_back();
    for (const ExprPtr& arg : call.args) {
      args.push_back(expressions_.add(arg));
    }
    for (const AggregateCall::Order& order : call.order_by) {
      args.push_back(expressions_.add(order.expr));
    }
    filters_.emplace_back();
    if (call.filter != nullptr) {
      filters_.back() = expressions_.add(call.filter);
    }
  }
}

AggregateColumns Aggregation::prepare(Batch batch, Emitter& out) {
  if (spec_.input == AggregateInput::kPartials) {
    return prepare_partials(std::move(batch));
  }
  AggregateColumns columns;
  columns.batch = std::move(batch);
  std::vector<RowError> errors;
  for (const std::size_t key : keys_) {
    const auto& [vector, column] = expressions_.compute(key, columns.batch, context_);
    collect_errors(vector, columns.batch, std::nullopt, errors);
    columns.keys.push_back(column);
  }
  for (std::size_t i = 0; i < args_.size(); ++i) {
    evaluate_aggregate(i, columns, errors);
  }
  expressions_.end_batch();
  choose_rows(errors, columns, out);
  return columns;
}

void Aggregation::evaluate_aggregate(std::size_t aggregate, AggregateColumns& columns,
                                     std::vector<RowError>& errors) {
  std::optional<Column>& filter = columns.filters.emplace_back();
  if (filters_[aggregate]) {
    const auto& [vector, column] =
        expressions_.compute(*filters_[aggregate], columns.batch, context_);
    collect_errors(vector, columns.batch, std::nullopt, errors);
    filter = column;
  }
  std::vector<Column>& args = columns.args.emplace_back();
  for (const std::size_t arg : args_[aggregate]) {
    const auto& [vector, column] = expressions_.compute(arg, columns.batch, context_);
    collect_errors(vector, columns.batch, filter, errors);
    args.push_back(column);
  }
}

AggregateColumns Aggregation::prepare_partials(Batch batch) const {
  AggregateColumns columns;
  columns.count = batch.num_rows();
  columns.all = batch.selection == nullptr;
  if (!columns.all) {
    columns.rows = *batch.selection;
  }
  std::size_t next = 0;
  for (; next < spec_.keys.size(); ++next) {
    columns.keys.push_back(batch.columns[next]);
  }
  for (const AggregateCall& call : spec_.aggregates) {
    std::vector<Column>& args = columns.args.emplace_back();
    for (std::size_t i = 0; i < partial_types(call).size(); ++i) {
      args.push_back(batch.columns[next++]);
    }
    columns.filters.emplace_back();
  }
  columns.batch = std::move(batch);
  return columns;
}

void emit_results(Batch batch, const std::vector<RowIndex>& overflow, Emitter& out) {
  if (!overflow.empty()) {
    out.reject(batch, overflow, RowError::kOverflow);
    std::vector<RowIndex> kept;
    for (RowIndex row = 0; row < batch.length; ++row) {
      if (!std::binary_search(overflow.begin(), overflow.end(), row)) {
        kept.push_back(row);
      }
    }
    batch = std::move(batch).select(std::move(kept));
  }
  out.emit(Port::kMain, std::move(batch));
}

}  // namespace thalweg
