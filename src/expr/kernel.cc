#include "expr/kernel.h"

#include <algorithm>

namespace thalweg {
namespace {

// Zeroes the values of rows that do not count.
void clear_invalid(const KernelCall& call, Buffer& values) {
  if (call.result_type.kind == TypeKind::kBoolean) {
    for (std::uint32_t word = 0; word < bitmap_words(call.length); ++word) {
      values.as<std::uint64_t>()[word] &= call.valid[word];
    }
    return;
  }
  const std::size_t width = value_width(call.result_type.kind);
  for (RowIndex row = 0; row < call.length; ++row) {
    if (!is_set(call.valid, row)) {
      std::fill_n(values.data() + row * width, width, std::byte{0});
    }
  }
}

}  // namespace

void RowErrors::report(RowIndex row, RowError error) {
  if (!is_set(valid_, row)) {
    return;
  }
  if (buffer_ == nullptr) {
    buffer_ = Buffer::allocate_zeroed(length_);
  }
  buffer_->as<RowError>()[row] = error;
}

Vector vector_of(const KernelCall& call, std::shared_ptr<Buffer> values, BufferRef errors) {
  if (call.valid != nullptr) {
    clear_invalid(call, *values);
  }
  Column column{call.result_type, call.length};
  column.set_values(std::move(values));
  return Vector{.column = std::move(column), .constant = false, .errors = std::move(errors)};
}

}  // namespace thalweg
