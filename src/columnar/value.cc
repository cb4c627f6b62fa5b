#include "columnar/value.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "columnar/builder.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

template <typename T>
T read(const Column& column, RowIndex row) {
  return column.values<T>()[row];
}

Value::List fields_at(const Column& column, RowIndex row) {
  Value::List out;
  for (const Column& child : column.children()) {
    out.push_back(value_at(child, row));
  }
  return out;
}

Value::List elements_at(const Column& column, RowIndex row) {
  Value::List out;
  for (std::int32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
    out.push_back(value_at(column.children()[0], static_cast<RowIndex>(i)));
  }
  return out;
}

decltype(Value::data) data_at(const Column& column, RowIndex row) {
  switch (column.type().kind) {
    case TypeKind::kNull:
      break;
    case TypeKind::kBoolean:
      return column.bit(row);
    case TypeKind::kSmallint:
      return std::int64_t{read<std::int16_t>(column, row)};
    case TypeKind::kInt:
    case TypeKind::kDate:
      return std::int64_t{read<std::int32_t>(column, row)};
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return read<std::int64_t>(column, row);
    case TypeKind::kReal:
      return double{read<float>(column, row)};
    case TypeKind::kDouble:
      return read<double>(column, row);
    case TypeKind::kNumeric:
      return read<Int128>(column, row);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return std::string{column.text(row)};
    case TypeKind::kInterval:
      return read<Interval>(column, row);
    case TypeKind::kStruct:
      return fields_at(column, row);
    case TypeKind::kArray:
      return elements_at(column, row);
  }
  return Value::Null{};
}

template <typename T>
Column repeat_fixed(const Type& type, T value, std::uint32_t count) {
  auto buffer = Buffer::allocate(count * sizeof(T));
  std::fill_n(buffer->as<T>(), count, value);
  Column out{type, count};
  out.set_values(std::move(buffer));
  return out;
}

Column repeat_text(const Type& type, const std::string& text, std::uint32_t count) {
  TW_CHECK(text.size() * count <= INT32_MAX);
  auto offsets = Buffer::allocate((std::size_t{count} + 1) * sizeof(std::int32_t));
  for (std::uint32_t row = 0; row <= count; ++row) {
    offsets->as<std::int32_t>()[row] = static_cast<std::int32_t>(row * text.size());
  }
  auto bytes = Buffer::allocate(text.size() * count);
  for (std::uint32_t row = 0; row < count && !text.empty(); ++row) {
    std::memcpy(bytes->as<char>() + row * text.size(), text.data(), text.size());
  }
  Column out{type, count};
  out.set_offsets(std::move(offsets));
  out.set_values(std::move(bytes));
  return out;
}

Column repeat_bool(bool value, std::uint32_t count) {
  auto buffer = allocate_bitmap(count);
  std::memset(buffer->data(), value ? 0xff : 0, buffer->size());
  Column out{type_of(TypeKind::kBoolean), count};
  out.set_values(std::move(buffer));
  return out;
}

Column repeat_list(const Value& value, std::uint32_t count) {
  ColumnBuilder builder{value.type, count};
  for (std::uint32_t row = 0; row < count; ++row) {
    builder.append_value(value);
  }
  return builder.finish();
}

}  // namespace

Value null_value(Type type) { return Value{.type = std::move(type), .data = Value::Null{}}; }

Value bigint_value(std::int64_t value) {
  return Value{.type = type_of(TypeKind::kBigint), .data = value};
}

Value text_value(std::string value) {
  return Value{.type = type_of(TypeKind::kText), .data = std::move(value)};
}

Value boolean_value(bool value) {
  return Value{.type = type_of(TypeKind::kBoolean), .data = value};
}

Value value_at(const Column& column, RowIndex row) {
  if (!column.is_valid(row)) {
    return null_value(column.type());
  }
  return Value{.type = column.type(), .data = data_at(column, row)};
}

Column repeat(const Value& value, std::uint32_t count) {
  if (value.is_null()) {
    return null_column(value.type, count);
  }
  const auto integer = [&] { return std::get<std::int64_t>(value.data); };
  switch (value.type.kind) {
    case TypeKind::kNull:
      break;
    case TypeKind::kBoolean:
      return repeat_bool(std::get<bool>(value.data), count);
    case TypeKind::kSmallint:
      return repeat_fixed(value.type, static_cast<std::int16_t>(integer()), count);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return repeat_fixed(value.type, static_cast<std::int32_t>(integer()), count);
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return repeat_fixed(value.type, integer(), count);
    case TypeKind::kReal:
      return repeat_fixed(value.type, static_cast<float>(std::get<double>(value.data)), count);
    case TypeKind::kDouble:
      return repeat_fixed(value.type, std::get<double>(value.data), count);
    case TypeKind::kNumeric:
      return repeat_fixed(value.type, std::get<Int128>(value.data), count);
    case TypeKind::kText:
    case TypeKind::kBytea:
      return repeat_text(value.type, std::get<std::string>(value.data), count);
    case TypeKind::kInterval:
      return repeat_fixed(value.type, std::get<Interval>(value.data), count);
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return repeat_list(value, count);
  }
  return null_column(value.type, count);
}

void ColumnBuilder::append_value(const Value& value) {
  if (value.is_null()) {
    append_null();
    return;
  }
  const auto integer = [&] { return std::get<std::int64_t>(value.data); };
  switch (type_.kind) {
    case TypeKind::kNull:
      append_null();
      return;
    case TypeKind::kBoolean:
      append_bool(std::get<bool>(value.data));
      return;
    case TypeKind::kSmallint:
      append(static_cast<std::int16_t>(integer()));
      return;
    case TypeKind::kInt:
    case TypeKind::kDate:
      append(static_cast<std::int32_t>(integer()));
      return;
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      append(integer());
      return;
    case TypeKind::kReal:
      append(static_cast<float>(std::get<double>(value.data)));
      return;
    case TypeKind::kDouble:
      append(std::get<double>(value.data));
      return;
    case TypeKind::kNumeric:
      append(std::get<Int128>(value.data));
      return;
    case TypeKind::kText:
    case TypeKind::kBytea:
      append_text(std::get<std::string>(value.data));
      return;
    case TypeKind::kInterval:
      append(std::get<Interval>(value.data));
      return;
    case TypeKind::kStruct: {
      const auto& fields = std::get<Value::List>(value.data);
      TW_CHECK(fields.size() == children_.size());
      for (std::size_t i = 0; i < fields.size(); ++i) {
        children_[i].append_value(fields[i]);
      }
      close_row();
      return;
    }
    case TypeKind::kArray:
      for (const Value& element : std::get<Value::List>(value.data)) {
        children_[0].append_value(element);
      }
      close_row();
  }
}

}  // namespace thalweg
