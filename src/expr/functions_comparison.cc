#include "expr/compare.h"
#include "expr/function_table.h"

// Comparison operators.
namespace thalweg {
namespace {

enum class Sides : std::uint8_t { kAsTheyAre, kSwapped };
enum class Answer : std::uint8_t { kAsItIs, kInverted };

Vector bits_vector(const KernelCall& call, std::shared_ptr<Buffer> bits) {
  return vector_of(call, std::move(bits));
}

template <Answer kAnswer>
Vector equal_kernel(const KernelCall& call) {
  auto bits = equal_bits(call.args[0], call.args[1], call.length);
  if (kAnswer == Answer::kInverted) {
    invert_bits(*bits, call.length);
  }
  return bits_vector(call, std::move(bits));
}

// The order is total, so that a <= b is the opposite of b < a.
template <Sides kSides, Answer kAnswer>
Vector less_kernel(const KernelCall& call) {
  const bool swapped = kSides == Sides::kSwapped;
  auto bits = less_bits(call.args[swapped ? 1 : 0], call.args[swapped ? 0 : 1], call.length);
  if (kAnswer == Answer::kInverted) {
    invert_bits(*bits, call.length);
  }
  return bits_vector(call, std::move(bits));
}

// Equal where both are valid and equal, or both NULL.
template <Answer kAnswer>
Vector distinct_kernel(const KernelCall& call) {
  const Vector& a = call.args[0];
  const Vector& b = call.args[1];
  auto bits = equal_bits(a, b, call.length);
  auto* words = bits->as<std::uint64_t>();
  for (std::uint32_t word = 0; word < bitmap_words(call.length); ++word) {
    const std::uint64_t valid_a = valid_word(a, word);
    const std::uint64_t valid_b = valid_word(b, word);
    const std::uint64_t equal = (words[word] & valid_a & valid_b) | ~(valid_a | valid_b);
    words[word] = kAnswer == Answer::kInverted ? ~equal : equal;
  }
  return bits_vector(call, std::move(bits));
}

// NUMERIC of two scales compares as it is; anything else is brought to a common type.
std::vector<FunctionOverload> overloads(std::string_view name, Kernel kernel) {
  return {{.function = name,
           .parameters = {TypeKind::kNumeric, TypeKind::kNumeric},
           .result_type = always<TypeKind::kBoolean>,
           .kernel = kernel},
          {.function = name,
           .parameters = {TypeKind::kNull, TypeKind::kNull},
           .same_type = true,
           .result_type = always<TypeKind::kBoolean>,
           .kernel = kernel}};
}

Function comparison(std::string_view name, std::string_view signature, std::string_view text,
                    std::string_view example, std::string_view result, Kernel kernel) {
  return {.name = name,
          .aliases = {},
          .signature = signature,
          .null_rule = NullRule::kStrict,
          .volatility = Volatility::kImmutable,
          .category = "comparison",
          .text = text,
          .example = example,
          .result = result,
          .overloads = overloads(name, kernel)};
}

Function spelled_also(Function function, std::string_view alias) {
  function.aliases = {alias};
  return function;
}

Function handles_nulls(Function function) {
  function.null_rule = NullRule::kHandles;
  return function;
}

}  // namespace

std::vector<Function> comparison_functions() {
  using enum Sides;
  using enum Answer;
  return {
      comparison("=", "a = b -> BOOLEAN", "Whether both sides are equal; NULL where one is NULL.",
                 "2 = 2.0", "t", equal_kernel<kAsItIs>),
      spelled_also(comparison("<>", "a <> b -> BOOLEAN", "Whether the sides differ.", "'a' <> 'b'",
                              "t", equal_kernel<kInverted>),
                   "!="),
      comparison("<", "a < b -> BOOLEAN",
                 "Whether a comes before b. Text goes by its bytes; NaN comes after all numbers.",
                 "1 < 2", "t", less_kernel<kAsTheyAre, kAsItIs>),
      comparison("<=", "a <= b -> BOOLEAN", "Whether a comes before b or equals it.", "2 <= 1", "f",
                 less_kernel<kSwapped, kInverted>),
      comparison(">", "a > b -> BOOLEAN", "Whether a comes after b.",
                 "DATE '2026-03-01' > DATE '2026-02-28'", "t", less_kernel<kSwapped, kAsItIs>),
      comparison(">=", "a >= b -> BOOLEAN", "Whether a comes after b or equals it.", "1.5 >= 1.50",
                 "t", less_kernel<kAsTheyAre, kInverted>),
      handles_nulls(comparison("is distinct from", "a IS DISTINCT FROM b -> BOOLEAN",
                               "Whether the sides differ, taking NULL as a value like any other.",
                               "1 IS DISTINCT FROM NULL", "t", distinct_kernel<kInverted>)),
      handles_nulls(comparison("is not distinct from", "a IS NOT DISTINCT FROM b -> BOOLEAN",
                               "Whether the sides are equal, or both NULL.",
                               "NULL IS NOT DISTINCT FROM NULL", "t", distinct_kernel<kAsItIs>)),
  };
}

}  // namespace thalweg
