#include "state/value_codec.h"

#include <algorithm>

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

// The version of records in one value.
constexpr char kRecordsVersion = 1;

bool skip_bytes(std::string_view& bytes, std::size_t count) {
  if (bytes.size() < count) {
    return false;
  }
  bytes.remove_prefix(count);
  return true;
}

// A length in front of something.
bool skip_length(std::string_view& bytes, std::uint32_t& length) {
  if (bytes.size() < sizeof(length)) {
    return false;
  }
  length = read_plain<std::uint32_t>(bytes);
  return true;
}

bool skip_nested(std::string_view& bytes, const Type& type) {
  if (type.kind == TypeKind::kStruct) {
    return std::ranges::all_of(*type.fields,
                               [&](const Field& field) { return skip_value(bytes, field.type); });
  }
  std::uint32_t left = 0;
  if (!skip_length(bytes, left)) {
    return false;
  }
  for (; left > 0; --left) {
    if (!skip_value(bytes, type.fields->front().type)) {
      return false;
    }
  }
  return true;
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

bool skip_value(std::string_view& bytes, const Type& type) {
  if (bytes.empty() || (bytes[0] != 0 && bytes[0] != 1)) {
    return false;
  }
  const bool valid = read_plain<char>(bytes) != 0;
  if (!valid) {
    return true;
  }
  switch (type.kind) {
    case TypeKind::kNull:
      return false;
    case TypeKind::kBoolean:
      return skip_bytes(bytes, 1);
    case TypeKind::kText:
    case TypeKind::kBytea: {
      std::uint32_t size = 0;
      return skip_length(bytes, size) && skip_bytes(bytes, size);
    }
    case TypeKind::kArray:
    case TypeKind::kStruct:
      return skip_nested(bytes, type);
    default:
      return skip_bytes(bytes, value_width(type.kind));
  }
}

void append_record(std::string_view record, std::string& out) {
  if (out.empty()) {
    out.push_back(kRecordsVersion);
  }
  append_plain(static_cast<std::uint32_t>(record.size()), out);
  out.append(record);
}

bool read_records(std::string_view bytes, std::vector<std::string_view>& records) {
  if (bytes.empty() || bytes[0] != kRecordsVersion) {
    return false;
  }
  bytes.remove_prefix(1);
  while (!bytes.empty()) {
    std::uint32_t size = 0;
    if (!skip_length(bytes, size) || bytes.size() < size) {
      return false;
    }
    records.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return true;
}

}  // namespace thalweg
