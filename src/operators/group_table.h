#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "operators/accumulator.h"
#include "operators/aggregation.h"
#include "operators/distinct_values.h"
#include "state/changed_groups.h"
#include "state/key_index.h"
#include "state/state_array.h"

namespace thalweg {

// The groups of one table, that of a window or of a whole GROUP BY: an index of keys, and the state
// of each aggregate by group number.
class GroupTable {
 public:
  // Who counts the rows of a key for count(*): the index, as it finds the key, which costs nothing,
  // or an accumulator, so that find_groups() alone changes no result.
  enum class RowCounter : std::uint8_t { kIndex, kAccumulator };

  // Borrows `spec`, which outlives the table.
  explicit GroupTable(const AggregationSpec& spec, RowCounter row_counter = RowCounter::kIndex);

  // Adds rows to their groups; new groups are made. Returns what update() does.
  std::vector<RowIndex> add(const AggregateColumns& columns, KeyIndex::Rows rows,
                            std::uint32_t count);

  // The two halves of add(). The ids are valid until the next call.
  std::span<const GroupId> find_groups(const AggregateColumns& columns, KeyIndex::Rows rows,
                                       std::uint32_t count);
  // Returns rows that take back what is not there: they are not taken in.
  std::vector<RowIndex> update(const AggregateColumns& columns, KeyIndex::Rows rows,
                               std::span<const GroupId> ids);

  // Keys, then aggregates, of these groups; groups with a result that does not fit go to
  // `overflow`.
  std::vector<Column> results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow);
  // The same without the keys.
  std::vector<Column> aggregates(std::span<const GroupId> ids, std::vector<RowIndex>& overflow);
  // Keys, then each aggregate's partial state.
  std::vector<Column> partials(std::span<const GroupId> ids);

  std::vector<Column> keys(std::span<const GroupId> ids) const { return index_->keys(ids); }
  // Accumulator::combine() of the state of one aggregate for the table's groups `own` into
  // `target`. Requires: can_combine() of its call.
  void combine_into(std::size_t aggregate, Accumulator& target, Combine how,
                    std::span<const GroupId> ids, std::span<const GroupId> own);

  std::uint32_t size() const { return index_->size(); }

  // Whether the group has rows left. Only with updating input may it have none.
  bool is_live(GroupId id) const { return !spec_.updating_input || live_rows_[id] > 0; }

  // No keys: makes the one group, where there have been no rows.
  void ensure_one_group();

  // What survives a restart. From now on notes what changes:
  void note_changes();
  ChangedGroups& changed_groups() { return changed_; }
  // Before groups go, or the table does: see ChangedGroups::save_all().
  void save_changes();
  // Keys of groups that keep_only() has taken away since this was last asked.
  std::vector<std::vector<Column>> take_erased() { return std::exchange(erased_, {}); }

  // All there is to know of a group but its keys.
  Schema state_columns() const;
  std::vector<Column> state(std::span<const GroupId> ids);
  // The groups of these keys, made where there are none, which adds no row. Valid until the next
  // call.
  std::span<const GroupId> place_groups(std::span<const Column> keys, KeyIndex::Rows rows,
                                        std::uint32_t count);
  // Puts columns of state_columns() in the place of what these groups have.
  Status restore(const UpdateRows& rows, std::span<const Column> state);
  // Makes these groups as if no row had come.
  void reset(std::span<const GroupId> ids);

  // The values that DISTINCT arguments have had.
  std::size_t distinct_arguments() const { return distinct_.size(); }
  DistinctValues& distinct_values(std::size_t argument) { return distinct_[argument]->values; }
  // Those of the aggregates that use them.
  std::string names_of_distinct(std::size_t argument) const;
  // As take_erased(), of groups' values: the group's keys, then the value.
  std::vector<std::vector<Column>> take_erased_values(std::size_t argument) {
    return std::exchange(distinct_[argument]->erased, {});
  }

  // Leaves only these groups, ascending, numbered anew from 0. Requires: keys, and a row counter
  // other than the index.
  void keep_only(std::span<const GroupId> kept);

  // Forgets all groups and keeps the memory.
  void clear();

  std::size_t memory_bytes() const;

 private:
  // An argument of aggregates with DISTINCT, and those aggregates.
  struct DistinctArgument {
    DistinctValues values;
    std::vector<std::size_t> aggregates;
    std::vector<std::vector<Column>> erased;
  };
  // One of the aggregates.
  struct Slot {
    // Nothing: count(*), which the index has.
    std::unique_ptr<Accumulator> accumulator;
    // DISTINCT: whose argument's values, and the aggregate's number among their users.
    DistinctArgument* distinct = nullptr;
    std::size_t user = 0;
  };

  void grow_to_index();
  void note_erased(std::span<const GroupId> kept);
  Column row_counts(std::span<const GroupId> ids);
  Status restore_row_counts(const UpdateRows& rows, const Column& state);
  std::vector<RowIndex> count_live(UpdateRows& update);
  void update_one(std::size_t aggregate, const AggregateColumns& columns, UpdateRows update);
  UpdateRows choose_filtered(const Column& filter, const UpdateRows& update);
  void use_distinct_values(std::size_t aggregate);
  void look_at_distinct(DistinctArgument& argument, const AggregateColumns& columns,
                        const UpdateRows& update);

  const AggregationSpec& spec_;
  std::unique_ptr<KeyIndex> index_;
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<DistinctArgument>> distinct_;
  bool index_has_all_ = true;           // Every aggregate is one that the index has.
  StateArray<std::int64_t> live_rows_;  // By group; only with updating input.
  ChangedGroups changed_;
  std::vector<std::vector<Column>> erased_;
  std::vector<GroupId> ids_;
  // Rows that take back what is there, or come.
  std::vector<RowIndex> present_rows_;
  std::vector<GroupId> present_ids_;
  // Rows chosen by FILTER.
  std::vector<RowIndex> chosen_rows_;
  std::vector<GroupId> chosen_ids_;
};

}  // namespace thalweg
