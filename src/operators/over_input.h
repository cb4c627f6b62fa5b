#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "columnar/column.h"
#include "state/group_queues.h"
#include "state/row_store.h"

namespace thalweg {

// Rows of one key at hand: those kept from before, then new ones. They are counted from 0 through
// both.
struct OverRun {
  GroupId id = 0;
  std::uint64_t number = 0;  // Of row 0 within its key.
  std::uint32_t kept = 0;
  RowIndex first = 0;  // Of the new rows among those of the batch.
  std::uint32_t count = 0;
  // The rows whose answers are given now, and where the first of these stands among all answers.
  std::uint32_t out_begin = 0;
  std::uint32_t out_end = 0;
  std::uint32_t answer = 0;

  std::uint32_t rows() const { return kept + count; }
};

// Rows of a run: [begin, end), never with end < begin.
struct RowRange {
  std::uint32_t begin;
  std::uint32_t end;
};

// The frames of all rows whose answers are given. Both bounds only ever move forward.
struct FrameRows {
  std::span<const RowRange> ranges;    // By answer.
  std::span<const RowRange> previous;  // By run: the last one before.
  bool from_start = false;             // Begins with the partition; `begin` is then 0.
};

// What calls OVER a window compute their answers from.
struct OverInput {
  std::span<const OverRun> runs;
  std::span<const Column> columns;  // Of new rows; those that are kept, in the store's order.
  const RowStore& store;
  const GroupQueues<RowSlot>& slots;
  std::uint32_t answers = 0;

  RowRef ref(const OverRun& run, std::uint32_t row) const {
    return row < run.kept ? RowRef::kept(slots.get(run.id)[row])
                          : RowRef::in_batch(run.first + (row - run.kept));
  }
};

// One plain column of a run's rows.
template <typename T>
class RunValues {
 public:
  RunValues(const OverInput& input, std::size_t column)
      : input_(input),
        column_(column),
        fresh_(input.columns[column]),
        kept_(input.store.values<T>(column)) {}

  void enter(const OverRun& run) {
    slots_ = input_.slots.get(run.id).data();
    kept_count_ = run.kept;
    first_ = run.first;
    nullable_ = fresh_.may_have_nulls() || input_.store.may_have_nulls(column_);
  }

  T operator[](std::uint32_t row) const {
    return row < kept_count_ ? kept_[slots_[row]] : values_[first_ + (row - kept_count_)];
  }

  bool is_valid(std::uint32_t row) const {
    if (!nullable_) {
      return true;
    }
    return row < kept_count_ ? !input_.store.is_null(column_, RowRef::kept(slots_[row]), {})
                             : fresh_.is_valid(first_ + (row - kept_count_));
  }

 private:
  const OverInput& input_;
  const std::size_t column_;
  const Column& fresh_;
  const T* const kept_;
  const T* const values_ = fresh_.values<T>().data();
  const RowSlot* slots_ = nullptr;
  std::uint32_t kept_count_ = 0;
  RowIndex first_ = 0;
  bool nullable_ = false;
};

}  // namespace thalweg
