#include "operators/session_state.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "columnar/kernels.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

// What each kept row begins with: event time, partition and position.
constexpr std::size_t kOrigins = 3;

std::vector<Type> kept_types(const AggregationSpec& replayed) {
  std::vector<Type> types = {type_of(TypeKind::kTimestamp), type_of(TypeKind::kInt),
                             type_of(TypeKind::kBigint)};
  for (const AggregateCall& call : replayed.aggregates) {
    for (const ExprPtr& arg : call.args) {
      types.push_back(arg->type);
    }
    for (const AggregateCall::Order& order : call.order_by) {
      types.push_back(order.expr->type);
    }
    if (call.filter != nullptr) {
      types.push_back(type_of(TypeKind::kBoolean));
    }
  }
  return types;
}

Column numbers(const Type& type, std::uint32_t length, std::span<const GroupId> values) {
  return fixed_column<std::int64_t>(type, length, [&](std::size_t i) {
    return values.empty() ? static_cast<std::int64_t>(i) : std::int64_t{values[i]};
  });
}

// The rows of an update that a filter lets count.
struct Chosen {
  std::vector<GroupId> ids;
  std::vector<RowIndex> rows;
};

Chosen choose(const Column& filter, std::span<const GroupId> ids, KeyIndex::Rows rows) {
  Chosen chosen;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (filter.is_valid(rows[i]) && filter.bit(rows[i])) {
      chosen.ids.push_back(ids[i]);
      chosen.rows.push_back(rows[i]);
    }
  }
  return chosen;
}

}  // namespace

SessionState::SessionState(const AggregationSpec& spec) {
  replayed_.keys = {column_expr(0, type_of(TypeKind::kBigint), "")};
  for (const AggregateCall& call : spec.aggregates) {
    const bool merges = is_mergeable(call);
    names_.push_back(call.name);
    accumulators_.push_back(merges ? make_accumulator(call, false) : nullptr);
    if (!merges) {
      replayed_.aggregates.push_back(call);
    }
  }
  if (!replayed_.aggregates.empty()) {
    rows_.emplace(kept_types(replayed_));
  }
}

void SessionState::add(const AggregateColumns& columns, SessionIndex& index,
                       std::vector<GroupId>& ids, std::vector<SessionIndex::Merge>& merges) {
  ids.resize(columns.count);
  merges.clear();
  index.add(columns.keys, columns.all_rows(), columns.batch.event_time->values<std::int64_t>(), ids,
            merges);
  grow_to(index.size());
  update(columns, ids);
  if (!merges.empty()) {
    merge(merges);
  }
}

void SessionState::grow_to(std::uint32_t sessions) {
  for (const auto& accumulator : accumulators_) {
    if (accumulator != nullptr) {
      accumulator->grow_to(sessions);
    }
  }
  if (rows_) {
    rows_->grow_to(sessions);
  }
}

Schema SessionState::state_columns() const {
  Schema columns;
  for (std::size_t i = 0; i < accumulators_.size(); ++i) {
    if (accumulators_[i] != nullptr) {
      for (const Field& field : accumulators_[i]->state_columns()) {
        columns.push_back({names_[i] + ": " + field.name, field.type});
      }
    }
  }
  if (rows_) {
    std::string names;
    for (const AggregateCall& call : replayed_.aggregates) {
      names += (names.empty() ? "" : ", ") + call.name;
    }
    columns.push_back({names + ": rows", type_of(TypeKind::kBytea)});
  }
  return columns;
}

std::vector<Column> SessionState::state(std::span<const GroupId> ids) {
  std::vector<Column> columns;
  for (const auto& accumulator : accumulators_) {
    if (accumulator != nullptr) {
      accumulator->append_state(ids, columns);
    }
  }
  if (rows_) {
    columns.push_back(rows_->encoded(ids));
  }
  return columns;
}

Status SessionState::restore(std::span<const GroupId> ids, std::span<const Column> state) {
  for (const auto& accumulator : accumulators_) {
    if (accumulator != nullptr) {
      const std::size_t count = accumulator->state_columns().size();
      TW_TRY(accumulator->restore_state({.ids = ids, .rows = {.rows = {}, .all = true}},
                                        state.first(count)));
      state = state.subspan(count);
    }
  }
  return !rows_ || rows_->restore(ids, state[0]) ? Status() : wrong_state("not the bytes of rows");
}

void SessionState::update(const AggregateColumns& columns, std::span<const GroupId> ids) {
  const KeyIndex::Rows rows = columns.all_rows();
  for (std::size_t i = 0; i < accumulators_.size(); ++i) {
    if (accumulators_[i] == nullptr) {
      continue;
    }
    UpdateRows update{.ids = ids, .rows = rows};
    Chosen chosen;
    if (columns.filters[i]) {
      chosen = choose(*columns.filters[i], ids, rows);
      update.ids = chosen.ids;
      update.rows = {.rows = chosen.rows};
    }
    accumulators_[i]->update(update, columns.args[i], columns.batch);
  }
  if (rows_) {
    rows_->append(ids, rows, kept_columns(columns));
  }
}

