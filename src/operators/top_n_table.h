#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "operators/top_n_spec.h"
#include "state/key_index.h"
#include "state/state_table.h"

namespace thalweg {

// The first rows of each key seen so far.
class TopNTable {
 public:
  virtual ~TopNTable() = default;

  // Rows of changed keys, as -old and +new: columns of the input, then the rank if it is shown.
  struct Changes {
    std::vector<Column> columns;
    std::vector<std::int16_t> changes;
  };

  // Takes rows in; the second returns the changes that this makes to the result.
  virtual void add(const Batch& batch) = 0;
  virtual Changes add_and_compare(const Batch& batch) = 0;

  // The result for keys [begin, end), in order within each key.
  virtual std::vector<Column> results(GroupId begin, GroupId end) = 0;

  virtual std::uint32_t size() const = 0;

  // The numbers of the keys of the last batch's rows, in their order.
  virtual std::span<const GroupId> last_keys() const = 0;

  // Leaves only these keys, ascending, numbered anew from 0.
  virtual void keep_only(std::span<const GroupId> kept) = 0;

  // Rows of the last batch that took back what is not there; valid until the next.
  virtual RowSpan missing() const { return {}; }

  // Forgets everything, also what has changed, and keeps the memory.
  virtual void clear() = 0;

  // Of the keys by number, in whose place another may be put.
  virtual const std::unique_ptr<KeyIndex>& index() const = 0;

  // Its rows as they survive a restart, and what must be called when they are back: the keys that
  // have rows, ascending.
  virtual StateTable& state() = 0;
  virtual std::vector<GroupId> restored() = 0;

  virtual std::size_t memory_bytes() const = 0;
};

// Borrows `spec`, which outlives the table.
std::unique_ptr<TopNTable> make_top_n_table(const TopNSpec& spec);

// By kind, for make_top_n_table(). One row of each key, of rows that are never taken back:
std::unique_ptr<TopNTable> make_best_row_table(const TopNSpec& spec);
bool keeps_best_row_only(const TopNSpec& spec);
// Any.
std::unique_ptr<TopNTable> make_ranked_rows_table(const TopNSpec& spec);

}  // namespace thalweg
