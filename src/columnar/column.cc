#include "columnar/column.h"

#include "base/check.h"
#include "columnar/bits.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

struct Bits {
  const std::uint64_t* words = nullptr;
  BufferRef owner;
};

Bits slice_bits(const std::uint64_t* words, const BufferRef& owner, RowIndex begin,
                std::uint32_t length) {
  if (words == nullptr) {
    return {};
  }
  if (begin % 64 == 0) {
    return {.words = words + begin / 64, .owner = owner};
  }
  auto copy = allocate_bitmap(length);
  copy_bits(copy->as<std::uint64_t>(), 0, words, begin, length);
  return {.words = copy->as<std::uint64_t>(), .owner = copy};
}

}  // namespace

Column Column::slice(RowIndex begin, std::uint32_t length) const {
  TW_DCHECK(begin + length <= length_);
  if (begin == 0 && length == length_) {
    return *this;
  }
  Column out = *this;
  out.length_ = length;
  Bits validity = slice_bits(validity_, validity_owner_, begin, length);
  out.validity_ = validity.words;
  out.validity_owner_ = std::move(validity.owner);
  if (type_.kind == TypeKind::kBoolean) {
    Bits values = slice_bits(bits(), values_owner_, begin, length);
    out.values_ = reinterpret_cast<const std::byte*>(values.words);
    out.values_owner_ = std::move(values.owner);
  } else if (type_.kind == TypeKind::kStruct) {
    for (Column& child : out.children_) {
      child = child.slice(begin, length);
    }
  } else if (offsets_ != nullptr) {
    out.offsets_ = offsets_ + begin;
  } else if (values_ != nullptr) {
    out.values_ = values_ + std::size_t{begin} * value_width(type_.kind);
  }
  return out;
}

Column Column::with_type(Type type) const {
  TW_DCHECK(value_width(type.kind) == value_width(type_.kind));
  Column out = *this;
  out.type_ = std::move(type);
  return out;
}

Column Column::with_validity(BufferRef validity) const {
  Column out = *this;
  out.set_validity(std::move(validity));
  return out;
}

std::size_t Column::memory_bytes() const {
  std::size_t bytes = 0;
  for (const BufferRef* owner : {&validity_owner_, &values_owner_, &offsets_owner_}) {
    bytes += *owner ? (*owner)->capacity() : 0;
  }
  return bytes + thalweg::memory_bytes(children_);
}

std::size_t memory_bytes(std::span<const Column> columns) {
  std::size_t bytes = 0;
  for (const Column& column : columns) {
    bytes += column.memory_bytes();
  }
  return bytes;
}

void Column::set_validity(BufferRef buffer) {
  validity_ = buffer ? buffer->as<std::uint64_t>() : nullptr;
  validity_owner_ = std::move(buffer);
}

void Column::set_values(BufferRef buffer) {
  values_ = buffer ? buffer->data() : nullptr;
  values_owner_ = std::move(buffer);
}

void Column::set_offsets(BufferRef buffer) {
  offsets_ = buffer ? buffer->as<std::int32_t>() : nullptr;
  offsets_owner_ = std::move(buffer);
}

}  // namespace thalweg
