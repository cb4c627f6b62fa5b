#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columnar/batch.h"
#include "columnar/kernels.h"
#include "state/key_index.h"
#include "state/row_pieces.h"
#include "state/state_table.h"
#include "state/whole_rows.h"

namespace thalweg {

// Whole rows kept in the order they came, for operators that must see all before they answer.
class RowBuffer final : public StateTable {
 public:
  explicit RowBuffer(RowLayout layout);

  void add(Batch batch);

  std::uint64_t rows() const { return rows_; }

  // Leaves the first `count` rows in the order of `keys`, in which they stand then; rows equal in
  // it as they were.
  void sort(std::span<const SortKey> keys, std::uint64_t count);

  // All rows in one batch; the buffer is empty then. Requires: rows() > 0.
  Batch take();

  std::size_t memory_bytes() const;

  const StateSchema& schema() const override { return schema_; }
  void note_changes() override;
  bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
  Status apply(const StateChanges& changes) override;

 private:
  // Where a row that apply() has put stands; nowhere: it has gone again.
  struct Place {
    static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
    std::size_t batch = kNowhere;
    RowIndex row = 0;
  };

  Batch joined();
  void note_gone(const Batch& batch, RowSpan rows);
  // Numbers of these keys among all that apply() has seen.
  std::vector<GroupId> find_restored(std::span<const Column> keys);
  void leave_placed();

  const WholeRows whole_;
  const StateSchema schema_;
  std::vector<Batch> batches_;  // With the rows' numbers as a column more, from note_changes() on.
  std::uint64_t rows_ = 0;

  bool notes_ = false;
  std::int64_t next_number_ = 0;
  std::int64_t told_to_ = 0;     // next_changes() has given the rows of smaller numbers.
  std::size_t first_fresh_ = 0;  // Rows of batches before it have all been given.
  RowPieces gone_;
  // For next_changes().
  std::size_t next_batch_ = 0;
  std::uint32_t next_row_ = 0;
  // For apply().
  std::unique_ptr<KeyIndex> restored_;
  std::vector<Place> places_;  // By number in restored_.
};

}  // namespace thalweg
