#include "sql/bind_type.h"

#include <algorithm>
#include <utility>

#include "sql/sql_text.h"

namespace thalweg::sql {
namespace {

std::optional<Type> bind_numeric(BindContext& context, const ast::TypeName& name) {
  if (name.arguments.empty()) {
    return numeric_type(kNumericPrecisionMax, kDefaultScale);
  }
  const std::int32_t precision = name.arguments[0];
  const std::int32_t scale = name.arguments.size() > 1 ? name.arguments[1] : 0;
  if (precision < 1 || precision > kNumericPrecisionMax || scale < 0 || scale > precision) {
    context.error(
        "S0216",
        "NUMERIC(" + std::to_string(precision) + ',' + std::to_string(scale) + ") is out of range",
        name.span, "",
        {"NUMERIC(p, s) has p from 1 to 38 digits, s of them, up to p, after the point"});
    return std::nullopt;
  }
  return numeric_type(static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale));
}

std::optional<Type> bind_struct(BindContext& context, const ast::TypeName& name) {
  std::vector<Field> fields;
  for (std::size_t i = 0; i < name.elements.size(); ++i) {
    const std::optional<Type> type = bind_type(context, name.elements[i]);
    if (!type) {
      return std::nullopt;
    }
    fields.push_back({name.fields[i].text, *type});
  }
  return struct_type(std::move(fields));
}

std::optional<TypeKind> plain_kind(ast::TypeKind kind) {
  switch (kind) {
    case ast::TypeKind::kBoolean:
      return TypeKind::kBoolean;
    case ast::TypeKind::kSmallint:
      return TypeKind::kSmallint;
    case ast::TypeKind::kInt:
      return TypeKind::kInt;
    case ast::TypeKind::kBigint:
      return TypeKind::kBigint;
    case ast::TypeKind::kReal:
      return TypeKind::kReal;
    case ast::TypeKind::kDouble:
      return TypeKind::kDouble;
    case ast::TypeKind::kText:
      return TypeKind::kText;
    case ast::TypeKind::kBytea:
      return TypeKind::kBytea;
    case ast::TypeKind::kDate:
      return TypeKind::kDate;
    case ast::TypeKind::kTime:
      return TypeKind::kTime;
    case ast::TypeKind::kTimestamp:
      return TypeKind::kTimestamp;
    case ast::TypeKind::kTimestamptz:
      return TypeKind::kTimestamptz;
    case ast::TypeKind::kInterval:
      return TypeKind::kInterval;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Type> bind_type(BindContext& context, const ast::TypeName& name) {
  if (const std::optional<TypeKind> kind = plain_kind(name.kind)) {
    return type_of(*kind);
  }
  switch (name.kind) {
    case ast::TypeKind::kNumeric:
      return bind_numeric(context, name);
    case ast::TypeKind::kStruct:
      return bind_struct(context, name);
    case ast::TypeKind::kArray: {
      const std::optional<Type> element = bind_type(context, name.elements[0]);
      return element ? std::optional(array_type(*element)) : std::nullopt;
    }
    default:
      context.not_supported("the type " + context.written(name.span), name.span,
                            {"TEXT holds its text until then"});
      return std::nullopt;
  }
}

Type plain_numeric_for(const Type& source, const std::string* literal) {
  if (source.kind == TypeKind::kNumeric) {
    return source;
  }
  if (is_integer(source.kind)) {
    return numeric_type(kNumericPrecisionMax, 0);
  }
  if (literal != nullptr) {
    const std::size_t point = literal->find('.');
    const std::size_t digits = point == std::string::npos ? 0 : literal->size() - point - 1;
    const bool plain = literal->find_first_of("eE") == std::string::npos;
    if (plain && digits <= kNumericPrecisionMax) {
      return numeric_type(kNumericPrecisionMax, static_cast<std::uint8_t>(digits));
    }
  }
  return numeric_type(kNumericPrecisionMax, kDefaultScale);
}

bool is_plain_numeric(const ast::TypeName& name) {
  return name.kind == ast::TypeKind::kNumeric && name.arguments.empty();
}

}  // namespace thalweg::sql
