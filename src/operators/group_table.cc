#include "operators/group_table.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

// Whether the aggregate is the number of rows that the index was asked for.
bool index_can_count(const AggregateCall& call, const AggregationSpec& spec) {
  return call.kind == AggregateKind::kCountStar && call.filter == nullptr && !spec.updating_input &&
         spec.input == AggregateInput::kRows;
}

}  // namespace

GroupTable::GroupTable(const AggregationSpec& spec, RowCounter row_counter) : spec_(spec) {
  bool index_counts = false;
  for (const AggregateCall& call : spec.aggregates) {
    Slot& slot = slots_.emplace_back();
    if (row_counter == RowCounter::kIndex && index_can_count(call, spec)) {
      index_counts = true;
      continue;
    }
    index_has_all_ = false;
    slot.accumulator = make_accumulator(call, spec.updating_input);
    if (call.distinct) {
      use_distinct_values(slots_.size() - 1);
    }
  }
  index_has_all_ &= index_counts;
  index_ = KeyIndex::make(key_types(spec),
                          index_counts ? KeyIndex::RowCounts::kKept : KeyIndex::RowCounts::kNone);
}

std::vector<RowIndex> GroupTable::add(const AggregateColumns& columns, KeyIndex::Rows rows,
                                      std::uint32_t count) {
  if (index_has_all_ && !changed_.waits()) {
    index_->count_rows(columns.keys, rows, count, changed_.marks(index_->size() + count));
    return {};
  }
  return update(columns, rows, find_groups(columns, rows, count));
}

std::span<const GroupId> GroupTable::find_groups(const AggregateColumns& columns,
                                                 KeyIndex::Rows rows, std::uint32_t count) {
  ids_.resize(count);
  if (changed_.waits()) {  // The index may be about to count the rows.
    index_->place(columns.keys, rows, ids_);
    changed_.save(ids_);
  }
  index_->find_or_insert(columns.keys, rows, ids_);
  grow_to_index();
  return ids_;
}

void GroupTable::grow_to_index() {
  for (const Slot& slot : slots_) {
    if (slot.accumulator != nullptr) {
      slot.accumulator->grow_to(index_->size());
    }
  }
  if (spec_.updating_input) {
    live_rows_.grow_to(index_->size());
  }
}

// Counts the rows of each group, and leaves out of `update` those that take back what is not there.
std::vector<RowIndex> GroupTable::count_live(UpdateRows& update) {
  std::vector<RowIndex> missing;
  if (update.changes == nullptr) {
    for (const GroupId id : update.ids) {
      ++live_rows_[id];
    }
    return missing;
  }
  std::vector<RowIndex> rows;
  std::vector<GroupId> ids;
  for_each_row(update, [&](GroupId id, RowIndex row) {
    const std::int64_t live = live_rows_[id] + update.changes[row];
    if (live < 0) {
      missing.push_back(row);
      return;
    }
    live_rows_[id] = live;
    rows.push_back(row);
    ids.push_back(id);
  });
  if (!missing.empty()) {
    present_rows_ = std::move(rows);
    present_ids_ = std::move(ids);
    update.ids = present_ids_;
    update.rows = {.rows = present_rows_};
  }
  return missing;
}

std::vector<RowIndex> GroupTable::update(const AggregateColumns& columns, KeyIndex::Rows rows,
                                         std::span<const GroupId> ids) {
  changed_.mark(ids, index_->size());
  UpdateRows update{.ids = ids, .rows = rows, .one_group = spec_.keys.empty()};
  if (spec_.updating_input && columns.batch.changes) {
    update.changes = columns.batch.changes->values<std::int16_t>().data();
  }
  std::vector<RowIndex> missing;
  if (spec_.updating_input) {
    missing = count_live(update);
  }
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    look_at_distinct(*argument, columns, update);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].accumulator != nullptr) {
      update_one(i, columns, update);
    }
  }
  return missing;
}

void GroupTable::update_one(std::size_t aggregate, const AggregateColumns& columns,
                            UpdateRows update) {
  Slot& slot = slots_[aggregate];
  const std::vector<Column>& args = columns.args[aggregate];
  if (spec_.input == AggregateInput::kPartials) {
    slot.accumulator->merge(update, args);
    return;
  }
  if (slot.distinct != nullptr) {
    update = slot.distinct->values.chosen(slot.user);
  } else if (columns.filters[aggregate]) {
    update = choose_filtered(*columns.filters[aggregate], update);
  }
  slot.accumulator->update(update, args, columns.batch);
}

UpdateRows GroupTable::choose_filtered(const Column& filter, const UpdateRows& update) {
  chosen_rows_.resize(update.ids.size());
  chosen_ids_.resize(update.ids.size());
  std::size_t chosen = 0;
  for_each_row(update, [&](GroupId id, RowIndex row) {
    chosen_rows_[chosen] = row;
    chosen_ids_[chosen] = id;
    chosen += static_cast<std::size_t>(filter.bit(row) & filter.is_valid(row));
  });
  chosen_rows_.resize(chosen);
  chosen_ids_.resize(chosen);
  UpdateRows rows = update;
  rows.ids = chosen_ids_;
  rows.rows = {.rows = chosen_rows_};
  return rows;
}

