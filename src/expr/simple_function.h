#pragma once

#include <vector>

#include "expr/function_table.h"

// Private to this folder.
namespace thalweg {

// An immutable function that is NULL where an argument is.
struct SimpleFunction {
  std::string_view name;
  std::vector<std::string_view> aliases;
  std::string_view signature;
  std::string_view category;
  std::string_view text;
  std::string_view example;
  std::string_view result;
  std::vector<FunctionOverload> overloads;
};

inline Function make_function(SimpleFunction simple) {
  return {.name = simple.name,
          .aliases = std::move(simple.aliases),
          .signature = simple.signature,
          .null_rule = NullRule::kStrict,
          .volatility = Volatility::kImmutable,
          .category = simple.category,
          .text = simple.text,
          .example = simple.example,
          .result = simple.result,
          .overloads = std::move(simple.overloads)};
}

inline FunctionOverload overload(std::string_view name, std::vector<TypeKind> parameters,
                                 Type (*result)(std::span<const Type>), Kernel kernel) {
  return {.function = name,
          .parameters = std::move(parameters),
          .result_type = result,
          .kernel = kernel};
}

}  // namespace thalweg
