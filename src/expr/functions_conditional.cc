#include "expr/compare.h"
#include "expr/evaluator.h"
#include "expr/function_table.h"
#include "expr/logic.h"

// NOT_NULL; GREATEST and LEAST, which pass over NULL. CASE, COALESCE, NULLIF and IF are no
// functions: not all of their arguments count.
namespace thalweg {
namespace {

enum class Wanted : std::uint8_t { kGreatest, kLeast };

// Of each row the one that is wanted, or the one that is not NULL.
template <Wanted kWanted>
Vector better(const Vector& a, const Vector& b, const Type& type, std::uint32_t length) {
  const bool constant = a.constant && b.constant;
  const std::uint32_t rows = constant ? 1 : length;
  auto take_b = kWanted == Wanted::kGreatest ? less_bits(a, b, rows) : less_bits(b, a, rows);
  auto* words = take_b->as<std::uint64_t>();
  for (std::uint32_t word = 0; word < bitmap_words(rows); ++word) {
    words[word] = valid_word(b, word) & (words[word] | ~valid_word(a, word));
  }
  Vector condition{
      .column = Column{type_of(TypeKind::kBoolean), rows}, .constant = false, .errors = nullptr};
  condition.column.set_values(std::move(take_b));
  Choice choice{rows};
  choice.decide(condition, 1);
  choice.decide_rest(0);
  Vector out = choice.assemble(type, {a, b});
  out.constant = constant;
  return out;
}

template <Wanted kWanted>
Vector best_kernel(const KernelCall& call) {
  Vector best = call.args[0];
  best.errors = nullptr;  // The caller has them.
  for (Vector next : call.args.subspan(1)) {
    next.errors = nullptr;
    best = better<kWanted>(best, next, call.result_type, call.length);
  }
  best.column = expand(best, call.length);
  best.constant = false;
  return best;
}

Function best_of(std::string_view name, std::string_view signature, std::string_view text,
                 std::string_view example, std::string_view result, Kernel kernel) {
  return {.name = name,
          .aliases = {},
          .signature = signature,
          .null_rule = NullRule::kHandles,
          .volatility = Volatility::kImmutable,
          .category = "comparison",
          .text = text,
          .example = example,
          .result = result,
          .overloads = {{.function = name,
                         .parameters = {TypeKind::kNull, TypeKind::kNull},
                         .variadic = true,
                         .same_type = true,
                         .result_type = same_as_first,
                         .kernel = kernel}}};
}

Vector not_null_kernel(const KernelCall& call) {
  const Vector& value = call.args[0];
  RowErrors errors{call};
  for (RowIndex row = 0; value.column.may_have_nulls() && row < call.length; ++row) {
    if (!value.column.is_valid(value.constant ? 0 : row)) {
      errors.report(row, RowError::kNullNotAllowed);
    }
  }
  return Vector{.column = value.column, .constant = false, .errors = errors.take()};
}

Function not_null() {
  return {.name = "not_null",
          .aliases = {},
          .signature = "not_null(x) -> the type of x",
          .null_rule = NullRule::kHandles,
          .volatility = Volatility::kImmutable,
          .category = "comparison",
          .text = "The value; an error of its row, null_not_allowed, where it is NULL.",
          .example = "not_null(1)",
          .result = "1",
          .overloads = {{.function = "not_null",
                         .parameters = {TypeKind::kNull},
                         .result_type = same_as_first,
                         .kernel = not_null_kernel}}};
}

}  // namespace

std::vector<Function> conditional_functions() {
  return {not_null(),
          best_of("greatest", "greatest(a, b, ...) -> their common type",
                  "The greatest of the values that are not NULL.", "greatest(1, NULL, 3)", "3",
                  best_kernel<Wanted::kGreatest>),
          best_of("least", "least(a, b, ...) -> their common type",
                  "The least of the values that are not NULL.", "least('b', 'a')", "a",
                  best_kernel<Wanted::kLeast>)};
}

}  // namespace thalweg
