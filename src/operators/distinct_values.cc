#include "operators/distinct_values.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

constexpr std::int32_t kGone = -1;

std::vector<Type> key_types(const Type& value, bool grouped) {
  return grouped ? std::vector<Type>{type_of(TypeKind::kInt), value} : std::vector<Type>{value};
}

}  // namespace

DistinctValues::DistinctValues(const Type& value, bool grouped, bool updating)
    : value_(value),
      grouped_(grouped),
      updating_(updating),
      index_(KeyIndex::make(key_types(value, grouped))) {}

std::size_t DistinctValues::add_user() {
  TW_CHECK(users_.size() < kUsersMax);
  users_.emplace_back();
  return users_.size() - 1;
}

void DistinctValues::look_at(const UpdateRows& update, const Column& values,
                             std::span<const Column* const> filters) {
  find_users(update, filters);
  number_values(update, values);
  choose(update);
}

// Which users each row counts for, and the rows that count for any.
void DistinctValues::find_users(const UpdateRows& update, std::span<const Column* const> filters) {
  std::uint8_t users_of_all = 0;
  for (std::size_t user = 0; user < filters.size(); ++user) {
    users_of_all |= static_cast<std::uint8_t>(filters[user] == nullptr ? 1U << user : 0U);
  }
  users_of_row_.assign(update.ids.size(), users_of_all);
  for (std::size_t user = 0; user < filters.size(); ++user) {
    if (filters[user] != nullptr) {
      add_user_to_rows(user, *filters[user], update.rows);
    }
  }
  take_rows(update);
  if (users_of_all == 0) {
    leave_out_rows_without_users();
  }
}

void DistinctValues::add_user_to_rows(std::size_t user, const Column& filter, KeyIndex::Rows rows) {
  const std::uint64_t* const bits = filter.bits();
  const std::uint64_t* const valid = filter.may_have_nulls() ? filter.validity() : bits;
  std::uint8_t* const users = users_of_row_.data();
  const auto add = [=](std::size_t i, std::size_t row) {
    const std::uint64_t counts = (bits[row >> 6] & valid[row >> 6]) >> (row & 63) & 1;
    users[i] |= static_cast<std::uint8_t>(counts << user);
  };
  const std::size_t count = users_of_row_.size();
  if (rows.all) {
    for (std::size_t i = 0; i < count; ++i) {
      add(i, i);
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      add(i, rows.rows[i]);
    }
  }
}

void DistinctValues::take_rows(const UpdateRows& update) {
  ids_.assign(update.ids.begin(), update.ids.end());
  if (update.rows.all) {
    rows_.resize(ids_.size());
    std::iota(rows_.begin(), rows_.end(), RowIndex{0});
  } else {
    rows_.assign(update.rows.rows.begin(), update.rows.rows.end());
  }
}

void DistinctValues::leave_out_rows_without_users() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    rows_[kept] = rows_[i];
    ids_[kept] = ids_[i];
    users_of_row_[kept] = users_of_row_[i];
    kept += users_of_row_[i] != 0 ? 1 : 0;
  }
  rows_.resize(kept);
  ids_.resize(kept);
  users_of_row_.resize(kept);
}

void DistinctValues::number_values(const UpdateRows& update, const Column& values) {
  numbers_.resize(rows_.size());
  const bool all = update.rows.all && rows_.size() == update.ids.size();
  if (!grouped_) {
    index_->find_or_insert({&values, 1}, {.rows = rows_, .all = all}, numbers_);
    return;
  }
  // Where rows are left out, groups and values are brought side by side.
  const auto count = static_cast<std::uint32_t>(ids_.size());
  place(ids_, all ? values.slice(0, count) : gather(values, rows_), numbers_);
}

