#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"

namespace thalweg {

enum class AggregateKind : std::uint8_t {
  kCountStar,
  kCount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kFirstValue,  // By (event time, partition, position), unless ordered by its own ORDER BY.
  kLastValue,
  kArrayAgg,
  kBitAnd,
  kBitOr,
  kBitXor,
  kVarPop,
  kVarSamp,
  kStddevPop,
  kStddevSamp,
  // Never computed as such: the binder makes one of the above of each.
  kAnyValue,   // min
  kBoolAnd,    // min
  kBoolOr,     // max
  kArgMin,     // first_value, ordered by the second argument
  kArgMax,     // the same, descending
  kStringAgg,  // array_agg, put together
};

// An entry of the aggregates' table; see Function.
struct AggregateFunction {
  std::string_view name;
  std::vector<std::string_view> aliases;
  std::string_view signature;
  std::string_view text;
  std::string_view example;  // Over aggregate_example_rows(): "sum(x)"
  std::string_view result;
  AggregateKind kind;
  bool order_dependent;  // Its plan must carry each row's origin.
};

std::span<const AggregateFunction> aggregate_functions();
std::string_view aggregate_example_rows();  // As SQL's FROM takes them: "(VALUES ...) AS v(x, t)"
const AggregateFunction* find_aggregate(std::string_view name);

// One aggregate of a GROUP BY, bound.
struct AggregateCall {
  AggregateKind kind = AggregateKind::kCountStar;
  std::vector<ExprPtr> args;  // Over the aggregate's input. Empty for count(*).
  bool distinct = false;
  ExprPtr filter;  // BOOLEAN, or nullptr.
  struct Order {
    ExprPtr expr;
    bool descending = false;
    bool nulls_first = false;
  };
  std::vector<Order> order_by;
  Type type;         // Of the result.
  std::string name;  // As users know it: "count(*)", "max(mag)".
};

// The result's type for these argument types: sum of SMALLINT/INT is BIGINT, of BIGINT and NUMERIC
// is NUMERIC(38, s); avg of integers and NUMERIC is NUMERIC exact to 16 digits, of floating point
// DOUBLE; variances are DOUBLE. Nothing when the arguments do not fit.
std::optional<Type> aggregate_type(AggregateKind kind, std::span<const Type> args);

}  // namespace thalweg
