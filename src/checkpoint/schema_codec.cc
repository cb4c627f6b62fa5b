#include "checkpoint/schema_codec.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr int kDepthMax = 32;  // Of types within types.

// Part of the format: what TypeKind calls its members may move.
constexpr std::uint8_t code_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::kNull:
      return 0;
    case TypeKind::kBoolean:
      return 1;
    case TypeKind::kSmallint:
      return 2;
    case TypeKind::kInt:
      return 3;
    case TypeKind::kBigint:
      return 4;
    case TypeKind::kReal:
      return 5;
    case TypeKind::kDouble:
      return 6;
    case TypeKind::kNumeric:
      return 7;
    case TypeKind::kText:
      return 8;
    case TypeKind::kBytea:
      return 9;
    case TypeKind::kDate:
      return 10;
    case TypeKind::kTime:
      return 11;
    case TypeKind::kTimestamp:
      return 12;
    case TypeKind::kTimestamptz:
      return 13;
    case TypeKind::kInterval:
      return 14;
    case TypeKind::kStruct:
      return 15;
    case TypeKind::kArray:
      return 16;
  }
  return 0;
}

TypeKind kind_of(std::uint8_t code, ByteReader& in) {
  for (const TypeKind kind :
       {TypeKind::kNull, TypeKind::kBoolean, TypeKind::kSmallint, TypeKind::kInt, TypeKind::kBigint,
        TypeKind::kReal, TypeKind::kDouble, TypeKind::kNumeric, TypeKind::kText, TypeKind::kBytea,
        TypeKind::kDate, TypeKind::kTime, TypeKind::kTimestamp, TypeKind::kTimestamptz,
        TypeKind::kInterval, TypeKind::kStruct, TypeKind::kArray}) {
    if (code_of(kind) == code) {
      return kind;
    }
  }
  in.fail();
  return TypeKind::kNull;
}

bool is_nested(TypeKind kind) { return kind == TypeKind::kStruct || kind == TypeKind::kArray; }

void write_fields(const std::vector<Field>& fields, ByteWriter& out);

void write_type(const Type& type, ByteWriter& out) {
  out.number(code_of(type.kind));
  out.number(type.precision);
  out.number(type.scale);
  if (is_nested(type.kind)) {
    write_fields(*type.fields, out);
  }
}

void write_fields(const std::vector<Field>& fields, ByteWriter& out) {
  out.number(static_cast<std::uint32_t>(fields.size()));
  for (const Field& field : fields) {
    out.text(field.name);
    write_type(field.type, out);
  }
}

std::vector<Field> read_fields(int depth, ByteReader& in);

Type read_type(int depth, ByteReader& in) {
  Type type;
  type.kind = kind_of(in.number<std::uint8_t>(), in);
  type.precision = in.number<std::uint8_t>();
  type.scale = in.number<std::uint8_t>();
  const std::uint8_t digits_max = type.kind == TypeKind::kNumeric ? kNumericPrecisionMax : 0;
  if (type.precision > digits_max || type.scale > digits_max || depth == kDepthMax) {
    in.fail();
  }
  if (in.ok() && is_nested(type.kind)) {
    std::vector<Field> fields = read_fields(depth + 1, in);
    if (type.kind == TypeKind::kArray && fields.size() != 1) {
      in.fail();
    }
    type.fields = std::make_shared<const std::vector<Field>>(std::move(fields));
  }
  return in.ok() ? type : Type();
}

std::vector<Field> read_fields(int depth, ByteReader& in) {
  constexpr std::size_t kFieldBytesMin = 7;
  std::vector<Field> fields(in.count(kFieldBytesMin));
  for (Field& field : fields) {
    field.name = in.text();
    field.type = read_type(depth, in);
  }
  return fields;
}

}  // namespace

bool same_type(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.precision != b.precision || a.scale != b.scale) {
    return false;
  }
  if (!is_nested(a.kind)) {
    return true;
  }
  if (a.fields->size() != b.fields->size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.fields->size(); ++i) {
    if (!same_type((*a.fields)[i].type, (*b.fields)[i].type)) {
      return false;
    }
  }
  return true;
}

void write_schema(const StateSchema& schema, ByteWriter& out) {
  out.text(schema.name);
  out.number(schema.partition_columns);
  out.number(schema.key_columns);
  write_fields(schema.columns, out);
}

StateSchema read_schema(ByteReader& in) {
  StateSchema schema;
  schema.name = in.text();
  schema.partition_columns = in.number<std::uint32_t>();
  schema.key_columns = in.number<std::uint32_t>();
  schema.columns = read_fields(0, in);
  if (schema.partition_columns > schema.key_columns || schema.key_columns > schema.columns.size()) {
    in.fail();
  }
  return in.ok() ? schema : StateSchema();
}

bool same_layout(const StateSchema& a, const StateSchema& b) {
  if (a.partition_columns != b.partition_columns || a.key_columns != b.key_columns ||
      a.columns.size() != b.columns.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    if (!same_type(a.columns[i].type, b.columns[i].type)) {
      return false;
    }
  }
  return true;
}

std::string describe(const StateSchema& schema) {
  std::string text;
  for (const Field& field : schema.columns) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", field.name, to_string(field.type));
  }
  return fmt::format("({}) of which {} are the key and {} say where a row belongs", text,
                     schema.key_columns, schema.partition_columns);
}

}  // namespace thalweg
