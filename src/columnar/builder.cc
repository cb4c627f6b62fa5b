#include "columnar/builder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "columnar/bits.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

bool has_bytes(TypeKind kind) { return kind == TypeKind::kText || kind == TypeKind::kBytea; }
bool has_offsets(TypeKind kind) { return has_bytes(kind) || kind == TypeKind::kArray; }

// A larger buffer that begins with the first `used` bytes of `old`, which may be null.
std::shared_ptr<Buffer> enlarged(const std::shared_ptr<Buffer>& old, std::size_t used,
                                 std::size_t size) {
  auto buffer = Buffer::allocate(size);
  if (old != nullptr && used > 0) {
    std::memcpy(buffer->data(), old->data(), used);
  }
  return buffer;
}

}  // namespace

ColumnBuilder::ColumnBuilder(Type type, std::uint32_t capacity)
    : type_(std::move(type)), capacity_first_(std::max<std::uint32_t>(capacity, 64)) {
  bytes_first_ = std::size_t{capacity_first_} * 8;
  if (type_.fields != nullptr) {
    for (const Field& field : *type_.fields) {
      children_.emplace_back(field.type, capacity);
    }
  }
}

ColumnBuilder::ColumnBuilder(ColumnBuilder&&) noexcept = default;
ColumnBuilder& ColumnBuilder::operator=(ColumnBuilder&&) noexcept = default;
ColumnBuilder::~ColumnBuilder() = default;

void ColumnBuilder::reserve(std::uint32_t rows) {
  if (rows > capacity_) {
    grow(rows);
  }
}

void ColumnBuilder::grow(std::uint32_t rows_min) {
  TW_CHECK(rows_min <= INT32_MAX);
  const std::uint32_t rows = std::max({rows_min, capacity_ * 2, capacity_first_});
  const std::uint32_t words = bitmap_words(rows);
  const std::uint32_t words_used = bitmap_words(length_);
  if (has_offsets(type_.kind)) {
    const bool fresh = offsets_ == nullptr;
    offsets_ = enlarged(offsets_, (std::size_t{length_} + 1) * sizeof(std::int32_t),
                        (std::size_t{rows} + 1) * sizeof(std::int32_t));
    if (fresh) {
      offsets_->as<std::int32_t>()[0] = 0;
    }
    if (has_bytes(type_.kind) && values_ == nullptr) {
      values_ = Buffer::allocate(bytes_first_);
    }
  } else if (type_.kind == TypeKind::kBoolean) {
    values_ = enlarged(values_, std::size_t{words_used} * 8, std::size_t{words} * 8);
  } else if (const std::size_t width = value_width(type_.kind); width > 0) {
    values_ = enlarged(values_, length_ * width, rows * width);
  }
  if (validity_ != nullptr) {
    validity_ = enlarged(validity_, std::size_t{words_used} * 8, std::size_t{words} * 8);
    std::memset(validity_->data() + std::size_t{words_used} * 8, 0xff,
                std::size_t{words - words_used} * 8);
  }
  capacity_ = rows;
}

void ColumnBuilder::grow_text(std::size_t bytes) {
  if (length_ == capacity_) {
    grow(length_ + 1);
  }
  const std::size_t bytes_min = bytes_used_ + bytes;
  TW_CHECK(bytes_min <= INT32_MAX);
  if (bytes_min > values_->capacity()) {
    values_ = enlarged(values_, bytes_used_, std::max(bytes_min, values_->capacity() * 2));
  }
}

void ColumnBuilder::ensure_validity() {
  if (validity_ == nullptr) {
    validity_ = bitmap_of_ones(capacity_);
  }
}

void ColumnBuilder::open_row() {
  if (length_ == capacity_) [[unlikely]] {
    grow(length_ + 1);
  }
  if (type_.kind == TypeKind::kArray) {
    offsets_->as<std::int32_t>()[length_ + 1] = static_cast<std::int32_t>(children_[0].length());
  } else if (offsets_ != nullptr) {
    offsets_->as<std::int32_t>()[length_ + 1] = static_cast<std::int32_t>(bytes_used_);
  }
}

