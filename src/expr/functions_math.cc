#include <cmath>
#include <limits>

#include "columnar/decimal.h"
#include "expr/kernel.h"
#include "expr/simple_function.h"

namespace thalweg {
namespace {

using enum TypeKind;

template <typename T>
RowError absolute(T value, T& out) {
  if constexpr (std::is_integral_v<T>) {
    if (value == std::numeric_limits<T>::min()) {
      return RowError::kOverflow;
    }
  }
  out = static_cast<T>(value < 0 ? -value : value);
  return RowError::kNone;
}

RowError absolute_numeric(Int128 value, Int128& out) {
  out = value < 0 ? -value : value;
  return RowError::kNone;
}

double floor_of(double value) { return std::floor(value); }
double ceil_of(double value) { return std::ceil(value); }
double trunc_of(double value) { return std::trunc(value); }
double round_of(double value) { return std::nearbyint(value); }
double sign_of(double value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }
double exp_of(double value) { return std::exp(value); }

RowError sqrt_of(double value, double& out) {
  out = std::sqrt(value);
  return value < 0 ? RowError::kBadArgument : RowError::kNone;
}
RowError ln_of(double value, double& out) {
  out = std::log(value);
  return value <= 0 ? RowError::kBadArgument : RowError::kNone;
}
RowError log10_of(double value, double& out) {
  out = std::log10(value);
  return value <= 0 ? RowError::kBadArgument : RowError::kNone;
}
RowError power_of(double base, double exponent, double& out) {
  out = std::pow(base, exponent);
  return std::isnan(out) && !std::isnan(base) && !std::isnan(exponent) ? RowError::kBadArgument
                                                                       : RowError::kNone;
}

Type whole_numeric(std::span<const Type> args) {
  const int digits = args[0].precision - args[0].scale + 1;
  return numeric_type(static_cast<std::uint8_t>(std::min<int>(digits, kNumericPrecisionMax)), 0);
}

enum class Rounding { kFloor, kCeil, kNearest, kTowardsZero };

// NUMERIC to a whole NUMERIC.
template <Rounding kRounding>
Vector round_numeric(const KernelCall& call) {
  const Int128 unit = power_of_ten(call.args[0].column.type().scale);
  const RowReader<Int128> values(call.args[0]);
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    const Int128 value = values[row];
    if constexpr (kRounding == Rounding::kNearest) {
      out = divide_rounded(value, unit);
    } else {
      out = value / unit;
      if constexpr (kRounding == Rounding::kFloor) {
        out -= value % unit < 0 ? 1 : 0;
      } else if constexpr (kRounding == Rounding::kCeil) {
        out += value % unit > 0 ? 1 : 0;
      }
    }
    return RowError::kNone;
  });
}

// NUMERIC rounded to a number of digits, in its own type.
Vector round_digits(const KernelCall& call) {
  const int scale = call.args[0].column.type().scale;
  const RowReader<Int128> values(call.args[0]);
  const RowReader<std::int32_t> digits(call.args[1]);
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    const int drop = scale - digits[row];
    if (drop <= 0) {
      out = values[row];
    } else if (drop > 38) {
      out = 0;
    } else {
      out = divide_rounded(values[row], power_of_ten(drop)) * power_of_ten(drop);
    }
    return RowError::kNone;
  });
}

Function rounding(std::string_view name, std::vector<std::string_view> aliases,
                  std::string_view text, std::string_view example, std::string_view result,
                  Kernel floating, Kernel numeric) {
  std::vector<FunctionOverload> overloads = {overload(name, {kDouble}, always<kDouble>, floating),
                                             overload(name, {kNumeric}, whole_numeric, numeric)};
  return make_function(
      {name, std::move(aliases), "", "math", text, example, result, std::move(overloads)});
}

}  // namespace

std::vector<Function> math_functions() {
  std::vector<Function> out;
  out.push_back(
      make_function({"abs",
                     {},
                     "abs(x) -> the type of x",
                     "math",
                     "The value without its sign.",
                     "abs(-2.5)",
                     "2.5",
                     {overload("abs", {kSmallint}, same_as_first, map_rows<absolute<std::int16_t>>),
                      overload("abs", {kInt}, same_as_first, map_rows<absolute<std::int32_t>>),
                      overload("abs", {kBigint}, same_as_first, map_rows<absolute<std::int64_t>>),
                      overload("abs", {kNumeric}, same_as_first, map_rows<absolute_numeric>),
                      overload("abs", {kReal}, same_as_first, map_rows<absolute<float>>),
                      overload("abs", {kDouble}, same_as_first, map_rows<absolute<double>>)}}));
  out.push_back(rounding("floor", {}, "The greatest whole number that is not greater.",
                         "floor(-1.5)", "-2", map_rows<floor_of>, round_numeric<Rounding::kFloor>));
  out.push_back(rounding("ceil", {"ceiling"}, "The least whole number that is not less.",
                         "ceil(1.2)", "2", map_rows<ceil_of>, round_numeric<Rounding::kCeil>));
  out.push_back(rounding("trunc", {}, "The whole part.", "trunc(-1.7)", "-1", map_rows<trunc_of>,
                         round_numeric<Rounding::kTowardsZero>));
  out.push_back(rounding("round", {},
                         "The nearest whole number; with a second argument, that many digits.",
                         "round(2.5)", "3", map_rows<round_of>, round_numeric<Rounding::kNearest>));
  out.back().overloads.push_back(overload("round", {kNumeric, kInt}, same_as_first, round_digits));
  out[1].signature = "floor(x NUMERIC | DOUBLE) -> the same";
  out[2].signature = "ceil(x NUMERIC | DOUBLE) -> the same";
  out[3].signature = "trunc(x NUMERIC | DOUBLE) -> the same";
  out[4].signature = "round(x NUMERIC | DOUBLE [, digits INT]) -> the same";
  const auto floating = [&out](std::string_view name, std::string_view signature,
                               std::string_view text, std::string_view example,
                               std::string_view result, Kernel kernel) {
    out.push_back(make_function({name,
                                 {},
                                 signature,
                                 "math",
                                 text,
                                 example,
                                 result,
                                 {overload(name, {kDouble}, always<kDouble>, kernel)}}));
  };
  floating("sqrt", "sqrt(x DOUBLE) -> DOUBLE", "The square root.", "sqrt(9)", "3",
           map_rows<sqrt_of>);
  floating("ln", "ln(x DOUBLE) -> DOUBLE", "The natural logarithm.", "ln(1)", "0", map_rows<ln_of>);
  floating("log10", "log10(x DOUBLE) -> DOUBLE", "The logarithm to base 10.", "log10(1000)", "3",
           map_rows<log10_of>);
  floating("exp", "exp(x DOUBLE) -> DOUBLE", "e to the power of x.", "exp(0)", "1",
           map_rows<exp_of>);
  floating("sign", "sign(x DOUBLE) -> DOUBLE", "-1, 0 or 1.", "sign(-8)", "-1", map_rows<sign_of>);
  out.push_back(make_function(
      {"power",
       {"pow"},
       "power(x DOUBLE, y DOUBLE) -> DOUBLE",
       "math",
       "x to the power of y.",
       "power(2, 10)",
       "1024",
       {overload("power", {kDouble, kDouble}, always<kDouble>, map_rows<power_of>)}}));
  return out;
}

}  // namespace thalweg
