#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "state/key_index.h"
#include "state/state_table.h"

namespace thalweg {

// A StateTable over rows that have numbers, in one part or in several, such as windows: once an
// epoch it is told which numbers have changed, and then reads those rows piece by piece. Of parts
// that wait it is told as it goes.
class ChangedRowsTable : public StateTable {
 public:
  const StateSchema& schema() const final { return schema_; }
  bool next_changes(std::uint32_t rows_max, StateChanges& out) final;
  bool can_wait() const final { return changed_.all_wait; }

 protected:
  // What numbers have changed in one part of the table.
  struct Part {
    std::size_t number = 0;
    std::vector<GroupId> ids;
  };
  struct Changed {
    std::optional<EventTime> dropped_to;
    // Keys of rows that have lost their numbers. They may have come again under new ones.
    std::vector<std::vector<Column>> erased;
    std::vector<Part> parts;
    // There is nothing erased, and the numbers in `parts` are none: take_waiting() has them.
    bool all_wait = false;
  };

  explicit ChangedRowsTable(StateSchema schema);

  // What has changed since this was last called. Part::number is for the functions below.
  virtual Changed take_changed() = 0;
  // Of a part that waits the next numbers, at most about so many; none: that was all.
  virtual std::vector<GroupId> take_waiting(std::size_t /*part*/, std::size_t /*count_max*/) {
    return {};
  }
  // Reads rows of a part that waits which are about to change.
  void save_rows(std::size_t part, std::span<const GroupId> ids) { append_rows(part, ids); }
  // Whether has_row() can be false.
  virtual bool rows_can_go() const { return true; }
  // Whether a number has a row; else the row of its key is gone.
  virtual bool has_row(std::size_t part, GroupId id) = 0;
  virtual std::vector<Column> keys_of(std::size_t part, std::span<const GroupId> ids) = 0;
  // All columns behind the keys.
  virtual std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) = 0;

  // An error of apply(), naming the table.
  Status wrong(std::string_view what) const;

 private:
  void begin();
  std::vector<GroupId> next_numbers(std::size_t count_max);
  void leave_out_erased_that_came_again();
  std::size_t append_rows(std::size_t part, std::span<const GroupId> ids);

  const StateSchema schema_;
  const bool has_lists_;  // Columns of values of any length.
  bool reading_ = false;
  Changed changed_;
  std::vector<Column> erased_;  // Of changed_.erased, those that have not come again.
  std::uint32_t erased_next_ = 0;
  std::size_t part_next_ = 0;
  std::size_t id_next_ = 0;  // Within that part's numbers.
  // The pieces of one answer.
  std::vector<std::vector<Column>> erased_pieces_;
  std::vector<std::vector<Column>> put_pieces_;
};

}  // namespace thalweg