// Numbers value values[i] of each group ids[i].
void DistinctValues::place(std::span<const GroupId> ids, const Column& values,
                           std::span<GroupId> numbers) {
  if (!grouped_) {
    index_->find_or_insert({&values, 1}, {.rows = {}, .all = true}, numbers);
    return;
  }
  const Column keys[] = {
      fixed_column<std::int32_t>(type_of(TypeKind::kInt), ids.size(),
                                 [&](std::size_t i) { return static_cast<std::int32_t>(ids[i]); }),
      values};
  index_->find_or_insert(keys, {.rows = {}, .all = true}, numbers);
}

void DistinctValues::choose(const UpdateRows& update) {
  changes_ = update.changes;
  for (User& user : users_) {
    user.rows.clear();
    user.ids.clear();
  }
  if (updating_) {
    rows_of_.grow_to(std::size_t{index_->size()} * users_.size());
  } else {
    met_.grow_to(index_->size());
  }
  if (changed_.on()) {
    mark_changed();
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    std::uint8_t users = users_of_row_[i];
    if (updating_) {
      users = users_of_change(numbers_[i], users, changes_ == nullptr ? 1 : changes_[rows_[i]]);
    } else {
      std::uint8_t& met = met_[numbers_[i]];
      users &= static_cast<std::uint8_t>(~met);
      met |= users;
    }
    for (; users != 0; users &= static_cast<std::uint8_t>(users - 1)) {
      User& user = users_[static_cast<std::size_t>(std::countr_zero(users))];
      user.rows.push_back(rows_[i]);
      user.ids.push_back(ids_[i]);
    }
  }
}

void DistinctValues::mark_changed() {
  changed_.save(numbers_);
  if (updating_) {
    changed_.mark(numbers_);
    return;
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if ((users_of_row_[i] & ~met_[numbers_[i]]) != 0) {
      changed_.mark({&numbers_[i], 1});
    }
  }
}

// Counts a row for its users; returns those for whom it is the first of its value, or was the last.
std::uint8_t DistinctValues::users_of_change(GroupId value, std::uint8_t users, int change) {
  std::uint8_t changed = 0;
  for (std::size_t user = 0; user < users_.size(); ++user) {
    if ((users >> user & 1) != 0) {
      std::int64_t& rows = rows_of_[value * users_.size() + user];
      changed |= static_cast<std::uint8_t>((rows == (change > 0 ? 0 : 1) ? 1U : 0U) << user);
      // A value that was never there cannot be taken back.
      rows = std::max<std::int64_t>(rows + change, 0);
    }
  }
  return changed;
}

UpdateRows DistinctValues::chosen(std::size_t user) const {
  return {.ids = users_[user].ids,
          .rows = {.rows = users_[user].rows},
          .changes = changes_,
          .one_group = !grouped_};
}

bool DistinctValues::has(GroupId number) const {
  if (!updating_) {
    return met_[number] != 0;
  }
  const std::int64_t* const rows = rows_of_.data() + number * users_.size();
  return std::any_of(rows, rows + users_.size(), [](std::int64_t count) { return count != 0; });
}

std::vector<GroupId> DistinctValues::groups_of(std::span<const GroupId> numbers) const {
  std::vector<GroupId> groups(numbers.size(), 0);
  if (grouped_) {
    const Column owners = index_->keys(numbers)[0];
    std::ranges::copy(owners.values<std::int32_t>(), groups.begin());
  }
  return groups;
}

Schema DistinctValues::users_columns() const {
  if (!updating_) {
    return {{"met by", type_of(TypeKind::kSmallint)}};
  }
  Schema columns;
  for (std::size_t user = 0; user < users_.size(); ++user) {
    columns.push_back({"rows " + std::to_string(user + 1), type_of(TypeKind::kBigint)});
  }
  return columns;
}

