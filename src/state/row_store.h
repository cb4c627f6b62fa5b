#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "columnar/column.h"
#include "state/group_records.h"
#include "state/state_array.h"

namespace thalweg {

// Where a kept row stands; freed numbers are given out again.
using RowSlot = std::uint32_t;

// A row that is either kept or still in the batch at hand.
struct RowRef {
  static RowRef kept(RowSlot slot) { return {slot, true}; }
  static RowRef in_batch(RowIndex row) { return {row, false}; }
  std::uint32_t number;
  bool is_kept;
};

// Whole rows of one schema, by slot number, each column apart. Values come out as they went in, to
// the last byte.
class RowStore {
 public:
  explicit RowStore(std::vector<Type> types);

  // How many columns.
  std::size_t width() const { return columns_.size(); }

  RowSlot obtain();
  void release(RowSlot slot) { free_.push_back(slot); }
  // How many slots are in use.
  RowSlot kept() const { return slots_ - static_cast<RowSlot>(free_.size()); }
  // For those who choose slots themselves: makes room for slots 0 to count - 1.
  void grow_to(RowSlot count) { slots_ = count; }

  // Fills slots[i] with row rows[i] of the columns.
  void put(std::span<const Column> columns, RowSpan rows, std::span<const RowSlot> slots);

  // The first `count` columns of these rows; those that are in the batch come from `batch`, of the
  // same types.
  std::vector<Column> rows(std::span<const RowRef> refs, std::span<const Column> batch,
                           std::size_t count) const;

  // One column of them.
  Column column(std::span<const RowRef> refs, const Column& batch, std::size_t column) const {
    return read_column(columns_[column], refs, batch);
  }

  bool is_null(std::size_t column, RowRef row, std::span<const Column> batch) const;

  // One column's values by slot. Requires: a type of plain values, T.
  template <typename T>
  const T* values(std::size_t column) const {
    return reinterpret_cast<const T*>(columns_[column].values.data());
  }
  // False: no kept row has a NULL in this column.
  bool may_have_nulls(std::size_t column) const { return columns_[column].nulls.size() > 0; }

  // Compares one column of two rows as compare_rows() does. Both are kept where there is no batch.
  int compare(std::size_t column, RowRef a, RowRef b, std::span<const Column> batch) const;

  void clear();
  std::size_t memory_bytes() const;

 private:
  // How the values of a type are kept.
  enum class Form : std::uint8_t {
    kPlain,    // Bytes of one width.
    kBits,     // BOOLEAN: a byte each.
    kText,     // TEXT and BYTEA, after a byte that no record lacks.
    kEncoded,  // Any other: see value_codec.h.
  };
  struct Stored {
    Type type;
    Form form = Form::kPlain;
    std::uint32_t width = 0;
    StateArray<char> values;
    StateArray<char> nulls;  // As many as slots once there has been a NULL; 1: it is one.
    GroupRecords records;
  };

  static bool is_null(const Stored& stored, RowSlot slot) {
    return stored.nulls.size() > slot && stored.nulls[slot] != 0;
  }
  void put_column(Stored& stored, const Column& column, RowSpan rows,
                  std::span<const RowSlot> slots) const;
  Column read_column(const Stored& stored, std::span<const RowRef> refs, const Column& batch) const;
  static bool is_word(const Stored& stored);
  static int compare(const Stored& stored, RowRef a, RowRef b, const Column& batch);
  static int compare_simple(const Stored& stored, RowRef a, RowRef b, const Column& batch);
  static Column read_one(const Stored& stored, RowSlot slot);

  std::vector<Stored> columns_;
  std::vector<RowSlot> free_;
  RowSlot slots_ = 0;
};

}  // namespace thalweg
