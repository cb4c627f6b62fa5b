#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

enum class TypeKind : std::uint8_t {
  kNull,  // The type of a bare NULL before something gives it one.
  kBoolean,
  kSmallint,
  kInt,
  kBigint,
  kReal,
  kDouble,
  kNumeric,
  kText,
  kBytea,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kInterval,
  kStruct,
  kArray,
};

struct Field;

// The type of a column. A small value: copy it.
struct Type {
  TypeKind kind = TypeKind::kNull;
  std::uint8_t precision = 0;  // kNumeric: total digits, 1 to 38.
  std::uint8_t scale = 0;      // kNumeric: digits after the point, 0 to precision.
  // kStruct: its fields. kArray: one field, the element.
  std::shared_ptr<const std::vector<Field>> fields;

  friend bool operator==(const Type& a, const Type& b);
};

struct Field {
  std::string name;  // As declared; looked up with case folded.
  Type type;

  friend bool operator==(const Field& a, const Field& b) = default;
};

using Schema = std::vector<Field>;
std::vector<Type> types_of(std::span<const Field> fields);

inline constexpr std::uint8_t kNumericPrecisionMax = 38;

inline Type type_of(TypeKind kind) { return Type{.kind = kind, .fields = nullptr}; }
Type numeric_type(std::uint8_t precision, std::uint8_t scale);
Type struct_type(std::vector<Field> fields);
Type array_type(Type element);

// As PostgreSQL writes it: BIGINT, NUMERIC(10,2), STRUCT<a INT, b TEXT>, TEXT[].
std::string to_string(const Type& type);

// Bytes of one value in the values buffer; 0 for kBoolean (bits), text, bytes and nested types.
std::uint32_t value_width(TypeKind kind);

bool is_integer(TypeKind kind);
bool is_numeric(TypeKind kind);  // Integers, NUMERIC and floating point.
bool is_floating(TypeKind kind);

}  // namespace thalweg
