#include "operators/session_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "columnar/kernels.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

Column timestamps(std::span<const std::int64_t> micros) {
  return fixed_column<std::int64_t>(type_of(TypeKind::kTimestamp), micros.size(),
                                    [&](std::size_t i) { return micros[i]; });
}

}  // namespace

SessionRowsTable::SessionRowsTable(const Form& form, SessionIndex& index)
    : PaneRows({.name = form.name,
                .keys = form.keys,
                .panes = PaneColumns::kNone,
                .other_keys = {{form.time, type_of(TypeKind::kTimestamp)}},
                .values = form.values}),
      index_(index) {}

void SessionRowsTable::note_changes() {
  changed_.start();
  for (GroupId id = 0; id < index_.size(); ++id) {
    if (has_row(0, id)) {
      saved_time(id) = time_of(id);
    }
  }
}

std::int64_t& SessionRowsTable::saved_time(GroupId id) {
  const std::size_t known = saved_.size();
  saved_.grow_to(id + 1);
  std::fill(saved_.data() + known, saved_.data() + saved_.size(), kUnsaved);
  return saved_[id];
}

std::vector<Column> SessionRowsTable::keys_at(std::span<const GroupId> ids,
                                              std::span<const std::int64_t> times) {
  std::vector<Column> columns = index_.keys(ids);
  columns.push_back(timestamps(times));
  return columns;
}

std::vector<Column> SessionRowsTable::keys_of(std::size_t /*part*/, std::span<const GroupId> ids) {
  std::vector<std::int64_t> times;
  for (const GroupId id : ids) {
    times.push_back(time_of(id));
  }
  return keys_at(ids, times);
}

ChangedRowsTable::Changed SessionRowsTable::take_changed() {
  Part part;
  std::vector<GroupId> gone;
  for (const GroupId id : changed_.take()) {
    if (!has_row(0, id)) {
      gone.push_back(id);
      continue;
    }
    if (saved_time(id) != time_of(id)) {
      gone.push_back(id);
    }
    part.ids.push_back(id);
  }
  note_erased(gone);
  for (const GroupId id : part.ids) {
    saved_time(id) = time_of(id);
  }
  Changed changed;
  changed.erased = std::exchange(erased_, {});
  if (!part.ids.empty()) {
    changed.parts.push_back(std::move(part));
  }
  return changed;
}

// Those of the rows that the state has.
void SessionRowsTable::note_erased(std::span<const GroupId> ids) {
  std::vector<GroupId> saved;
  std::vector<std::int64_t> times;
  for (const GroupId id : ids) {
    if (const std::int64_t time = std::exchange(saved_time(id), kUnsaved); time != kUnsaved) {
      saved.push_back(id);
      times.push_back(time);
    }
  }
  if (!saved.empty()) {
    erased_.push_back(keys_at(saved, times));
  }
}

void SessionRowsTable::before_compact() {
  if (!changed_.on()) {
    return;
  }
  std::vector<GroupId> changed = changed_.take();
  const auto gone = std::stable_partition(changed.begin(), changed.end(),
                                          [this](GroupId id) { return has_row(0, id); });
  note_erased({gone, changed.end()});
  changed.erase(gone, changed.end());
  changed_.mark(changed);
}

void SessionRowsTable::after_compact(std::span<const GroupId> old_numbers) {
  if (!changed_.on()) {
    return;
  }
  changed_.renumber(old_numbers);
  StateArray<std::int64_t> saved;
  for (const GroupId id : old_numbers) {
    saved.push_back(saved_time(id));
  }
  saved_ = std::move(saved);
}

SessionTable::SessionTable(const Schema& keys, SessionIndex& index, SessionContents& contents)
    : SessionRowsTable({.name = "sessions",
                        .keys = keys,
                        .time = "first row",
                        .values =
                            [&] {
                              Schema values = {{"last row", type_of(TypeKind::kTimestamp)}};
                              std::ranges::move(contents.state_columns(),
                                                std::back_inserter(values));
                              return values;
                            }()},
                       index),
      contents_(contents) {}

bool SessionTable::has_row(std::size_t /*part*/, GroupId id) { return index().is_open(id); }

std::vector<Column> SessionTable::values_of(std::size_t /*part*/, std::span<const GroupId> ids) {
  std::vector<std::int64_t> lasts;
  for (const GroupId id : ids) {
    lasts.push_back(index().last(id));
  }
  std::vector<Column> columns = {timestamps(lasts)};
  std::ranges::move(contents_.state(ids), std::back_inserter(columns));
  return columns;
}

Status SessionTable::put(const Rows& rows) {
  const std::span<const std::int64_t> firsts = rows.others[0].values<std::int64_t>();
  const std::span<const std::int64_t> lasts = rows.others[1].values<std::int64_t>();
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    if (lasts[i] < firsts[i]) {
      return wrong("a session that ends before it begins");
    }
  }
  std::vector<GroupId> ids(rows.rows.size());
  index().restore(rows.keys, firsts, lasts, ids);
  contents_.grow_to(index().size());
  return contents_.restore(ids, rows.others.subspan(2));
}

Status SessionTable::erase(const Rows& rows) {
  index().remove(rows.keys, rows.others[0].values<std::int64_t>());
  return {};
}

}  // namespace thalweg
