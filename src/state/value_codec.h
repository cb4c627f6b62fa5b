#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "columnar/builder.h"
#include "columnar/column.h"

namespace thalweg {

// One row of a column as bytes, appended to `out`. Unlike a key's canonical bytes these give back
// exactly the value that went in. Only for this process's memory: not a format.
void append_value(const Column& column, RowIndex row, std::string& out);

// Appends the value at the front of `bytes` to `builder`, of the same type, and takes it off
// `bytes`.
void read_value(std::string_view& bytes, ColumnBuilder& builder);

// The same for a plain number or struct.
template <typename T>
  requires std::is_trivially_copyable_v<T>
void append_plain(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}
template <typename T>
  requires std::is_trivially_copyable_v<T>
T read_plain(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

}  // namespace thalweg