// Joins the aggregates before it that take the distinct values of the same argument.
void GroupTable::use_distinct_values(std::size_t aggregate) {
  const ExprPtr& arg = spec_.aggregates[aggregate].args[0];
  const auto is_same = [&](const std::unique_ptr<DistinctArgument>& other) {
    return other->values.users() < DistinctValues::kUsersMax && !is_volatile(*arg) &&
           equal(*spec_.aggregates[other->aggregates[0]].args[0], *arg);
  };
  auto found = std::find_if(distinct_.begin(), distinct_.end(), is_same);
  if (found == distinct_.end()) {
    distinct_.push_back(std::make_unique<DistinctArgument>(DistinctArgument{
        .values = DistinctValues(arg->type, !spec_.keys.empty(), spec_.updating_input),
        .aggregates = {},
        .erased = {}}));
    found = distinct_.end() - 1;
  }
  DistinctArgument& argument = **found;
  argument.aggregates.push_back(aggregate);
  slots_[aggregate].distinct = &argument;
  slots_[aggregate].user = argument.values.add_user();
}

std::string GroupTable::names_of_distinct(std::size_t argument) const {
  std::string names;
  for (const std::size_t aggregate : distinct_[argument]->aggregates) {
    names += (names.empty() ? "" : ", ") + spec_.aggregates[aggregate].name;
  }
  return names;
}

void GroupTable::look_at_distinct(DistinctArgument& argument, const AggregateColumns& columns,
                                  const UpdateRows& update) {
  std::vector<const Column*> filters;
  for (const std::size_t aggregate : argument.aggregates) {
    const std::optional<Column>& filter = columns.filters[aggregate];
    filters.push_back(filter ? &*filter : nullptr);
  }
  argument.values.look_at(update, columns.args[argument.aggregates[0]][0], filters);
}

std::vector<Column> GroupTable::results(std::span<const GroupId> ids,
                                        std::vector<RowIndex>& overflow) {
  std::vector<Column> columns = index_->keys(ids);
  for (Column& column : aggregates(ids, overflow)) {
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<Column> GroupTable::aggregates(std::span<const GroupId> ids,
                                           std::vector<RowIndex>& overflow) {
  std::vector<Column> columns;
  for (const Slot& slot : slots_) {
    columns.push_back(slot.accumulator != nullptr ? slot.accumulator->results(ids, overflow)
                                                  : row_counts(ids));
  }
  std::sort(overflow.begin(), overflow.end());
  overflow.erase(std::unique(overflow.begin(), overflow.end()), overflow.end());
  return columns;
}

std::vector<Column> GroupTable::partials(std::span<const GroupId> ids) {
  std::vector<Column> columns = index_->keys(ids);
  for (const Slot& slot : slots_) {
    if (slot.accumulator != nullptr) {
      slot.accumulator->append_partials(ids, columns);
    } else {
      columns.push_back(row_counts(ids));
    }
  }
  return columns;
}

void GroupTable::combine_into(std::size_t aggregate, Accumulator& target, Combine how,
                              std::span<const GroupId> ids, std::span<const GroupId> own) {
  const Slot& slot = slots_[aggregate];
  if (slot.accumulator != nullptr) {
    target.combine(how, ids, *slot.accumulator, own);
    return;
  }
  TW_DCHECK(how != Combine::kReplace);
  Column counts = row_counts(own);
  if (how == Combine::kSubtract) {
    const auto values = counts.values<std::int64_t>();
    counts = fixed_column<std::int64_t>(counts.type(), own.size(),
                                        [&](std::size_t i) { return -values[i]; });
  }
  target.merge({.ids = ids, .rows = {.rows = {}, .all = true}}, {&counts, 1});
}

Column GroupTable::row_counts(std::span<const GroupId> ids) {
  auto counts = Buffer::allocate(ids.size() * sizeof(std::int64_t));
  index_->row_counts(ids, {counts->as<std::int64_t>(), ids.size()});
  Column column(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(ids.size()));
  column.set_values(std::move(counts));
  return column;
}

void GroupTable::ensure_one_group() {
  index_->find_or_insert({}, {.rows = {}, .all = true}, {});
  grow_to_index();
}

void GroupTable::note_changes() {
  changed_.start();
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    argument->values.changed().start();
  }
}

void GroupTable::save_changes() {
  changed_.save_all();
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    argument->values.changed().save_all();
  }
}

Schema GroupTable::state_columns() const {
  Schema columns;
  const Type bigint = type_of(TypeKind::kBigint);
  if (spec_.updating_input) {
    columns.push_back({"rows", bigint});
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Schema own = slots_[i].accumulator == nullptr ? Schema{{"count", bigint}}
                                                        : slots_[i].accumulator->state_columns();
    for (const Field& field : own) {
      columns.push_back({spec_.aggregates[i].name + ": " + field.name, field.type});
    }
  }
  return columns;
}

