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
       AggregateKind::kCount,
       false},
      {"sum",
       {},
       "sum(x) -> BIGINT | NUMERIC | DOUBLE",
       "Sum of the values that are not NULL; NULL when there are none.",
       AggregateKind::kSum,
       false},
      {"avg",
       {"mean"},
       "avg(x) -> NUMERIC | DOUBLE",
       "Mean; of integers and NUMERIC exact to 16 digits behind the point.",
       AggregateKind::kAvg,
       false},
      {"min", {}, "min(x) -> the type of x", "Least value.", AggregateKind::kMin, false},
      {"max", {}, "max(x) -> the type of x", "Greatest value.", AggregateKind::kMax, false},
      {"first_value",
       {"first"},
       "first_value(x ANY) -> the type of x",
       "Value of the earliest row by event time, or by ORDER BY inside the parentheses.",
       AggregateKind::kFirstValue,
       true},
      {"last_value",
       {"last"},
       "last_value(x ANY) -> the type of x",
       "Value of the latest row by event time, or by ORDER BY inside the parentheses.",
       AggregateKind::kLastValue,
       true},
      {"array_agg",
       {},
       "array_agg(x ANY) -> ARRAY",
       "All values, NULLs too, in order of event time or of ORDER BY inside the parentheses.",
       AggregateKind::kArrayAgg,
       true},
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
  if (args.size() != 1) {
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
      return is_ordered(args[0].kind) ? std::optional(args[0]) : std::nullopt;
    case AggregateKind::kFirstValue:
    case AggregateKind::kLastValue:
      return args[0];
    case AggregateKind::kArrayAgg:
      return array_type(args[0]);
  }
  return std::nullopt;
}

}  // namespace thalweg
