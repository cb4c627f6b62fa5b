#include <cstdint>
#include <type_traits>

#include "expr/kernel.h"
#include "expr/simple_function.h"

// Operators on the bits of integers.
namespace thalweg {
namespace {

using enum TypeKind;

template <typename T>
T and_of(T a, T b) {
  return static_cast<T>(a & b);
}
template <typename T>
T or_of(T a, T b) {
  return static_cast<T>(a | b);
}
template <typename T>
T xor_of(T a, T b) {
  return static_cast<T>(a ^ b);
}
template <typename T>
T not_of(T value) {
  return static_cast<T>(~value);
}

// Shifts count modulo the width, as PostgreSQL's on the processors it runs on.
template <typename T>
T left_of(T value, std::int32_t count) {
  const auto places = static_cast<unsigned>(count) % (sizeof(T) * 8);
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) << places);
}
template <typename T>
T right_of(T value, std::int32_t count) {
  return static_cast<T>(value >> (static_cast<unsigned>(count) % (sizeof(T) * 8)));
}

std::vector<FunctionOverload> pairs(std::string_view name, Kernel narrow, Kernel middle,
                                    Kernel wide) {
  return {overload(name, {kSmallint, kSmallint}, same_as_first, narrow),
          overload(name, {kInt, kInt}, same_as_first, middle),
          overload(name, {kBigint, kBigint}, same_as_first, wide)};
}

std::vector<FunctionOverload> shifts(std::string_view name, Kernel middle, Kernel wide) {
  return {overload(name, {kInt, kInt}, same_as_first, middle),
          overload(name, {kBigint, kInt}, same_as_first, wide)};
}

Function bits(std::string_view name, std::string_view signature, std::string_view text,
              std::string_view example, std::string_view result,
              std::vector<FunctionOverload> overloads) {
  return make_function({name, {}, signature, "bits", text, example, result, std::move(overloads)});
}

}  // namespace

std::vector<Function> bit_functions() {
  return {
      bits("&", "a & b -> integer", "The bits that both have.", "12 & 10", "8",
           pairs("&", map_rows<and_of<std::int16_t>>, map_rows<and_of<std::int32_t>>,
                 map_rows<and_of<std::int64_t>>)),
      bits("|", "a | b -> integer", "The bits that either has.", "12 | 10", "14",
           pairs("|", map_rows<or_of<std::int16_t>>, map_rows<or_of<std::int32_t>>,
                 map_rows<or_of<std::int64_t>>)),
      bits("#", "a # b -> integer", "The bits that only one has.", "12 # 10", "6",
           pairs("#", map_rows<xor_of<std::int16_t>>, map_rows<xor_of<std::int32_t>>,
                 map_rows<xor_of<std::int64_t>>)),
      bits("<<", "a << places -> integer", "The bits moved up.", "1 << 4", "16",
           shifts("<<", map_rows<left_of<std::int32_t>>, map_rows<left_of<std::int64_t>>)),
      bits(">>", "a >> places -> integer", "The bits moved down.", "-16 >> 2", "-4",
           shifts(">>", map_rows<right_of<std::int32_t>>, map_rows<right_of<std::int64_t>>)),
      bits("~", "", "", "", "",
           {overload("~", {kSmallint}, same_as_first, map_rows<not_of<std::int16_t>>),
            overload("~", {kInt}, same_as_first, map_rows<not_of<std::int32_t>>),
            overload("~", {kBigint}, same_as_first, map_rows<not_of<std::int64_t>>)}),
  };
}

}  // namespace thalweg
