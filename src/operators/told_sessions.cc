#include "operators/told_sessions.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "operators/fixed_column.h"
#include "operators/group_state.h"

namespace thalweg {
namespace {

constexpr std::size_t kBoundColumns = 3;

std::vector<Type> told_types(const AggregationSpec& spec) {
  std::vector<Type> types(kBoundColumns, type_of(TypeKind::kTimestamp));
  std::ranges::move(result_types(spec), std::back_inserter(types));
  return types;
}

Schema told_values(const AggregationSpec& spec) {
  Schema columns = {{"window_end", type_of(TypeKind::kTimestamp)}};
  for (const AggregateCall& call : spec.aggregates) {
    columns.push_back({call.name + ": told", call.type});
  }
  return columns;
}

}  // namespace

ToldSessions::ToldSessions(const AggregationSpec& spec, SessionIndex& index)
    : SessionRowsTable({.name = "told",
                        .keys = key_schema(spec),
                        .time = "window_start",
                        .values = told_values(spec)},
                       index),
      keys_(spec.keys.size()),
      told_(told_types(spec)) {}

ToldRows::Changes ToldSessions::tell(std::span<const GroupId> ids, std::span<const RowIndex> rows,
                                     std::span<const Column> now) {
  ToldRows::Changes changes = told_.tell(ids, rows, now);
  for (const std::uint32_t place : changes.places) {
    const RowIndex row = rows[place];
    if (row != ToldRows::kNoRow) {
      note(ids[place], {now[0].values<std::int64_t>()[row], now[1].values<std::int64_t>()[row]});
    }
    mark({&ids[place], 1});
  }
  return changes;
}

void ToldSessions::note(GroupId id, Bounds bounds) {
  bounds_.grow_to(id + 1);
  bounds_[id] = bounds;
}

void ToldSessions::renumber(std::span<const GroupId> old_numbers) {
  StateArray<Bounds> bounds;
  for (const GroupId id : old_numbers) {
    bounds.push_back(id < bounds_.size() ? bounds_[id] : Bounds{});
  }
  bounds_ = std::move(bounds);
  told_.renumber(old_numbers);
  after_compact(old_numbers);
}

bool ToldSessions::has_row(std::size_t /*part*/, GroupId id) { return told_.has(id); }

std::vector<Column> ToldSessions::values_of(std::size_t /*part*/, std::span<const GroupId> ids) {
  std::vector<Column> columns = told_.rows(ids);
  std::vector<Column> values = {columns[1]};
  values.insert(values.end(), columns.begin() + static_cast<std::ptrdiff_t>(kBoundColumns + keys_),
                columns.end());
  return values;
}

Status ToldSessions::put(const Rows& rows) {
  const std::span<const std::int64_t> starts = rows.others[0].values<std::int64_t>();
  const std::span<const std::int64_t> ends = rows.others[1].values<std::int64_t>();
  std::vector<GroupId> ids;
  for (RowIndex row = 0; row < starts.size(); ++row) {
    if (ends[row] <= starts[row]) {
      return wrong("a session that ends before it begins");
    }
    const std::pair key{index().key_number(rows.keys, row), starts[row]};
    const auto found = restored_.find(key);
    ids.push_back(found == restored_.end() ? index().add_ended(key.first) : found->second);
    restored_.emplace(key, ids.back());
    note(ids.back(), {starts[row], ends[row]});
  }
  std::vector<Column> told = {
      rows.others[0], rows.others[1],
      fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), ends.size(),
                                 [&](std::size_t i) { return ends[i] - 1; })};
  told.insert(told.end(), rows.keys.begin(), rows.keys.end());
  told.insert(told.end(), rows.others.begin() + 2, rows.others.end());
  told_.restore(ids, rows.rows, told);
  return {};
}

Status ToldSessions::erase(const Rows& rows) {
  const std::span<const std::int64_t> starts = rows.others[0].values<std::int64_t>();
  for (RowIndex row = 0; row < starts.size(); ++row) {
    const auto found = restored_.find({index().key_number(rows.keys, row), starts[row]});
    if (found != restored_.end()) {
      told_.forget(found->second);
      restored_.erase(found);
    }
  }
  return {};
}

void ToldSessions::note_changes() {
  // Of what has been told of one session now, that which begins with it comes first.
  for (const bool begins_with_it : {true, false}) {
    for (const auto& [key, id] : restored_) {
      const std::optional<GroupId> session = index().find(key.first, key.second);
      if (told_.has(id) && session && !told_.has(*session) &&
          (!begins_with_it || index().first(*session).micros == key.second)) {
        told_.move(id, *session);
        note(*session, bounds_[id]);
      }
    }
  }
  restored_.clear();
  SessionRowsTable::note_changes();
}

}  // namespace thalweg
