#include "operators/aggregation.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

std::vector<Type> key_types(const AggregationSpec& spec) {
  std::vector<Type> types;
  for (const ExprPtr& key : spec.keys) {
    types.push_back(key->type);
  }
  return types;
}

// Marks the rows of a vector that failed.
void collect_errors(const Vector& vector, const Batch& batch, std::vector<RowError>& errors) {
  if (vector.errors == nullptr) {
    return;
  }
  errors.resize(batch.length, RowError::kNone);
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    const RowIndex row = batch.row(i);
    if (errors[row] == RowError::kNone) {
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
  // Retractions would have to be taken out of the state again; plans that need it are refused.
  TW_CHECK(!spec_.updating_input);
  for (const ExprPtr& key : spec_.keys) {
    keys_.emplace_back(key);
  }
  for (const AggregateCall& call : spec_.aggregates) {
    std::vector<Evaluator>& args = args_.emplace_back();
    for (const ExprPtr& arg : call.args) {
      args.emplace_back(arg);
    }
    for (const AggregateCall::Order& order : call.order_by) {
      args.emplace_back(order.expr);
    }
    filters_.emplace_back();
    if (call.filter != nullptr) {
      filters_.back().emplace(call.filter);
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
  const auto evaluate = [&](Evaluator& evaluator) {
    const Vector vector = evaluator.evaluate(columns.batch, eval_);
    collect_errors(vector, columns.batch, errors);
    return expand(vector, columns.batch.length);
  };
  for (Evaluator& key : keys_) {
    columns.keys.push_back(evaluate(key));
  }
  for (std::size_t i = 0; i < args_.size(); ++i) {
    std::vector<Column>& args = columns.args.emplace_back();
    for (Evaluator& arg : args_[i]) {
      args.push_back(evaluate(arg));
    }
    columns.filters.emplace_back();
    if (filters_[i]) {
      columns.filters.back() = evaluate(*filters_[i]);
    }
  }
  choose_rows(errors, columns, out);
  return columns;
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

GroupTable::GroupTable(const AggregationSpec& spec)
    : spec_(spec), index_(KeyIndex::make(key_types(spec))) {
  for (const AggregateCall& call : spec.aggregates) {
    accumulators_.push_back(Accumulator::make(call));
    distinct_.push_back(nullptr);
    if (call.distinct) {
      distinct_.back() = KeyIndex::make({type_of(TypeKind::kBigint), call.args[0]->type});
    }
  }
}

std::span<const GroupId> GroupTable::find_groups(const AggregateColumns& columns,
                                                 KeyIndex::Rows rows, std::uint32_t count) {
  ids_.resize(count);
  index_->find_or_insert(columns.keys, rows, ids_);
  for (const auto& accumulator : accumulators_) {
    accumulator->grow_to(index_->size());
  }
  return ids_;
}

void GroupTable::add(const AggregateColumns& columns, KeyIndex::Rows rows,
                     std::span<const GroupId> ids) {
  for (std::size_t i = 0; i < accumulators_.size(); ++i) {
    add_one(i, columns, {ids, rows});
  }
}

void GroupTable::add_one(std::size_t aggregate, const AggregateColumns& columns,
                         UpdateRows update) {
  Accumulator& accumulator = *accumulators_[aggregate];
  if (spec_.input == AggregateInput::kPartials) {
    accumulator.merge(update, columns.args[aggregate]);
    return;
  }
  const std::optional<Column>& filter = columns.filters[aggregate];
  KeyIndex* const distinct = distinct_[aggregate].get();
  if (filter || distinct != nullptr) {
    chosen_rows_.clear();
    chosen_ids_.clear();
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      const RowIndex row = update.rows[i];
      if (!filter || (filter->is_valid(row) && filter->bit(row))) {
        chosen_rows_.push_back(row);
        chosen_ids_.push_back(update.ids[i]);
      }
    }
    update = {chosen_ids_, {.rows = chosen_rows_}};
  }
  if (distinct != nullptr) {
    // Only the first row of each value in a group counts.
    ColumnBuilder groups(type_of(TypeKind::kBigint),
                         static_cast<std::uint32_t>(chosen_ids_.size()));
    for (const GroupId id : chosen_ids_) {
      groups.append(std::int64_t{id});
    }
    const std::vector<Column> key{groups.finish(),
                                  gather(columns.args[aggregate][0], chosen_rows_)};
    std::uint32_t seen = distinct->size();
    std::vector<GroupId> numbers(chosen_ids_.size());
    distinct->find_or_insert(key, {.rows = {}, .all = true}, numbers);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] == seen) {
        ++seen;
        chosen_rows_[kept] = chosen_rows_[i];
        chosen_ids_[kept++] = chosen_ids_[i];
      }
    }
    chosen_rows_.resize(kept);
    chosen_ids_.resize(kept);
    update = {chosen_ids_, {.rows = chosen_rows_}};
  }
  accumulator.update(update, columns.args[aggregate], {columns.batch});
}

std::vector<Column> GroupTable::results(std::span<const GroupId> ids,
                                        std::vector<RowIndex>& overflow) const {
  std::vector<Column> columns = index_->keys(ids);
  for (const auto& accumulator : accumulators_) {
    columns.push_back(accumulator->results(ids, overflow));
  }
  std::sort(overflow.begin(), overflow.end());
  overflow.erase(std::unique(overflow.begin(), overflow.end()), overflow.end());
  return columns;
}

std::vector<Column> GroupTable::partials(std::span<const GroupId> ids) const {
  std::vector<Column> columns = index_->keys(ids);
  for (const auto& accumulator : accumulators_) {
    accumulator->append_partials(ids, columns);
  }
  return columns;
}

void GroupTable::ensure_one_group() {
  GroupId id = 0;
  index_->find_or_insert({}, {.rows = {}, .all = true}, {&id, 1});
  for (const auto& accumulator : accumulators_) {
    accumulator->grow_to(1);
  }
}

void GroupTable::clear() {
  index_->clear();
  for (const auto& accumulator : accumulators_) {
    accumulator->clear();
  }
  for (const auto& distinct : distinct_) {
    if (distinct != nullptr) {
      distinct->clear();
    }
  }
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