std::vector<Column> SessionState::kept_columns(const AggregateColumns& columns) const {
  const Batch& batch = columns.batch;
  const auto or_nulls = [&](const std::optional<Column>& column, TypeKind kind) {
    return column ? *column : null_column(type_of(kind), batch.length);
  };
  std::vector<Column> kept = {or_nulls(batch.event_time, TypeKind::kTimestamp),
                              or_nulls(batch.partition, TypeKind::kInt),
                              or_nulls(batch.position, TypeKind::kBigint)};
  for (std::size_t i = 0; i < accumulators_.size(); ++i) {
    if (accumulators_[i] == nullptr) {
      kept.insert(kept.end(), columns.args[i].begin(), columns.args[i].end());
      if (columns.filters[i]) {
        kept.push_back(*columns.filters[i]);
      }
    }
  }
  return kept;
}

void SessionState::merge(std::span<const SessionIndex::Merge> merges) {
  std::vector<GroupId> from;
  std::vector<GroupId> into;
  for (const SessionIndex::Merge& merge : merges) {
    from.push_back(merge.from);
    into.push_back(merge.into);
    if (rows_) {
      rows_->merge(merge.from, merge.into);
    }
  }
  for (const auto& accumulator : accumulators_) {
    if (accumulator != nullptr) {
      std::vector<Column> partials;
      accumulator->append_partials(from, partials);
      accumulator->merge({.ids = into, .rows = {.rows = {}, .all = true}}, partials);
    }
  }
}

std::vector<Column> SessionState::results(std::span<const GroupId> ids,
                                          std::vector<RowIndex>& overflow) {
  std::vector<Column> replayed;
  if (rows_) {
    replayed = replay(ids, overflow);
  }
  std::vector<Column> columns;
  auto next_replayed = replayed.begin();
  for (const auto& accumulator : accumulators_) {
    columns.push_back(accumulator != nullptr ? accumulator->results(ids, overflow)
                                             : std::move(*next_replayed++));
  }
  std::sort(overflow.begin(), overflow.end());
  overflow.erase(std::unique(overflow.begin(), overflow.end()), overflow.end());
  return columns;
}

std::vector<Column> SessionState::replay(std::span<const GroupId> ids,
                                         std::vector<RowIndex>& overflow) {
  KeptRows::Rows rows = rows_->read(ids);
  const Type bigint = type_of(TypeKind::kBigint);
  AggregateColumns columns;
  columns.count = columns.batch.length = static_cast<std::uint32_t>(rows.places.size());
  columns.keys = {numbers(bigint, columns.count, rows.places)};
  columns.batch.event_time = rows.columns[0];
  columns.batch.partition = rows.columns[1];
  columns.batch.position = rows.columns[2];
  std::size_t next = kOrigins;
  for (const AggregateCall& call : replayed_.aggregates) {
    std::vector<Column>& args = columns.args.emplace_back();
    for (std::size_t i = 0; i < call.args.size() + call.order_by.size(); ++i) {
      args.push_back(rows.columns[next++]);
    }
    columns.filters.emplace_back();
    if (call.filter != nullptr) {
      columns.filters.back() = rows.columns[next++];
    }
  }
  // Every session has rows, so that the groups are numbered as the sessions' places.
  GroupTable table(replayed_);
  table.add(columns, columns.all_rows(), columns.count);
  std::vector<GroupId> places(ids.size());
  std::iota(places.begin(), places.end(), 0);
  std::vector<Column> results = table.results(places, overflow);
  results.erase(results.begin());
  return results;
}

void SessionState::compact(std::span<const GroupId> old_numbers) {
  const auto count = static_cast<std::uint32_t>(old_numbers.size());
  std::vector<GroupId> new_numbers(count);
  std::iota(new_numbers.begin(), new_numbers.end(), 0);
  for (const auto& accumulator : accumulators_) {
    if (accumulator != nullptr) {
      std::vector<Column> partials;
      accumulator->append_partials(old_numbers, partials);
      accumulator->clear();
      accumulator->grow_to(count);
      accumulator->merge({.ids = new_numbers, .rows = {.rows = {}, .all = true}}, partials);
    }
  }
  if (rows_) {
    rows_->compact(old_numbers);
  }
}

std::size_t SessionState::memory_bytes() const {
  std::size_t bytes = rows_ ? rows_->memory_bytes() : 0;
  for (const auto& accumulator : accumulators_) {
    bytes += accumulator != nullptr ? accumulator->memory_bytes() : 0;
  }
  return bytes;
}

}  // namespace thalweg
