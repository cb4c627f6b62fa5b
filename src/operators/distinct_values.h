#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "operators/accumulator.h"
#include "state/changed_groups.h"
#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// The values that one argument has had in each group, for aggregates with DISTINCT: one set for all
// that differ in their FILTER alone, with a bit beside each value for each of them.
class DistinctValues {
 public:
  static constexpr std::size_t kUsersMax = 8;

  // `grouped`: there is more than one group. `updating`: rows may be taken back.
  DistinctValues(const Type& value, bool grouped, bool updating);

  // One more aggregate that uses the set; returns its number. Requires: users() < kUsersMax.
  std::size_t add_user();
  std::size_t users() const { return users_.size(); }

  // Looks at the rows of an update; `filters` has one BOOLEAN column per user, or nullptr for all
  // rows.
  void look_at(const UpdateRows& update, const Column& values,
               std::span<const Column* const> filters);

  // Of the rows looked at last, those that bring a value into its group as the user sees it, or
  // take the last one of it away. Valid until the next look_at().
  UpdateRows chosen(std::size_t user) const;

  // For a restart. A value has a number; it is there while some user has it.
  ChangedGroups& changed() { return changed_; }
  std::uint32_t size() const { return index_->size(); }
  bool has(GroupId number) const;
  // The values' groups.
  std::vector<GroupId> groups_of(std::span<const GroupId> numbers) const;
  const Type& type() const { return value_; }
  Column values(std::span<const GroupId> numbers) const { return index_->keys(numbers).back(); }
  // Who has it: how many rows of each user, or which users.
  Schema users_columns() const;
  std::vector<Column> users_of(std::span<const GroupId> numbers) const;
  // Puts such columns in the place of what is known of the values of groups ids[i]; no columns: the
  // values are there no more.
  Status restore(std::span<const GroupId> ids, const Column& values, std::span<const Column> users);

  // Values of groups that are none of these, ascending.
  std::vector<GroupId> numbers_without(std::span<const GroupId> kept, std::uint32_t groups) const;

  // Leaves only these of all `groups`, ascending, numbered anew from 0. Requires: grouped.
  void keep_only(std::span<const GroupId> kept, std::uint32_t groups);

  void clear();
  std::size_t memory_bytes() const;

 private:
  struct User {
    std::vector<RowIndex> rows;
    std::vector<GroupId> ids;
  };

  void find_users(const UpdateRows& update, std::span<const Column* const> filters);
  void add_user_to_rows(std::size_t user, const Column& filter, KeyIndex::Rows rows);
  void take_rows(const UpdateRows& update);
  void leave_out_rows_without_users();
  void number_values(const UpdateRows& update, const Column& values);
  void choose(const UpdateRows& update);
  void mark_changed();
  std::uint8_t users_of_change(GroupId value, std::uint8_t users, int change);

  // By group: its place among those kept, or kGone.
  std::vector<std::int32_t> places_of(std::span<const GroupId> kept, std::uint32_t groups) const;
  void place(std::span<const GroupId> ids, const Column& values, std::span<GroupId> numbers);

  const Type value_;
  const bool grouped_;
  const bool updating_;
  std::unique_ptr<KeyIndex> index_;   // Of (group, value).
  StateArray<std::uint8_t> met_;      // By value: its users, as bits.
  StateArray<std::int64_t> rows_of_;  // With updating input: rows by value and user.
  ChangedGroups changed_;             // Values.
  std::vector<User> users_;

  // Of the rows looked at.
  std::vector<std::uint8_t> users_of_row_;  // As bits.
  std::vector<RowIndex> rows_;              // Those with a user.
  std::vector<GroupId> ids_;
  std::vector<GroupId> numbers_;
  const std::int16_t* changes_ = nullptr;
};

}  // namespace thalweg