std::vector<Column> DistinctValues::users_of(std::span<const GroupId> numbers) const {
  if (!updating_) {
    return {fixed_column<std::int16_t>(
        type_of(TypeKind::kSmallint), numbers.size(),
        [&](std::size_t i) { return static_cast<std::int16_t>(met_[numbers[i]]); })};
  }
  std::vector<Column> columns;
  for (std::size_t user = 0; user < users_.size(); ++user) {
    columns.push_back(bigint_column_of(numbers.size(), [&](std::size_t i) {
      return rows_of_[numbers[i] * users_.size() + user];
    }));
  }
  return columns;
}

Status DistinctValues::restore(std::span<const GroupId> ids, const Column& values,
                               std::span<const Column> users) {
  std::vector<GroupId> numbers(ids.size());
  place(ids, values, numbers);
  if (!updating_) {
    met_.grow_to(index_->size());
    const int all = (1 << users_.size()) - 1;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const int met = users.empty() ? 0 : users[0].values<std::int16_t>()[i];
      if (met < 0 || met > all) {
        return wrong_state("a value met by aggregates that there are not");
      }
      met_[numbers[i]] = static_cast<std::uint8_t>(met);
    }
    return {};
  }
  rows_of_.grow_to(std::size_t{index_->size()} * users_.size());
  for (std::size_t user = 0; user < users_.size(); ++user) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::int64_t rows = users.empty() ? 0 : users[user].values<std::int64_t>()[i];
      if (rows < 0) {
        return wrong_state("a value in less than no rows");
      }
      rows_of_[numbers[i] * users_.size() + user] = rows;
    }
  }
  return {};
}

std::vector<std::int32_t> DistinctValues::places_of(std::span<const GroupId> kept,
                                                    std::uint32_t groups) const {
  std::vector<std::int32_t> places(groups, kGone);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    places[kept[i]] = static_cast<std::int32_t>(i);
  }
  return places;
}

std::vector<GroupId> DistinctValues::numbers_without(std::span<const GroupId> kept,
                                                     std::uint32_t groups) const {
  const std::vector<std::int32_t> places = places_of(kept, groups);
  std::vector<GroupId> values(index_->size());
  std::iota(values.begin(), values.end(), GroupId{0});
  const std::vector<GroupId> owners = groups_of(values);
  std::erase_if(values, [&](GroupId value) { return places[owners[value]] != kGone; });
  return values;
}

void DistinctValues::keep_only(std::span<const GroupId> kept, std::uint32_t groups) {
  TW_CHECK(grouped_);
  const std::vector<std::int32_t> places = places_of(kept, groups);
  std::vector<GroupId> values(index_->size());
  std::iota(values.begin(), values.end(), GroupId{0});
  const Column owners = index_->keys(values)[0];
  const auto new_group = [&](GroupId value) {
    return places[static_cast<std::size_t>(owners.values<std::int32_t>()[value])];
  };
  std::erase_if(values, [&](GroupId value) { return new_group(value) == kGone; });
  std::vector<Column> left = index_->keys(values);
  left[0] = fixed_column<std::int32_t>(type_of(TypeKind::kInt), values.size(),
                                       [&](std::size_t i) { return new_group(values[i]); });
  std::unique_ptr<KeyIndex> index = KeyIndex::make({left[0].type(), left[1].type()});
  std::vector<GroupId> numbers(values.size());
  index->find_or_insert(left, {.rows = {}, .all = true}, numbers);
  index_ = std::move(index);
  changed_.renumber(values);
  if (!updating_) {
    met_.keep_only(values);
    return;
  }
  std::vector<std::size_t> counters;
  for (const GroupId value : values) {
    for (std::size_t user = 0; user < users_.size(); ++user) {
      counters.push_back(value * users_.size() + user);
    }
  }
  rows_of_.keep_only(counters);
}

void DistinctValues::clear() {
  changed_.take();
  index_->clear();
  met_.clear();
  rows_of_.clear();
}

std::size_t DistinctValues::memory_bytes() const {
  return index_->memory_bytes() + met_.memory_bytes() + rows_of_.memory_bytes();
}

}  // namespace thalweg
