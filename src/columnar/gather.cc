#include <cstring>

#include "base/check.h"
#include "base/int128.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

template <typename T>
BufferRef gather_values(const Column& column, RowSpan rows) {
  auto buffer = Buffer::allocate(rows.size() * sizeof(T));
  T* out = buffer->as<T>();
  const T* values = reinterpret_cast<const T*>(column.raw_values());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out[i] = values[rows[i]];
  }
  return buffer;
}

BufferRef gather_bits(const std::uint64_t* bits, RowSpan rows) {
  return pack_bits(static_cast<std::uint32_t>(rows.size()), [=](std::uint32_t i) {
    return ((bits[rows[i] >> 6] >> (rows[i] & 63)) & 1) != 0;
  });
}

// Null when every named row is valid.
BufferRef gather_validity(const Column& column, RowSpan rows) {
  if (!column.may_have_nulls()) {
    return nullptr;
  }
  BufferRef buffer = gather_bits(column.validity(), rows);
  const auto length = static_cast<std::uint32_t>(rows.size());
  return count_set(buffer->as<std::uint64_t>(), length) == length ? nullptr : buffer;
}

std::shared_ptr<Buffer> gather_offsets(const Column& column, RowSpan rows) {
  auto buffer = Buffer::allocate((rows.size() + 1) * sizeof(std::int32_t));
  auto* out = buffer->as<std::int32_t>();
  const std::int32_t* offsets = column.offsets();
  std::int64_t total = 0;
  out[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    total += offsets[rows[i] + 1] - offsets[rows[i]];
    out[i + 1] = static_cast<std::int32_t>(total);
  }
  TW_CHECK(total <= INT32_MAX);
  return buffer;
}

BufferRef gather_bytes(const Column& column, RowSpan rows, const std::int32_t* offsets_out) {
  constexpr std::size_t kShort = 32;  // Within what a buffer leaves readable at its end.
  auto buffer = Buffer::allocate(static_cast<std::size_t>(offsets_out[rows.size()]));
  if (buffer->size() == 0) {
    return buffer;
  }
  char* out = buffer->as<char>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string_view text = column.text(rows[i]);
    if (text.size() <= kShort) {
      // A fixed length copies in two instructions; what is too much is overwritten by the next.
      std::memcpy(out, text.data(), kShort);
    } else {
      std::memcpy(out, text.data(), text.size());
    }
    out += text.size();
  }
  return buffer;
}

Column gather_elements(const Column& column, RowSpan rows) {
  std::vector<RowIndex> elements;
  for (const RowIndex row : rows) {
    for (std::int32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
      elements.push_back(static_cast<RowIndex>(i));
    }
  }
  return gather(column.children()[0], elements);
}

BufferRef gather_fixed(const Column& column, RowSpan rows) {
  switch (value_width(column.type().kind)) {
    case 2:
      return gather_values<std::int16_t>(column, rows);
    case 4:
      return gather_values<std::int32_t>(column, rows);
    case 8:
      return gather_values<std::int64_t>(column, rows);
    case 16:
      return gather_values<Int128>(column, rows);
    default:
      return nullptr;  // kNull: it has no values.
  }
}

}  // namespace

Column gather(const Column& column, RowSpan rows) {
  Column out{column.type(), static_cast<std::uint32_t>(rows.size())};
  out.set_validity(gather_validity(column, rows));
  switch (column.type().kind) {
    case TypeKind::kBoolean:
      out.set_values(gather_bits(column.bits(), rows));
      break;
    case TypeKind::kText:
    case TypeKind::kBytea: {
      const auto offsets = gather_offsets(column, rows);
      out.set_values(gather_bytes(column, rows, offsets->as<std::int32_t>()));
      out.set_offsets(offsets);
      break;
    }
    case TypeKind::kArray:
      out.set_offsets(gather_offsets(column, rows));
      out.set_children({gather_elements(column, rows)});
      break;
    case TypeKind::kStruct: {
      out.set_children(gather(column.children(), rows));
      break;
    }
    default:
      out.set_values(gather_fixed(column, rows));
  }
  return out;
}

std::vector<Column> gather(std::span<const Column> columns, RowSpan rows) {
  std::vector<Column> out;
  out.reserve(columns.size());
  for (const Column& column : columns) {
    out.push_back(gather(column, rows));
  }
  return out;
}

}  // namespace thalweg
