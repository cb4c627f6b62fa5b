#include "expr/aggregate.h"

#include <algorithm>
#include <array>

namespace thalweg {
namespace {

constexpr std::uint8_t kAverageScaleMin = 16;

const std::vector<AggregateFunction>& table() {
  static const std::vector<AggregateFunction> kTable = {
      {.name = "count",
       .aliases = {},
       .signature = "count(*), count(x) -> BIGINT",
       .text = "How many rows there are, or how many in which x is not NULL.",
       .kind = AggregateKind::kCount,
       .order_dependent = false},
      {.name = "sum",
       .aliases = {},
       .signature = "sum(x number or INTERVAL) -> BIGINT, NUMERIC, DOUBLE or INTERVAL",
       .text = "The sum of what is not NULL; NULL where there is nothing. Exact for integers and "
               "NUMERIC.",
       .kind = AggregateKind::kSum,
       .order_dependent = false},
      {.name = "avg",
       .aliases = {"mean"},
       .signature = "avg(x number) -> NUMERIC or DOUBLE",
       .text = "The average of what is not NULL; of integers and NUMERIC exact to 16 digits behind "
               "the point.",
       .kind = AggregateKind::kAvg,
       .order_dependent = false},
      {.name = "min",
       .aliases = {},
       .signature = "min(x) -> type of x",
       .text = "The least value that is not NULL.",
       .kind = AggregateKind::kMin,
       .order_dependent = false},
      {.name = "max",
       .aliases = {},
       .signature = "max(x) -> type of x",
       .text = "The greatest value that is not NULL.",
       .kind = AggregateKind::kMax,
       .order_dependent = false},
      {.name = "first_value",
       .aliases = {"first"},
       .signature = "first_value(x [ORDER BY ...]) -> type of x",
       .text = "The value of the first row: by event time, unless ORDER BY says otherwise.",
       .kind = AggregateKind::kFirstValue,
       .order_dependent = true},
      {.name = "last_value",
       .aliases = {"last"},
       .signature = "last_value(x [ORDER BY ...]) -> type of x",
       .text = "The value of the last row: by event time, unless ORDER BY says otherwise.",
       .kind = AggregateKind::kLastValue,
       .order_dependent = true},
      {.name = "array_agg",
       .aliases = {},
       .signature = "array_agg(x [ORDER BY ...]) -> array of x",
       .text =
           "All values, NULLs too, in one array: by event time, unless ORDER BY says otherwise.",
       .kind = AggregateKind::kArrayAgg,
       .order_dependent = true},
  };
  return kTable;
}

std::optional<Type> sum_type(const Type& type) {
  switch (type.kind) {
    case TypeKind::kSmallint:
    case TypeKind::kInt:
      return type_of(TypeKind::kBigint);
    case TypeKind::kBigint:
      return numeric_type(kNumericPrecisionMax, 0);
    case TypeKind::kNumeric:
      return numeric_type(kNumericPrecisionMax, type.scale);
    case TypeKind::kReal:
    case TypeKind::kDouble:
    case TypeKind::kInterval:
      return type;
    default:
      return std::nullopt;
  }
}

std::optional<Type> average_type(const Type& type) {
  if (is_floating(type.kind)) {
    return type_of(TypeKind::kDouble);
  }
  if (!is_numeric(type.kind)) {
    return std::nullopt;
  }
  return numeric_type(kNumericPrecisionMax, std::max(type.scale, kAverageScaleMin));
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
    return args.empty() ? std::optional<Type>{type_of(TypeKind::kBigint)} : std::nullopt;
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
      return average_type(args[0]);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return is_ordered(args[0].kind) ? std::optional<Type>{args[0]} : std::nullopt;
    case AggregateKind::kFirstValue:
    case AggregateKind::kLastValue:
      return args[0];
    case AggregateKind::kArrayAgg:
      return array_type(args[0]);
  }
  return std::nullopt;
}

}  // namespace thalweg
