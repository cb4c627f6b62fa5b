#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/type.h"

namespace thalweg {

// Names and types are found in so many rows at the beginning of an input.
inline constexpr std::size_t kInferredRowsMax = 1000;

// The narrowest type of the values seen so far.
struct InferredField;
struct InferredType {
  enum class Kind : std::uint8_t {
    kUnknown,  // Nothing but NULL.
    kBoolean,
    kBigint,
    kDouble,
    kDate,
    kTimestamp,
    kText,
    kStruct,
    kArray,
  };
  Kind kind = Kind::kUnknown;
  std::vector<InferredField> children;  // kStruct: the fields; kArray: one, the element.

  // Widens the type so that it holds a value of this kind too.
  void add(Kind other);
  // The member of that name of a kStruct, added where it is new.
  InferredType& member(std::string_view name);
};
struct InferredField {
  std::string name;
  InferredType type;
};

Type to_type(const InferredType& inferred);

// kDate or kTimestamp for ISO 8601, else kText.
InferredType::Kind kind_of_text(std::string_view text);

}  // namespace thalweg
