#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "columnar/column.h"
#include "columnar/value.h"

namespace thalweg {

// Grows one column row by row. Append the kind of value that the type has, or a null.
// Reused: finish() leaves it empty, ready for the next batch.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type, std::uint32_t capacity = 1024);
  ColumnBuilder(ColumnBuilder&&) noexcept;
  ColumnBuilder& operator=(ColumnBuilder&&) noexcept;
  ~ColumnBuilder();

  const Type& type() const { return type_; }
  std::uint32_t length() const { return length_; }
  void reserve(std::uint32_t rows);

  void append_null();

  // Requires: T is the value type of type(): see Column.
  template <typename T>
  void append(T value) {
    if (length_ == capacity_) [[unlikely]] {
      grow(length_ + 1);
    }
    reinterpret_cast<T*>(values_->data())[length_++] = value;
  }
  void append_bool(bool value);
  void append_text(std::string_view text) {
    if (length_ == capacity_ || bytes_used_ + text.size() > values_->capacity()) [[unlikely]] {
      grow_text(text.size());
    }
    if (!text.empty()) {
      std::memcpy(values_->as<char>() + bytes_used_, text.data(), text.size());
    }
    bytes_used_ += text.size();
    offsets_->as<std::int32_t>()[++length_] = static_cast<std::int32_t>(bytes_used_);
  }

  // STRUCT: append to every child first, then close the row. ARRAY: append the row's elements
  // to child(0), then close the row.
  ColumnBuilder& child(std::size_t i) { return children_[i]; }
  void close_row();

  // Requires: the value is of type() or null.
  void append_value(const Value& value);
  // A copy of another column's row. Requires: the same type.
  void append_from(const Column& column, RowIndex row);

  // Takes the last row back, for a row that turned out to be bad.
  void pop();
  // Drops rows from the end until `rows` are left.
  void truncate(std::uint32_t rows);

  Column finish();

 private:
  void grow(std::uint32_t rows_min);
  // Makes room for one row more, of so many bytes.
  void grow_text(std::size_t bytes);
  void ensure_validity();
  // Makes room for one row more, and its last offset where the type has offsets.
  void open_row();

  Type type_;
  std::uint32_t length_ = 0;
  std::uint32_t capacity_ = 0;        // Rows; 0 from finish() to the next append.
  std::uint32_t capacity_first_ = 0;  // Of the next column.
  std::shared_ptr<Buffer> values_;    // Values, bits, or bytes of text.
  std::shared_ptr<Buffer> offsets_;   // TEXT, BYTEA, ARRAY: as many as capacity_ + 1.
  std::shared_ptr<Buffer> validity_;  // Absent until the first null; ones beyond length_.
  std::size_t bytes_used_ = 0;        // TEXT, BYTEA.
  std::size_t bytes_first_ = 0;       // Of the next column.
  std::vector<ColumnBuilder> children_;
};

}  // namespace thalweg
