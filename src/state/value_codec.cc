#include "state/value_codec.h"

#include "base/int128.h"

namespace thalweg {
namespace {

template <typename T>
void read_as(std::string_view& bytes, ColumnBuilder& builder) {
  builder.append(read_plain<T>(bytes));
}

void append_elements(const Column& column, RowIndex row, std::string& out) {
  const std::int32_t begin = column.offsets()[row];
  const std::int32_t end = column.offsets()[row + 1];
  append_plain(static_cast<std::uint32_t>(end - begin), out);
  for (std::int32_t i = begin; i < end; ++i) {
    append_value(column.children()[0], static_cast<RowIndex>(i), out);
  }
}

void read_nested(std::string_view& bytes, ColumnBuilder& builder) {
  if (builder.type().kind == TypeKind::kArray) {
    for (auto left = read_plain<std::uint32_t>(bytes); left > 0; --left) {
      read_value(bytes, builder.child(0));
    }
  } else {
    for (std::size_t i = 0; i < builder.type().fields->size(); ++i) {
      read_value(bytes, builder.child(i));
    }
  }
  builder.close_row();
}

}  // namespace

void append_value(const Column& column, RowIndex row, std::string& out) {
  const TypeKind kind = column.type().kind;
  const bool valid = kind != TypeKind::kNull && column.is_valid(row);
  out.push_back(valid ? 1 : 0);
  if (!valid) {
    return;
  }
  switch (kind) {
    case TypeKind::kBoolean:
      out.push_back(column.bit(row) ? 1 : 0);
      break;
    case TypeKind::kText:
    case TypeKind::kBytea:
      append_plain(static_cast<std::uint32_t>(column.text(row).size()), out);
      out.append(column.text(row));
      break;
    case TypeKind::kArray:
      append_elements(column, row, out);
      break;
    case TypeKind::kStruct:
      for (const Column& child : column.children()) {
        append_value(child, row, out);
      }
      break;
    default: {
      const std::uint32_t width = value_width(kind);
      out.append(reinterpret_cast<const char*>(column.raw_values()) + std::size_t{row} * width,
                 width);
    }
  }
}

void read_value(std::string_view& bytes, ColumnBuilder& builder) {
  if (read_plain<char>(bytes) == 0) {
    builder.append_null();
    return;
  }
  switch (builder.type().kind) {
    case TypeKind::kBoolean:
      return builder.append_bool(read_plain<char>(bytes) != 0);
    case TypeKind::kSmallint:
      return read_as<std::int16_t>(bytes, builder);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return read_as<std::int32_t>(bytes, builder);
    case TypeKind::kReal:
      return read_as<float>(bytes, builder);
    case TypeKind::kDouble:
      return read_as<double>(bytes, builder);
    case TypeKind::kNumeric:
      return read_as<Int128>(bytes, builder);
    case TypeKind::kInterval:
      return read_as<Interval>(bytes, builder);
    case TypeKind::kText:
    case TypeKind::kBytea: {
      const auto size = read_plain<std::uint32_t>(bytes);
      builder.append_text(bytes.substr(0, size));
      bytes.remove_prefix(size);
      return;
    }
    case TypeKind::kArray:
    case TypeKind::kStruct:
      return read_nested(bytes, builder);
    default:
      return read_as<std::int64_t>(bytes, builder);
  }
}

}  // namespace thalweg
