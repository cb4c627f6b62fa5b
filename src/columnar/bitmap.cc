// The kernels over bitmaps: validity and conditions.
#include <bit>
#include <cstring>

#include "base/check.h"
#include "columnar/kernels.h"

namespace thalweg {

std::shared_ptr<Buffer> allocate_bitmap(std::uint32_t length) {
  return Buffer::allocate(std::size_t{bitmap_words(length)} * 8);
}

std::shared_ptr<Buffer> bitmap_of_ones(std::uint32_t length) {
  auto buffer = allocate_bitmap(length);
  std::memset(buffer->data(), 0xff, buffer->size());
  return buffer;
}

BufferRef intersect_validity(const Column& a, const Column& b) {
  TW_DCHECK(a.length() == b.length());
  if (!a.may_have_nulls() && !b.may_have_nulls()) {
    return nullptr;
  }
  auto buffer = allocate_bitmap(a.length());
  if (!a.may_have_nulls() || !b.may_have_nulls()) {
    const Column& only = a.may_have_nulls() ? a : b;
    std::memcpy(buffer->data(), only.validity(), buffer->size());
    return buffer;
  }
  auto* words = buffer->as<std::uint64_t>();
  for (std::uint32_t i = 0; i < bitmap_words(a.length()); ++i) {
    words[i] = a.validity()[i] & b.validity()[i];
  }
  return buffer;
}

std::uint32_t count_set(const std::uint64_t* bits, std::uint32_t length) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < length / 64; ++i) {
    count += static_cast<std::uint32_t>(std::popcount(bits[i]));
  }
  if (length % 64 != 0) {
    const std::uint64_t mask = (1ULL << (length % 64)) - 1;
    count += static_cast<std::uint32_t>(std::popcount(bits[length / 64] & mask));
  }
  return count;
}

void append_true_rows(const Column& condition, std::vector<RowIndex>& rows) {
  const std::uint32_t length = condition.length();
  const std::uint64_t* bits = condition.bits();
  const std::uint64_t* validity = condition.validity();
  const std::size_t before = rows.size();
  rows.resize(before + length);
  RowIndex* out = rows.data() + before;
  for (std::uint32_t begin = 0; begin < length; begin += 64) {
    std::uint64_t word = bits[begin / 64];
    if (validity != nullptr) {
      word &= validity[begin / 64];
    }
    if (length - begin < 64) {
      word &= (1ULL << (length - begin)) - 1;
    }
    if (word == ~0ULL) {
      for (std::uint32_t i = 0; i < 64; ++i) {
        *out++ = begin + i;
      }
      continue;
    }
    for (; word != 0; word &= word - 1) {
      *out++ = begin + static_cast<std::uint32_t>(std::countr_zero(word));
    }
  }
  rows.resize(static_cast<std::size_t>(out - rows.data()));
}

MinMax min_max(const Column& column) {
  TW_DCHECK(column.length() > 0);
  const auto values = column.values<std::int64_t>();
  MinMax out{.min = INT64_MAX, .max = INT64_MIN};
  if (!column.may_have_nulls()) {
    for (const std::int64_t value : values) {
      out.min = value < out.min ? value : out.min;
      out.max = value > out.max ? value : out.max;
    }
    return out;
  }
  for (RowIndex row = 0; row < column.length(); ++row) {
    if (column.is_valid(row)) {
      out.min = values[row] < out.min ? values[row] : out.min;
      out.max = values[row] > out.max ? values[row] : out.max;
    }
  }
  return out;
}

}  // namespace thalweg
