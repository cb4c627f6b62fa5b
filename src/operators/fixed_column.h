#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "columnar/column.h"
#include "columnar/kernels.h"

namespace thalweg {

// Makes a column of plain values: value_at(i) is T, valid_at(i) says whether row i is not NULL.
template <typename T, typename ValueAt>
Column fixed_column(const Type& type, std::size_t length, ValueAt value_at) {
  auto buffer = Buffer::allocate(length * sizeof(T));
  T* const out = buffer->template as<T>();
  for (std::size_t i = 0; i < length; ++i) {
    out[i] = value_at(i);
  }
  Column column(type, static_cast<std::uint32_t>(length));
  column.set_values(std::move(buffer));
  return column;
}

template <typename T, typename ValueAt, typename ValidAt>
Column fixed_column(const Type& type, std::size_t length, ValueAt value_at, ValidAt valid_at) {
  Column column = fixed_column<T>(type, length, value_at);
  bool all_valid = true;
  for (std::size_t i = 0; i < length; ++i) {
    all_valid &= valid_at(i);
  }
  if (!all_valid) {
    column.set_validity(pack_bits(static_cast<std::uint32_t>(length), valid_at));
  }
  return column;
}

// What stands in a column of a state of numbers: BIGINT and DOUBLE.
template <typename ValueAt>
Column bigint_column_of(std::size_t length, ValueAt value_at) {
  return fixed_column<std::int64_t>(type_of(TypeKind::kBigint), length, value_at);
}
template <typename ValueAt>
Column double_column_of(std::size_t length, ValueAt value_at) {
  return fixed_column<double>(type_of(TypeKind::kDouble), length, value_at);
}

}  // namespace thalweg
