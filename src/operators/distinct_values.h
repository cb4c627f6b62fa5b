#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "operators/accumulator.h"
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
  std::uint8_t users_of_change(GroupId value, std::uint8_t users, int change);

  const bool grouped_;
  const bool updating_;
  std::unique_ptr<KeyIndex> index_;   // Of (group, value).
  StateArray<std::uint8_t> met_;      // By value: its users, as bits.
  StateArray<std::int64_t> rows_of_;  // With updating input: rows by value and user.
  std::vector<User> users_;

  // Of the rows looked at.
  std::vector<std::uint8_t> users_of_row_;  // As bits.
  std::vector<RowIndex> rows_;              // Those with a user.
  std::vector<GroupId> ids_;
  std::vector<GroupId> numbers_;
  const std::int16_t* changes_ = nullptr;
};

}  // namespace thalweg
