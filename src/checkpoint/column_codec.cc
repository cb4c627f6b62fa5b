#include "checkpoint/column_codec.h"

#include <cstring>
#include <utility>
#include <vector>

#include "columnar/kernels.h"

namespace thalweg {
namespace {

// Of a type whose values take no bytes, so that the bytes set no bound.
constexpr std::uint32_t kElementsWithoutBytesMax = 1U << 20;

std::size_t bitmap_bytes(std::uint32_t rows) { return (std::size_t{rows} + 7) / 8; }

void encode_bits(const std::uint64_t* words, std::uint32_t rows, std::string& out) {
  ByteWriter(out).bytes(words, bitmap_bytes(rows));
  if (rows % 8 != 0) {
    out.back() = static_cast<char>(out.back() & ((1 << rows % 8) - 1));
  }
}

void encode_validity(const Column& column, std::string& out) {
  const bool nulls =
      column.may_have_nulls() && count_set(column.validity(), column.length()) < column.length();
  out += nulls ? '\1' : '\0';
  if (nulls) {
    encode_bits(column.validity(), column.length(), out);
  }
}

// Where the values of a column with offsets begin and end in its bytes or elements.
struct Extent {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  std::uint32_t size() const { return static_cast<std::uint32_t>(end - begin); }
};

Extent extent_of(const Column& column) {
  return column.length() == 0
             ? Extent()
             : Extent{.begin = column.offsets()[0], .end = column.offsets()[column.length()]};
}

Column elements_of(const Column& column) {
  const Extent extent = extent_of(column);
  return column.children()[0].slice(static_cast<RowIndex>(extent.begin), extent.size());
}

void encode_ends(const Column& column, std::string& out) {
  const std::size_t at = out.size();
  out.resize(at + std::size_t{column.length()} * sizeof(std::int32_t));
  const std::int32_t begin = extent_of(column).begin;
  for (std::uint32_t row = 0; row < column.length(); ++row) {
    const std::int32_t end = column.offsets()[row + 1] - begin;
    std::memcpy(out.data() + at + row * sizeof end, &end, sizeof end);
  }
}

BufferRef decode_bits(std::uint32_t rows, ByteReader& in) {
  const std::string_view bytes = in.bytes(bitmap_bytes(rows));
  if (!in.ok()) {
    return nullptr;
  }
  auto buffer = allocate_bitmap(rows);
  if (rows > 0) {
    buffer->as<std::uint64_t>()[bitmap_words(rows) - 1] = 0;
    std::memcpy(buffer->data(), bytes.data(), bytes.size());
  }
  return buffer;
}

BufferRef decode_values(std::size_t size, ByteReader& in) {
  const std::string_view bytes = in.bytes(size);
  if (!in.ok()) {
    return nullptr;
  }
  auto buffer = Buffer::allocate(size);
  if (size > 0) {
    std::memcpy(buffer->data(), bytes.data(), size);
  }
  return buffer;
}

// Offsets that begin at 0 and never fall.
BufferRef decode_offsets(std::uint32_t rows, ByteReader& in) {
  const std::string_view ends = in.bytes(std::size_t{rows} * sizeof(std::int32_t));
  if (!in.ok()) {
    return nullptr;
  }
  auto buffer = Buffer::allocate((std::size_t{rows} + 1) * sizeof(std::int32_t));
  auto* offsets = buffer->as<std::int32_t>();
  offsets[0] = 0;
  if (rows > 0) {
    std::memcpy(offsets + 1, ends.data(), ends.size());
  }
  bool falls = false;
  for (std::uint32_t row = 0; row < rows; ++row) {
    falls |= offsets[row + 1] < offsets[row];
  }
  if (falls) {
    in.fail();
  }
  return buffer;
}

void decode_elements(std::uint32_t elements, Column& column, ByteReader& in) {
  if (elements > kElementsWithoutBytesMax && elements / 8 > in.left()) {
    in.fail();
    return;
  }
  column.set_children({decode_column(column.type().fields->front().type, elements, in)});
}

void decode_parts(Column& column, ByteReader& in) {
  const std::uint32_t rows = column.length();
  switch (column.type().kind) {
    case TypeKind::kNull:
      return;
    case TypeKind::kBoolean:
      column.set_values(decode_bits(rows, in));
      return;
    case TypeKind::kText:
    case TypeKind::kBytea:
    case TypeKind::kArray: {
      column.set_offsets(decode_offsets(rows, in));
      if (!in.ok()) {
        return;
      }
      const auto end = static_cast<std::uint32_t>(column.offsets()[rows]);
      if (column.type().kind == TypeKind::kArray) {
        decode_elements(end, column, in);
      } else {
        column.set_values(decode_values(end, in));
      }
      return;
    }
    case TypeKind::kStruct: {
      std::vector<Column> children;
      for (const Field& field : *column.type().fields) {
        children.push_back(decode_column(field.type, rows, in));
      }
      column.set_children(std::move(children));
      return;
    }
    default:
      column.set_values(decode_values(std::size_t{rows} * value_width(column.type().kind), in));
  }
}

}  // namespace

void encode_column(const Column& column, std::string& out) {
  encode_validity(column, out);
  switch (column.type().kind) {
    case TypeKind::kNull:
      return;
    case TypeKind::kBoolean:
      encode_bits(column.bits(), column.length(), out);
      return;
    case TypeKind::kText:
    case TypeKind::kBytea:
      encode_ends(column, out);
      ByteWriter(out).bytes(column.bytes() + extent_of(column).begin, extent_of(column).size());
      return;
    case TypeKind::kArray:
      encode_ends(column, out);
      encode_column(elements_of(column), out);
      return;
    case TypeKind::kStruct:
      for (const Column& child : column.children()) {
        encode_column(child, out);
      }
      return;
    default:
      ByteWriter(out).bytes(column.raw_values(),
                            std::size_t{column.length()} * value_width(column.type().kind));
  }
}

std::size_t encoded_bytes(const Column& column) {
  const std::uint32_t rows = column.length();
  std::size_t bytes = 1 + (column.may_have_nulls() ? bitmap_bytes(rows) : 0);
  switch (column.type().kind) {
    case TypeKind::kNull:
      return bytes;
    case TypeKind::kBoolean:
      return bytes + bitmap_bytes(rows);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return bytes + rows * sizeof(std::int32_t) + extent_of(column).size();
    case TypeKind::kArray:
      return bytes + rows * sizeof(std::int32_t) + encoded_bytes(elements_of(column));
    case TypeKind::kStruct:
      for (const Column& child : column.children()) {
        bytes += encoded_bytes(child);
      }
      return bytes;
    default:
      return bytes + std::size_t{rows} * value_width(column.type().kind);
  }
}

Column decode_column(const Type& type, std::uint32_t rows, ByteReader& in) {
  Column column(type, rows);
  if (in.flag()) {
    column.set_validity(decode_bits(rows, in));
  }
  if (in.ok()) {
    decode_parts(column, in);
  }
  return in.ok() ? column : Column();
}

}  // namespace thalweg
