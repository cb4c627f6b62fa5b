#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "columnar/builder.h"
#include "columnar/column.h"

namespace thalweg {

// One row of a column as bytes, appended to `out`. Unlike a key's canonical bytes these give back
// exactly the value that went in. A format: docs/formats/values.md.
void append_value(const Column& column, RowIndex row, std::string& out);

// Appends the value at the front of `bytes` to `builder`, of the same type, and takes it off
// `bytes`. Requires: bytes that append_value() made.
void read_value(std::string_view& bytes, ColumnBuilder& builder);

// Takes a value off the front of `bytes`, which may be anything. False: it does not begin with a
// value of the type.
bool skip_value(std::string_view& bytes, const Type& type);

// Records of bytes as one value, for state on disk: docs/formats/values.md. The first call starts
// it, on an empty `out`.
void append_record(std::string_view record, std::string& out);
// The records, appended to `records` as views of `bytes`. False: it is no such value.
bool read_records(std::string_view bytes, std::vector<std::string_view>& records);

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
