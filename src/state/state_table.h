#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "columnar/column.h"
#include "state/key_groups.h"

namespace thalweg {

// What a table of keyed state looks like from outside: a relation. The first columns are the key by
// which rows are dealt out to workers, the same as the exchange before the operator uses; then come
// the other columns that tell a row from others, then its values.
struct StateSchema {
  std::string name;  // Unique among the tables of one operator.
  Schema columns;
  // How many columns decide a row's key group (see docs/formats/keys.md); none: all is in group 0.
  std::uint32_t partition_columns = 0;
  std::uint32_t key_columns = 0;  // How many tell rows apart, the former among them.

  std::vector<Type> key_types() const { return types_of(std::span(columns).first(key_columns)); }
};

// What has become of a table's rows, as a net result: first whole slices go, then rows, and then
// rows are put in the place of those of equal key or beside the others.
struct StateChanges {
  // All rows go whose slice ends at this time or before. A slice's end is the first key column
  // behind the partition columns, a TIMESTAMP; only tables that drop slices have it there.
  std::optional<EventTime> dropped_to;
  // Only of rows in these key groups. A table leaves it at all; the runtime narrows it to those
  // whose rows the table's worker has.
  KeyGroupRange dropped_groups = {};
  std::vector<Column> erased;  // Key columns; of equal length, or none.
  std::vector<Column> puts;    // All columns; of equal length, or none.

  std::uint32_t erased_rows() const { return erased.empty() ? 0 : erased[0].length(); }
  std::uint32_t put_rows() const { return puts.empty() ? 0 : puts[0].length(); }
  bool empty() const { return !dropped_to && erased_rows() == 0 && put_rows() == 0; }
};

// A table of keyed state as checkpoints see it. It notes by itself what changes, so that an
// operator has no checkpoint code beyond naming its tables.
//
// Threading: as the operator that owns it.
class StateTable {
 public:
  virtual ~StateTable() = default;

  // Stays the same for the table's life.
  virtual const StateSchema& schema() const = 0;

  // Whether each worker holds all of it, the same on all. That of the first one is kept then, and
  // every worker gets it back whole, however many there are. Such a table has no partition columns.
  virtual bool on_every_worker() const { return false; }

  // From now on notes what changes. Called once, while there are no rows or right after those of
  // an epoch have been restored, which do not count as changed.
  virtual void note_changes() = 0;

  // The next of what has changed since this last returned false, at most about `rows_max` rows;
  // false, with nothing in `out`, when that was all. Nothing else is done with the table until it
  // has returned false, or can_wait(). Replaying all of it on the state before gives the state now.
  // A row has one change in it at most: it is put or erased.
  virtual bool next_changes(std::uint32_t rows_max, StateChanges& out) = 0;

  // Whether what next_changes() has still to give may be asked for later: it stays as it was when
  // the first of it was given, and what becomes of the table meanwhile comes behind it.
  virtual bool can_wait() const { return false; }

  // Takes in what next_changes() gave, of rows that belong to this worker. Only before
  // note_changes(). The columns have the schema's types; values that no table can have given are an
  // error that says so.
  virtual Status apply(const StateChanges& changes) = 0;
};

}  // namespace thalweg
