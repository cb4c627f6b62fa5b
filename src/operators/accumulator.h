#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/batch.h"
#include "expr/aggregate.h"
#include "state/key_index.h"

namespace thalweg {

// The rows of one update: group ids[i] gets row rows[i].
struct UpdateRows {
  std::span<const GroupId> ids;
  KeyIndex::Rows rows;
  const std::int16_t* changes = nullptr;  // +1 or -1 by number of column row; nullptr: all +1.
  bool one_group = false;                 // All ids are 0.
};

// Calls visit(id, row) for each row of an update.
template <typename Visit>
void for_each_row(const UpdateRows& update, Visit visit) {
  const std::size_t count = update.ids.size();
  if (update.rows.all) {
    for (std::size_t i = 0; i < count; ++i) {
      visit(update.ids[i], static_cast<RowIndex>(i));
    }
  } else {
    const RowIndex* const rows = update.rows.rows.data();
    for (std::size_t i = 0; i < count; ++i) {
      visit(update.ids[i], rows[i]);
    }
  }
}

// What Accumulator::combine() does to a group's state with that of another accumulator's group.
enum class Combine : std::uint8_t {
  kAdd,
  kSubtract,  // Takes back what kAdd added. Requires: can_subtract(call).
  kReplace,
};

// The state of one aggregate for all groups of a table, by group number. One virtual call a batch;
// typed loops inside.
class Accumulator {
 public:
  virtual ~Accumulator() = default;

  // Makes room for groups 0 to count - 1; new ones are empty.
  virtual void grow_to(std::uint32_t count) = 0;

  // Requires: `args` has the call's arguments, then its ORDER BY expressions; rows with a change of
  // -1 only where the accumulator was made for updating input. `batch` has the rows' event time and
  // origin.
  virtual void update(const UpdateRows& update, std::span<const Column> args,
                      const Batch& batch) = 0;

  // The results of these groups. `overflow` gets the place of each group whose result does not fit.
  virtual Column results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) = 0;

  // Mergeable aggregates only: the state of these groups as columns of partial_types(call), and
  // such columns taken in.
  virtual void append_partials(std::span<const GroupId> ids, std::vector<Column>& out);
  virtual void merge(const UpdateRows& update, std::span<const Column> partials);

  // The same from group to group, without columns between: the state of group `from_ids[i]` of
  // `from`, an accumulator of the same call, into group `ids[i]`. Requires: can_combine(call).
  virtual void combine(Combine how, std::span<const GroupId> ids, const Accumulator& from,
                       std::span<const GroupId> from_ids);

  // The state of a group to the last bit, for a restart: its columns, those of these groups, and
  // such columns put in the place of what groups have, NULL in all of them being no rows. An error
  // of the last: no group can have such a state.
  virtual Schema state_columns() const = 0;
  virtual void append_state(std::span<const GroupId> ids, std::vector<Column>& out) = 0;
  virtual Status restore_state(const UpdateRows& rows, std::span<const Column> state) = 0;

  // Leaves only these groups, ascending, numbered anew from 0.
  virtual void keep_only(std::span<const GroupId> kept) = 0;

  // Forgets all groups and keeps the memory.
  virtual void clear() = 0;

  virtual std::size_t memory_bytes() const = 0;
};

// The error of Accumulator::restore_state().
inline Status wrong_state(std::string_view what) {
  return {Code::kCorrupt, "an aggregate's state cannot be right: " + std::string(what)};
}

// DISTINCT and FILTER are not an accumulator's matter: it is given the rows that count.
// `updating`: rows may be taken back.
std::unique_ptr<Accumulator> make_accumulator(const AggregateCall& call, bool updating);

// By kind, for make_accumulator().
std::unique_ptr<Accumulator> make_count_accumulator(bool every_row);
std::unique_ptr<Accumulator> make_sum_accumulator(const AggregateCall& call);
std::unique_ptr<Accumulator> make_bit_accumulator(const AggregateCall& call, bool updating);
std::unique_ptr<Accumulator> make_variance_accumulator(const AggregateCall& call);
// Of a type of fixed size; rows are never taken back.
std::unique_ptr<Accumulator> make_extreme_accumulator(const AggregateCall& call);
// first_value, last_value, min and max of any type; rows are never taken back.
std::unique_ptr<Accumulator> make_best_row_accumulator(const AggregateCall& call);
// array_agg, and the above over rows that may be taken back.
std::unique_ptr<Accumulator> make_row_list_accumulator(const AggregateCall& call);

bool is_mergeable(const AggregateCall& call);
bool can_combine(const AggregateCall& call);
// Whether what was added to a sum can be taken out of it again, to the last bit.
bool can_subtract(const AggregateCall& call);

// Types of append_partials(). Requires: is_mergeable(call).
std::vector<Type> partial_types(const AggregateCall& call);

}  // namespace thalweg