std::vector<Column> GroupTable::state(std::span<const GroupId> ids) {
  std::vector<Column> columns;
  if (spec_.updating_input) {
    columns.push_back(
        bigint_column_of(ids.size(), [&](std::size_t i) { return live_rows_[ids[i]]; }));
  }
  for (const Slot& slot : slots_) {
    if (slot.accumulator != nullptr) {
      slot.accumulator->append_state(ids, columns);
    } else {
      columns.push_back(row_counts(ids));
    }
  }
  return columns;
}

std::span<const GroupId> GroupTable::place_groups(std::span<const Column> keys, KeyIndex::Rows rows,
                                                  std::uint32_t count) {
  ids_.resize(count);
  index_->place(keys, rows, ids_);
  grow_to_index();
  return ids_;
}

Status GroupTable::restore(const UpdateRows& rows, std::span<const Column> state) {
  std::size_t next = 0;
  if (spec_.updating_input) {
    const auto live = state[next++].values<std::int64_t>();
    for_each_row(rows, [&](GroupId id, RowIndex row) { live_rows_[id] = live[row]; });
  }
  for (const Slot& slot : slots_) {
    if (slot.accumulator != nullptr) {
      const std::size_t count = slot.accumulator->state_columns().size();
      TW_TRY(slot.accumulator->restore_state(rows, state.subspan(next, count)));
      next += count;
    } else {
      TW_TRY(restore_row_counts(rows, state[next++]));
    }
  }
  return {};
}

Status GroupTable::restore_row_counts(const UpdateRows& rows, const Column& state) {
  constexpr std::int64_t kRowsMax = std::int64_t{1} << 48;
  const auto values = state.values<std::int64_t>();
  std::vector<std::int64_t> counts;
  for_each_row(rows, [&](GroupId, RowIndex row) { counts.push_back(values[row]); });
  if (std::ranges::any_of(counts,
                          [](std::int64_t count) { return count < 0 || count > kRowsMax; })) {
    return wrong_state("so many rows");
  }
  index_->set_row_counts(rows.ids, counts);
  return {};
}

void GroupTable::reset(std::span<const GroupId> ids) {
  const std::vector<RowIndex> first(ids.size(), 0);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    TW_CHECK(slots_[i].accumulator != nullptr);
    const std::unique_ptr<Accumulator> fresh =
        make_accumulator(spec_.aggregates[i], spec_.updating_input);
    fresh->grow_to(1);
    std::vector<Column> state;
    const GroupId group = 0;
    fresh->append_state({&group, 1}, state);
    const Status restored =
        slots_[i].accumulator->restore_state({.ids = ids, .rows = {.rows = first}}, state);
    TW_CHECK(restored.ok());
  }
  if (spec_.updating_input) {
    for (const GroupId id : ids) {
      live_rows_[id] = 0;
    }
  }
}

// Notes the keys, and the values, of groups that are none of these.
void GroupTable::note_erased(std::span<const GroupId> kept) {
  std::vector<GroupId> gone;
  for (GroupId id = 0; id < size(); ++id) {
    const std::size_t place = id - gone.size();  // Of the next one kept.
    if (place == kept.size() || kept[place] != id) {
      gone.push_back(id);
    }
  }
  erased_.push_back(index_->keys(gone));
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    const std::vector<GroupId> numbers = argument->values.numbers_without(kept, size());
    if (!numbers.empty()) {
      std::vector<Column>& piece =
          argument->erased.emplace_back(index_->keys(argument->values.groups_of(numbers)));
      piece.push_back(argument->values.values(numbers));
    }
  }
}

void GroupTable::keep_only(std::span<const GroupId> kept) {
  if (changed_.on()) {
    save_changes();
    note_erased(kept);
    changed_.renumber(kept);
  }
  const std::uint32_t groups = size();
  index_ = index_->with_only(kept, key_types(spec_));
  for (Slot& slot : slots_) {
    TW_CHECK(slot.accumulator != nullptr);
    slot.accumulator->keep_only(kept);
  }
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    argument->values.keep_only(kept, groups);
  }
  if (spec_.updating_input) {
    live_rows_.keep_only(kept);
  }
}

void GroupTable::clear() {
  save_changes();
  changed_.take();
  index_->clear();
  for (Slot& slot : slots_) {
    if (slot.accumulator != nullptr) {
      slot.accumulator->clear();
    }
  }
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    argument->values.clear();
  }
  live_rows_.clear();
}

std::size_t GroupTable::memory_bytes() const {
  std::size_t bytes = index_->memory_bytes() + live_rows_.memory_bytes();
  for (const Slot& slot : slots_) {
    bytes += slot.accumulator != nullptr ? slot.accumulator->memory_bytes() : 0;
  }
  for (const std::unique_ptr<DistinctArgument>& argument : distinct_) {
    bytes += argument->values.memory_bytes();
  }
  return bytes;
}

}  // namespace thalweg
