#include <cstring>

#include "base/check.h"
#include "columnar/bits.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

using Columns = std::span<const Column>;

BufferRef concat_validity(Columns columns, std::uint32_t length) {
  bool may_have_nulls = false;
  for (const Column& column : columns) {
    may_have_nulls = may_have_nulls || column.may_have_nulls();
  }
  if (!may_have_nulls) {
    return nullptr;
  }
  auto buffer = allocate_bitmap(length);
  auto* words = buffer->as<std::uint64_t>();
  std::uint32_t at = 0;
  for (const Column& column : columns) {
    if (column.may_have_nulls()) {
      copy_bits(words, at, column.validity(), 0, column.length());
    } else {
      fill_bits(words, at, column.length(), true);
    }
    at += column.length();
  }
  return buffer;
}

BufferRef concat_bits(Columns columns, std::uint32_t length) {
  auto buffer = allocate_bitmap(length);
  std::uint32_t at = 0;
  for (const Column& column : columns) {
    copy_bits(buffer->as<std::uint64_t>(), at, column.bits(), 0, column.length());
    at += column.length();
  }
  return buffer;
}

BufferRef concat_fixed(Columns columns, std::uint32_t length) {
  const std::size_t width = value_width(columns[0].type().kind);
  auto buffer = Buffer::allocate(length * width);
  std::byte* out = buffer->data();
  for (const Column& column : columns) {
    if (const std::size_t bytes = column.length() * width; bytes > 0) {
      std::memcpy(out, column.raw_values(), bytes);
      out += bytes;
    }
  }
  return buffer;
}

// Offsets as they are in one column after the other, and beginning at 0.
std::shared_ptr<Buffer> concat_offsets(Columns columns, std::uint32_t length) {
  auto buffer = Buffer::allocate((std::size_t{length} + 1) * sizeof(std::int32_t));
  auto* out = buffer->as<std::int32_t>();
  std::int64_t total = 0;
  *out++ = 0;
  for (const Column& column : columns) {
    if (column.length() == 0) {
      continue;
    }
    const std::int32_t* offsets = column.offsets();
    const std::int64_t shift = total - offsets[0];
    for (std::uint32_t row = 1; row <= column.length(); ++row) {
      *out++ = static_cast<std::int32_t>(offsets[row] + shift);
    }
    total = offsets[column.length()] + shift;
    TW_CHECK(total <= INT32_MAX);
  }
  return buffer;
}

BufferRef concat_bytes(Columns columns, std::size_t size) {
  auto buffer = Buffer::allocate(size);
  std::byte* out = buffer->data();
  for (const Column& column : columns) {
    if (column.length() == 0) {
      continue;
    }
    const std::int32_t* offsets = column.offsets();
    const auto bytes = static_cast<std::size_t>(offsets[column.length()] - offsets[0]);
    if (bytes > 0) {
      std::memcpy(out, column.bytes() + offsets[0], bytes);
      out += bytes;
    }
  }
  return buffer;
}

Column concat_elements(Columns columns) {
  std::vector<Column> elements;
  for (const Column& column : columns) {
    const std::int32_t* offsets = column.offsets();
    const std::int32_t begin = column.length() == 0 ? 0 : offsets[0];
    const std::int32_t end = column.length() == 0 ? 0 : offsets[column.length()];
    elements.push_back(column.children()[0].slice(static_cast<RowIndex>(begin),
                                                  static_cast<std::uint32_t>(end - begin)));
  }
  return concat_columns(elements);
}

std::vector<Column> concat_fields(Columns columns) {
  std::vector<Column> fields;
  for (std::size_t field = 0; field < columns[0].children().size(); ++field) {
    std::vector<Column> parts;
    for (const Column& column : columns) {
      parts.push_back(column.children()[field]);
    }
    fields.push_back(concat_columns(parts));
  }
  return fields;
}

}  // namespace

Column concat_columns(Columns columns) {
  TW_CHECK(!columns.empty());
  if (columns.size() == 1) {
    return columns[0];
  }
  std::uint64_t rows = 0;
  for (const Column& column : columns) {
    TW_DCHECK(column.type() == columns[0].type());
    rows += column.length();
  }
  TW_CHECK(rows <= UINT32_MAX);
  const auto length = static_cast<std::uint32_t>(rows);
  Column out{columns[0].type(), length};
  out.set_validity(concat_validity(columns, length));
  switch (out.type().kind) {
    case TypeKind::kBoolean:
      out.set_values(concat_bits(columns, length));
      break;
    case TypeKind::kText:
    case TypeKind::kBytea: {
      const auto offsets = concat_offsets(columns, length);
      const auto size = static_cast<std::size_t>(offsets->as<std::int32_t>()[length]);
      out.set_values(concat_bytes(columns, size));
      out.set_offsets(offsets);
      break;
    }
    case TypeKind::kArray:
      out.set_offsets(concat_offsets(columns, length));
      out.set_children({concat_elements(columns)});
      break;
    case TypeKind::kStruct:
      out.set_children(concat_fields(columns));
      break;
    case TypeKind::kNull:
      break;
    default:
      out.set_values(concat_fixed(columns, length));
  }
  return out;
}

Column null_column(const Type& type, std::uint32_t length) {
  Column out{type, length};
  const auto zeroed = [](std::size_t size) { return Buffer::allocate_zeroed(size); };
  const std::size_t bitmap_bytes = std::size_t{bitmap_words(length)} * 8;
  const std::size_t offset_bytes = (std::size_t{length} + 1) * sizeof(std::int32_t);
  out.set_validity(zeroed(bitmap_bytes));
  switch (type.kind) {
    case TypeKind::kNull:
      break;
    case TypeKind::kBoolean:
      out.set_values(zeroed(bitmap_bytes));
      break;
    case TypeKind::kText:
    case TypeKind::kBytea:
      out.set_offsets(zeroed(offset_bytes));
      out.set_values(zeroed(0));
      break;
    case TypeKind::kArray:
      out.set_offsets(zeroed(offset_bytes));
      out.set_children({null_column(type.fields->front().type, 0)});
      break;
    case TypeKind::kStruct: {
      std::vector<Column> children;
      for (const Field& field : *type.fields) {
        children.push_back(null_column(field.type, length));
      }
      out.set_children(std::move(children));
      break;
    }
    default:
      out.set_values(zeroed(std::size_t{length} * value_width(type.kind)));
  }
  return out;
}

}  // namespace thalweg
