#include "expr/aggregate.h"

#include <algorithm>
#include <array>

namespace thalweg {
namespace {

const std::vector<AggregateFunction>& table() {
  static const std::vector<AggregateFunction> kTable = {
      {"count",
       {},
       "count(*) | count(x ANY) -> BIGINT",
       "Rows; with an argument, rows in which it is not NULL.",
       "count(*)",
       "3",
       AggregateKind::kCount,
       false},
      {"sum",
       {},
       "sum(x) -> BIGINT | NUMERIC | DOUBLE",
       "Sum of the values that are not NULL; NULL when there are none.",
       "sum(x)",
       "7",
       AggregateKind::kSum,
       false},
      {"avg",
       {"mean"},
       "avg(x) -> NUMERIC | DOUBLE",
       "Mean; of integers and NUMERIC exact to 16 digits behind the point.",
       "avg(x)",
       "2.3333333333333333",
       AggregateKind::kAvg,
       false},
      {"min",
       {},
       "min(x) -> the type of x",
       "Least value.",
       "min(x)",
       "1",
       AggregateKind::kMin,
       false},
      {"max",
       {},
       "max(x) -> the type of x",
       "Greatest value.",
       "max(t)",
       "b",
       AggregateKind::kMax,
       false},
      {"first_value",
       {"first"},
       "first_value(x ANY) -> the type of x",
       "Value of the earliest row by event time, or by ORDER BY inside the parentheses.",
       "first_value(t ORDER BY x)",
       "a",
       AggregateKind::kFirstValue,
       true},
      {"last_value",
       {"last"},
       "last_value(x ANY) -> the type of x",
       "Value of the latest row by event time, or by ORDER BY inside the parentheses.",
       "last_value(x ORDER BY t)",
       "3",
       AggregateKind::kLastValue,
       true},
      {"array_agg",
       {},
       "array_agg(x ANY) -> ARRAY",
       "All values, NULLs too, in order of event time or of ORDER BY inside the parentheses.",
       "array_agg(t ORDER BY t)",
       "{a,b,NULL}",
       AggregateKind::kArrayAgg,
       true},
      {"string_agg",
       {"listagg"},
       "string_agg(x TEXT, separator TEXT) -> TEXT",
       "All values that are not NULL as one text, in order of event time or of ORDER BY inside the "
       "parentheses. The separator is a constant.",
       "string_agg(t, ',' ORDER BY t DESC)",
       "b,a",
       AggregateKind::kStringAgg,
       true},
      {"arg_min",
       {"min_by"},
       "arg_min(x ANY, by) -> the type of x",
       "Value of x in the row with the least `by`; rows with a NULL in one of them do not count.",
       "arg_min(t, x)",
       "a",
       AggregateKind::kArgMin,
       true},
      {"arg_max",
       {"max_by"},
       "arg_max(x ANY, by) -> the type of x",
       "Value of x in the row with the greatest `by`; rows with a NULL in one do not count.",
       "arg_max(x, t)",
       "3",
       AggregateKind::kArgMax,
       true},
      {"any_value",
       {},
       "any_value(x) -> the type of x",
       "One of the values that are not NULL: the least, so that it is the same in every run.",
       "any_value(t)",
       "a",
       AggregateKind::kAnyValue,
       false},
      {"bool_and",
       {"every"},
       "bool_and(x BOOLEAN) -> BOOLEAN",
       "Whether all values that are not NULL are true.",
       "bool_and(x > 1)",
       "false",
       AggregateKind::kBoolAnd,
       false},
      {"bool_or",
       {},
       "bool_or(x BOOLEAN) -> BOOLEAN",
       "Whether one of the values is true.",
       "bool_or(x > 1)",
       "true",
       AggregateKind::kBoolOr,
       false},
      {"bit_and",
       {},
       "bit_and(x integer) -> the type of x",
       "The bits that all values have.",
       "bit_and(x)",
       "1",
       AggregateKind::kBitAnd,
       false},
      {"bit_or",
       {},
       "bit_or(x integer) -> the type of x",
       "The bits that any value has.",
       "bit_or(x)",
       "3",
       AggregateKind::kBitOr,
       false},
      {"bit_xor",
       {},
       "bit_xor(x integer) -> the type of x",
       "The bits that an odd number of values have.",
       "bit_xor(x)",
       "1",
       AggregateKind::kBitXor,
       false},
      {"var_pop",
       {},
       "var_pop(x number) -> DOUBLE",
       "Variance of the values as the whole population.",
       "var_pop(x)",
       "0.8888888888888888",
       AggregateKind::kVarPop,
       false},
      {"var_samp",
       {"variance"},
       "var_samp(x number) -> DOUBLE",
       "Variance of the values as a sample; NULL for fewer than two.",
       "var_samp(x)",
       "1.3333333333333333",
       AggregateKind::kVarSamp,
       false},
      {"stddev_pop",
       {},
       "stddev_pop(x number) -> DOUBLE",
       "Standard deviation of the values as the whole population.",
       "stddev_pop(x)",
       "0.9428090415820634",
       AggregateKind::kStddevPop,
       false},
      {"stddev_samp",
       {"stddev"},
       "stddev_samp(x number) -> DOUBLE",
       "Standard deviation of the values as a sample; NULL for fewer than two.",
       "stddev_samp(x)",
       "1.1547005383792515",
       AggregateKind::kStddevSamp,
       false},
  };
  return kTable;
}

std::optional<Type> sum_type(const Type& arg) {
  switch (arg.kind) {
    case TypeKind::kSmallint:
    case TypeKind::kInt:
      return type_of(TypeKind::kBigint);
    case TypeKind::kBigint:
      return numeric_type(kNumericPrecisionMax, 0);
    case TypeKind::kNumeric:
      return numeric_type(kNumericPrecisionMax, arg.scale);
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return arg;
    default:
      return std::nullopt;
  }
}

std::optional<Type> avg_type(const Type& arg) {
  constexpr std::uint8_t kDigits = 16;
  if (is_floating(arg.kind)) {
    return type_of(TypeKind::kDouble);
  }
  if (is_numeric(arg.kind)) {
    return numeric_type(kNumericPrecisionMax, std::max(kDigits, arg.scale));
  }
  return std::nullopt;
}

bool is_ordered(TypeKind kind) { return kind != TypeKind::kStruct && kind != TypeKind::kNull; }

}  // namespace

std::span<const AggregateFunction> aggregate_functions() { return table(); }

std::string_view aggregate_example_rows() {
  return "(VALUES (1, 'a'), (3, 'b'), (3, NULL)) AS v(x, t)";
}

const AggregateFunction* find_aggregate(std::string_view name) {
  for (const AggregateFunction& function : table()) {
    if (function.name == name || std::find(function.aliases.begin(), function.aliases.end(),
                                           name) != function.aliases.end()) {
      return &function;
    }
  }
  return nullptr;
}

std::optional<Type> aggregate_type(AggregateKind kind, std::span<const Type> args) {
  if (kind == AggregateKind::kCountStar) {
    return args.empty() ? std::optional(type_of(TypeKind::kBigint)) : std::nullopt;
  }
  const bool two = kind == AggregateKind::kArgMin || kind == AggregateKind::kArgMax ||
                   kind == AggregateKind::kStringAgg;
  if (args.size() != (two ? 2U : 1U)) {
    return std::nullopt;
  }
  switch (kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
      return type_of(TypeKind::kBigint);
    case AggregateKind::kSum:
      return sum_type(args[0]);
    case AggregateKind::kAvg:
      return avg_type(args[0]);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kAnyValue:
      return is_ordered(args[0].kind) ? std::optional(args[0]) : std::nullopt;
    case AggregateKind::kFirstValue:
    case AggregateKind::kLastValue:
      return args[0];
    case AggregateKind::kArrayAgg:
      return array_type(args[0]);
    case AggregateKind::kBoolAnd:
    case AggregateKind::kBoolOr:
      return args[0].kind == TypeKind::kBoolean ? std::optional(args[0]) : std::nullopt;
    case AggregateKind::kBitAnd:
    case AggregateKind::kBitOr:
    case AggregateKind::kBitXor:
      return is_integer(args[0].kind) ? std::optional(args[0]) : std::nullopt;
    case AggregateKind::kVarPop:
    case AggregateKind::kVarSamp:
    case AggregateKind::kStddevPop:
    case AggregateKind::kStddevSamp:
      return is_numeric(args[0].kind) ? std::optional(type_of(TypeKind::kDouble)) : std::nullopt;
    case AggregateKind::kArgMin:
    case AggregateKind::kArgMax:
      return is_ordered(args[1].kind) ? std::optional(args[0]) : std::nullopt;
    case AggregateKind::kStringAgg:
      return args[0].kind == TypeKind::kText && args[1].kind == TypeKind::kText
                 ? std::optional(args[0])
                 : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace thalweg
