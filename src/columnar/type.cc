#include "columnar/type.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "base/int128.h"

namespace thalweg {
namespace {

struct KindFacts {
  std::string_view name;
  std::uint8_t width;
};

// In the order of TypeKind.
constexpr std::array<KindFacts, 17> kKinds = {{
    {"NULL", 0},
    {"BOOLEAN", 0},
    {"SMALLINT", 2},
    {"INT", 4},
    {"BIGINT", 8},
    {"REAL", 4},
    {"DOUBLE", 8},
    {"NUMERIC", sizeof(Int128)},
    {"TEXT", 0},
    {"BYTEA", 0},
    {"DATE", 4},
    {"TIME", 8},
    {"TIMESTAMP", 8},
    {"TIMESTAMPTZ", 8},
    {"INTERVAL", 16},
    {"STRUCT", 0},
    {"ARRAY", 0},
}};

bool is_plain_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto follows = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), follows);
}

void append_name(std::string& out, std::string_view name) {
  if (is_plain_name(name)) {
    out += name;
    return;
  }
  out += '"';
  for (const char c : name) {
    out.append(c == '"' ? 2 : 1, c);
  }
  out += '"';
}

}  // namespace

bool operator==(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.precision != b.precision || a.scale != b.scale) {
    return false;
  }
  if (a.fields == b.fields) {
    return true;
  }
  return a.fields != nullptr && b.fields != nullptr && *a.fields == *b.fields;
}

Type numeric_type(std::uint8_t precision, std::uint8_t scale) {
  TW_CHECK(precision >= 1 && precision <= kNumericPrecisionMax && scale <= precision);
  return Type{
      .kind = TypeKind::kNumeric, .precision = precision, .scale = scale, .fields = nullptr};
}

Type struct_type(std::vector<Field> fields) {
  Type type = type_of(TypeKind::kStruct);
  type.fields = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

Type array_type(Type element) {
  Type type = type_of(TypeKind::kArray);
  type.fields = std::make_shared<const std::vector<Field>>(
      std::vector<Field>{Field{.name = "element", .type = std::move(element)}});
  return type;
}

std::vector<Type> types_of(std::span<const Field> fields) {
  std::vector<Type> types;
  for (const Field& field : fields) {
    types.push_back(field.type);
  }
  return types;
}

std::string to_string(const Type& type) {
  std::string out{kKinds[static_cast<std::size_t>(type.kind)].name};
  if (type.kind == TypeKind::kNumeric) {
    out += '(' + std::to_string(type.precision) + ',' + std::to_string(type.scale) + ')';
  } else if (type.kind == TypeKind::kArray) {
    out = to_string(type.fields->front().type) + "[]";
  } else if (type.kind == TypeKind::kStruct) {
    out += '<';
    for (const Field& field : *type.fields) {
      out += out.back() == '<' ? "" : ", ";
      append_name(out, field.name);
      out += ' ' + to_string(field.type);
    }
    out += '>';
  }
  return out;
}

std::uint32_t value_width(TypeKind kind) { return kKinds[static_cast<std::size_t>(kind)].width; }

bool is_integer(TypeKind kind) {
  return kind == TypeKind::kSmallint || kind == TypeKind::kInt || kind == TypeKind::kBigint;
}

bool is_floating(TypeKind kind) { return kind == TypeKind::kReal || kind == TypeKind::kDouble; }

bool is_numeric(TypeKind kind) {
  return is_integer(kind) || is_floating(kind) || kind == TypeKind::kNumeric;
}

}  // namespace thalweg
