#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/detail/reflect.h"
#include "thalweg/timestamp.h"

namespace thalweg {

struct Batch;

namespace detail {

enum class FieldKind : std::uint8_t {
  kBoolean,
  kSmallint,
  kInt,
  kBigint,
  kReal,
  kDouble,
  kText,
  kTimestamp,
};

struct FieldInfo {
  std::string name;
  FieldKind kind = FieldKind::kBigint;
  bool nullable = false;
};

// One column of a batch, in Arrow's layout.
struct ColumnView {
  const void* values = nullptr;
  const std::uint64_t* validity = nullptr;  // Absent: no NULLs.
  const std::int32_t* offsets = nullptr;

  bool is_valid(std::uint32_t row) const {
    return validity == nullptr || ((validity[row >> 6] >> (row & 63)) & 1) != 0;
  }
};

// Rows on their way into a function of the program.
struct RowsIn {
  const Batch* batch = nullptr;
  std::uint32_t rows = 0;
  std::vector<std::uint32_t> numbers;  // Of the existing rows in the columns; empty: all.
  std::vector<ColumnView> columns;

  std::uint32_t number(std::uint32_t i) const { return numbers.empty() ? i : numbers[i]; }
};

// What offsets of 32 bits can address.
inline constexpr std::size_t kTextBytesMax = 0x7fffffff;

// A column being written, whose values are laid out one after the other.
struct ColumnData {
  std::string bytes;
  std::vector<std::int32_t> ends;   // Of texts.
  std::vector<std::uint8_t> nulls;  // One per row from the first NULL on; empty: none so far.
  std::uint32_t rows = 0;

  template <typename T>
  void append_plain(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    close_row(false);
  }
  void append_text(std::string_view text) {
    if (bytes.size() + text.size() > kTextBytesMax) {
      throw std::length_error("the texts of one batch come to more than 2 GB");
    }
    bytes.append(text);
    ends.push_back(static_cast<std::int32_t>(bytes.size()));
    close_row(false);
  }
  void close_row(bool is_null) {
    if (is_null && nulls.empty()) {
      nulls.resize(rows, 0);
      nulls.push_back(1);
    } else if (!nulls.empty()) {
      nulls.push_back(is_null ? 1 : 0);
    }
    ++rows;
  }
};

// Rows that a function of the program made.
struct RowsOut {
  std::vector<ColumnData> columns;
  std::vector<std::uint32_t> origins;  // The input's row, by number, that each comes from.
  std::vector<std::uint32_t> refused;  // Rows it failed on.
  std::string failure;                 // What the exception on the first of these said.

  // For a handler of exceptions: the function failed on `row` when it had put out `rows_before`
  // rows for those before it, which stay.
  void refuse(std::uint32_t row, std::size_t rows_before);
};

// What the exception being handled says of itself.
std::string current_exception_text();

template <typename T>
inline constexpr bool kNever = false;

// How a field's type is kept in a column.
template <typename T>
struct FieldTraits {
  static_assert(kNever<T>,
                "a field of a row is a bool, a signed integer of 16, 32 or 64 bits, a float, a "
                "double, a std::string, a thalweg::Timestamp, or a std::optional of one of these");
};

template <typename T, FieldKind kKindOfField>
struct PlainField {
  static constexpr FieldKind kKind = kKindOfField;
  static constexpr bool kNullable = false;
  static void read(const ColumnView& column, std::uint32_t row, T& out) {
    out = static_cast<const T*>(column.values)[row];
  }
  static void write(const T& value, ColumnData& column) { column.append_plain(value); }
  static void write_null(ColumnData& column) {
    column.bytes.append(sizeof(T), '\0');
    column.close_row(true);
  }
};
template <>
struct FieldTraits<std::int16_t> : PlainField<std::int16_t, FieldKind::kSmallint> {};
template <>
struct FieldTraits<std::int32_t> : PlainField<std::int32_t, FieldKind::kInt> {};
template <>
struct FieldTraits<long> : PlainField<long, FieldKind::kBigint> {};
template <>
struct FieldTraits<long long> : PlainField<long long, FieldKind::kBigint> {};
template <>
struct FieldTraits<float> : PlainField<float, FieldKind::kReal> {};
template <>
struct FieldTraits<double> : PlainField<double, FieldKind::kDouble> {};
template <>
struct FieldTraits<Timestamp> : PlainField<Timestamp, FieldKind::kTimestamp> {};

// Written as a byte a row; the engine packs them into bits.
template <>
struct FieldTraits<bool> : PlainField<bool, FieldKind::kBoolean> {
  static void read(const ColumnView& column, std::uint32_t row, bool& out) {
    out = ((static_cast<const std::uint64_t*>(column.values)[row >> 6] >> (row & 63)) & 1) != 0;
  }
};

template <>
struct FieldTraits<std::string> {
  static constexpr FieldKind kKind = FieldKind::kText;
  static constexpr bool kNullable = false;
  static void read(const ColumnView& column, std::uint32_t row, std::string& out) {
    const std::int32_t begin = column.offsets[row];
    out.assign(static_cast<const char*>(column.values) + begin,
               static_cast<std::size_t>(column.offsets[row + 1] - begin));
  }
  static void write(const std::string& value, ColumnData& column) { column.append_text(value); }
  static void write_null(ColumnData& column) {
    column.ends.push_back(static_cast<std::int32_t>(column.bytes.size()));
    column.close_row(true);
  }
};

// NULL is no value. Other fields are never NULL: what could be is rejected where it comes in.
template <typename T>
struct FieldTraits<std::optional<T>> {
  static constexpr FieldKind kKind = FieldTraits<T>::kKind;
  static constexpr bool kNullable = true;
  static void read(const ColumnView& column, std::uint32_t row, std::optional<T>& out) {
    if (column.is_valid(row)) {
      FieldTraits<T>::read(column, row, out.emplace());
    } else {
      out.reset();
    }
  }
  static void write(const std::optional<T>& value, ColumnData& column) {
    if (value) {
      FieldTraits<T>::write(*value, column);
    } else {
      FieldTraits<T>::write_null(column);
    }
  }
};

template <typename T, std::size_t... I>
std::vector<FieldInfo> fields_of(std::index_sequence<I...> /*all*/) {
  return {FieldInfo{std::string(field_names<T>[I]), FieldTraits<FieldAt<T, I>>::kKind,
                    FieldTraits<FieldAt<T, I>>::kNullable}...};
}
template <typename T>
std::vector<FieldInfo> fields_of() {
  return fields_of<T>(std::make_index_sequence<field_count<T>>());
}

template <typename T>
void read_row(const RowsIn& rows, std::uint32_t row, T& out) {
  auto fields = tie_fields(out);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (FieldTraits<FieldAt<T, I>>::read(rows.columns[I], row, std::get<I>(fields)), ...);
  }(std::make_index_sequence<field_count<T>>());
}

template <typename T>
void write_row(const T& value, std::vector<ColumnData>& columns) {
  auto fields = tie_fields(value);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (FieldTraits<FieldAt<T, I>>::write(std::get<I>(fields), columns[I]), ...);
  }(std::make_index_sequence<field_count<T>>());
}

}  // namespace detail
}  // namespace thalweg