void ColumnBuilder::append_null() {
  open_row();
  ensure_validity();
  set_bit(validity_->as<std::uint64_t>(), length_, false);
  if (type_.kind == TypeKind::kBoolean) {
    set_bit(values_->as<std::uint64_t>(), length_, false);
  } else if (const std::size_t width = value_width(type_.kind); width > 0) {
    std::memset(values_->data() + length_ * width, 0, width);
  }
  if (type_.kind == TypeKind::kStruct) {
    for (ColumnBuilder& child : children_) {
      child.append_null();
    }
  }
  ++length_;
}

void ColumnBuilder::append_bool(bool value) {
  open_row();
  set_bit(values_->as<std::uint64_t>(), length_++, value);
}

void ColumnBuilder::close_row() {
  open_row();
  ++length_;
}

void ColumnBuilder::append_from(const Column& column, RowIndex row) {
  if (!column.is_valid(row)) {
    append_null();
    return;
  }
  switch (type_.kind) {
    case TypeKind::kNull:
      append_null();
      return;
    case TypeKind::kBoolean:
      append_bool(column.bit(row));
      return;
    case TypeKind::kText:
    case TypeKind::kBytea:
      append_text(column.text(row));
      return;
    case TypeKind::kArray:
      for (std::int32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
        children_[0].append_from(column.children()[0], static_cast<RowIndex>(i));
      }
      close_row();
      return;
    case TypeKind::kStruct:
      for (std::size_t i = 0; i < children_.size(); ++i) {
        children_[i].append_from(column.children()[i], row);
      }
      close_row();
      return;
    default: {
      open_row();
      const std::size_t width = value_width(type_.kind);
      std::memcpy(values_->data() + length_ * width, column.raw_values() + row * width, width);
      ++length_;
    }
  }
}

void ColumnBuilder::pop() {
  TW_DCHECK(length_ > 0);
  truncate(length_ - 1);
}

void ColumnBuilder::truncate(std::uint32_t rows) {
  TW_DCHECK(rows <= length_);
  if (validity_ != nullptr) {
    fill_bits(validity_->as<std::uint64_t>(), rows, length_ - rows, true);
  }
  length_ = rows;
  if (type_.kind == TypeKind::kStruct) {
    // The fields of a row that was not closed go too.
    for (ColumnBuilder& child : children_) {
      child.truncate(std::min(rows, child.length()));
    }
  } else if (offsets_ != nullptr) {
    const auto end = static_cast<std::uint32_t>(offsets_->as<std::int32_t>()[rows]);
    if (type_.kind == TypeKind::kArray) {
      children_[0].truncate(end);
    } else {
      bytes_used_ = end;
    }
  } else if (type_.kind == TypeKind::kArray) {
    children_[0].truncate(0);
  }
}

Column ColumnBuilder::finish() {
  if (capacity_ == 0) {
    grow(0);  // So that an empty column, too, has its offsets and values.
  }
  Column out{type_, length_};
  if (validity_ != nullptr && count_set(validity_->as<std::uint64_t>(), length_) < length_) {
    validity_->set_size(std::size_t{bitmap_words(length_)} * 8);
    out.set_validity(std::move(validity_));
  }
  if (has_bytes(type_.kind)) {
    bytes_first_ = std::max<std::size_t>(bytes_used_, 64);
    values_->set_size(bytes_used_);
  } else if (type_.kind == TypeKind::kBoolean) {
    values_->set_size(std::size_t{bitmap_words(length_)} * 8);
  } else if (values_ != nullptr) {
    values_->set_size(std::size_t{length_} * value_width(type_.kind));
  }
  if (offsets_ != nullptr) {
    offsets_->set_size((std::size_t{length_} + 1) * sizeof(std::int32_t));
  }
  out.set_values(std::move(values_));
  out.set_offsets(std::move(offsets_));
  std::vector<Column> children;
  for (ColumnBuilder& child : children_) {
    children.push_back(child.finish());
  }
  out.set_children(std::move(children));
  values_ = nullptr;
  offsets_ = nullptr;
  validity_ = nullptr;
  length_ = 0;
  capacity_ = 0;
  bytes_used_ = 0;
  return out;
}

}  // namespace thalweg
