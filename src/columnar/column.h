#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/buffer.h"
#include "columnar/type.h"

namespace thalweg {

// Rows of a batch, ascending, by number.
using RowIndex = std::uint32_t;
using RowSpan = std::span<const RowIndex>;

// Months, days and time are kept apart, as Arrow's month_day_nano and PostgreSQL do.
struct Interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t nanos = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};
static_assert(sizeof(Interval) == 16);

// Values of one type in Arrow's memory layout, immutable and cheap to copy (buffers are shared).
//
// Values by type: BOOLEAN bits, least significant first; SMALLINT int16, INT int32, BIGINT int64,
// REAL float, DOUBLE double, NUMERIC Int128 scaled by 10^scale, DATE int32 days since 1970,
// TIME int64 microseconds of the day, TIMESTAMP and TIMESTAMPTZ int64 microseconds since 1970 UTC,
// INTERVAL Interval. TEXT (UTF-8) and BYTEA: int32 offsets, length + 1 of them, and bytes.
// ARRAY: int32 offsets and one child; STRUCT: one child per field, as long as itself.
// A null row holds a zero value or an empty text. Bitmaps are in 64-bit words; bits past the end
// may hold anything.
class Column {
 public:
  Column() = default;
  Column(Type type, std::uint32_t length) : type_(std::move(type)), length_(length) {}

  const Type& type() const { return type_; }
  std::uint32_t length() const { return length_; }

  // No row is null when there is no bitmap; with one, any number may be.
  bool may_have_nulls() const { return validity_ != nullptr; }
  const std::uint64_t* validity() const { return validity_; }
  bool is_valid(RowIndex row) const {
    return validity_ == nullptr || ((validity_[row >> 6] >> (row & 63)) & 1) != 0;
  }

  // Requires: T is the value type of type().
  template <typename T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(values_), length_};
  }
  const std::byte* raw_values() const { return values_; }

  // BOOLEAN only.
  const std::uint64_t* bits() const { return reinterpret_cast<const std::uint64_t*>(values_); }
  bool bit(RowIndex row) const { return ((bits()[row >> 6] >> (row & 63)) & 1) != 0; }

  // TEXT, BYTEA, ARRAY. offsets()[0] need not be 0.
  const std::int32_t* offsets() const { return offsets_; }

  // TEXT, BYTEA.
  const char* bytes() const { return reinterpret_cast<const char*>(values_); }
  std::string_view text(RowIndex row) const {
    return {bytes() + offsets_[row], static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  }

  // STRUCT: one per field. ARRAY: the elements of all rows.
  const std::vector<Column>& children() const { return children_; }

  // Rows [begin, begin + length) without copying values; bitmaps are copied where `begin`
  // is not a multiple of 64.
  Column slice(RowIndex begin, std::uint32_t length) const;

  // The same values under another type of the same layout (TIMESTAMP as BIGINT, say).
  Column with_type(Type type) const;

  // The same values, with these rows null instead (nullptr: none).
  Column with_validity(BufferRef validity) const;

  // Bytes of memory its buffers hold; shared buffers count in each column.
  std::size_t memory_bytes() const;

  // For builders and kernels: set the parts of a fresh column.
  void set_validity(BufferRef buffer);
  void set_values(BufferRef buffer);
  void set_offsets(BufferRef buffer);
  void set_children(std::vector<Column> children) { children_ = std::move(children); }

 private:
  Type type_;
  std::uint32_t length_ = 0;
  const std::uint64_t* validity_ = nullptr;
  const std::byte* values_ = nullptr;
  const std::int32_t* offsets_ = nullptr;
  BufferRef validity_owner_;
  BufferRef values_owner_;
  BufferRef offsets_owner_;
  std::vector<Column> children_;
};

// Of all of them together, as Column::memory_bytes().
std::size_t memory_bytes(std::span<const Column> columns);

}  // namespace thalweg
