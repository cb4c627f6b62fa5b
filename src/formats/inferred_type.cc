#include "formats/inferred_type.h"

#include <algorithm>
#include <utility>

#include "formats/timestamp_text.h"

namespace thalweg {
namespace {

using Kind = InferredType::Kind;

Kind wider(Kind a, Kind b) {
  if (a == b || b == Kind::kUnknown) {
    return a;
  }
  if (a == Kind::kUnknown) {
    return b;
  }
  const auto [low, high] = std::minmax(a, b);
  if ((low == Kind::kBigint && high == Kind::kDouble) ||
      (low == Kind::kDate && high == Kind::kTimestamp)) {
    return high;
  }
  return Kind::kText;
}

}  // namespace

void InferredType::add(Kind other) {
  kind = wider(kind, other);
  if (kind == Kind::kArray && children.empty()) {
    children.emplace_back();
  }
}

InferredType& InferredType::member(std::string_view name) {
  for (InferredField& child : children) {
    if (child.name == name) {
      return child.type;
    }
  }
  return children.emplace_back(InferredField{.name = std::string(name), .type = {}}).type;
}

Type to_type(const InferredType& inferred) {
  switch (inferred.kind) {
    case Kind::kBoolean:
      return type_of(TypeKind::kBoolean);
    case Kind::kBigint:
      return type_of(TypeKind::kBigint);
    case Kind::kDouble:
      return type_of(TypeKind::kDouble);
    case Kind::kDate:
      return type_of(TypeKind::kDate);
    case Kind::kTimestamp:
      return type_of(TypeKind::kTimestamp);
    case Kind::kArray:
      return array_type(to_type(inferred.children.front().type));
    case Kind::kStruct: {
      std::vector<Field> fields;
      for (const InferredField& child : inferred.children) {
        fields.push_back({.name = child.name, .type = to_type(child.type)});
      }
      // An object that is always empty has no fields to read.
      return fields.empty() ? type_of(TypeKind::kText) : struct_type(std::move(fields));
    }
    case Kind::kUnknown:
    case Kind::kText:
      break;
  }
  return type_of(TypeKind::kText);
}

Kind kind_of_text(std::string_view text) {
  std::int64_t micros = 0;
  const bool iso = text.size() >= 10 && text[4] == '-' && text[7] == '-' &&
                   text.find_first_not_of("0123456789-:.+TZ ") == std::string_view::npos &&
                   parse_timestamp_text(text, micros);
  if (!iso) {
    return Kind::kText;
  }
  return text.size() == 10 ? Kind::kDate : Kind::kTimestamp;
}

}  // namespace thalweg
