#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

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
  out = static_cast<T>(std::abs(value));  // Of -0 too.
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
double cbrt_of(double value) { return std::cbrt(value); }
double degrees_of(double value) { return value * (180 / std::numbers::pi); }
double radians_of(double value) { return value * (std::numbers::pi / 180); }
double atan_of(double value) { return std::atan(value); }
double atan2_of(double y, double x) { return std::atan2(y, x); }

// Infinity comes only out of infinity.
RowError exp_of(double value, double& out) {
  out = std::exp(value);
  return std::isinf(out) && !std::isinf(value) ? RowError::kOverflow : RowError::kNone;
}

template <double (*kFunction)(double)>
RowError of_angle(double value, double& out) {
  out = kFunction(value);
  return std::isinf(value) ? RowError::kBadArgument : RowError::kNone;
}
double sin_of(double value) { return std::sin(value); }
double cos_of(double value) { return std::cos(value); }
double tan_of(double value) { return std::tan(value); }
double cot_of(double value) { return 1 / std::tan(value); }

template <double (*kFunction)(double)>
RowError of_ratio(double value, double& out) {
  out = kFunction(value);
  return value < -1 || value > 1 ? RowError::kBadArgument : RowError::kNone;
}
double asin_of(double value) { return std::asin(value); }
double acos_of(double value) { return std::acos(value); }

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
RowError log2_of(double value, double& out) {
  out = std::log2(value);
  return value <= 0 ? RowError::kBadArgument : RowError::kNone;
}
RowError log_of(double base, double value, double& out) {
  out = std::log(value) / std::log(base);
  return base == 1 ? RowError::kDivisionByZero
                   : (base <= 0 || value <= 0 ? RowError::kBadArgument : RowError::kNone);
}
RowError power_of(double base, double exponent, double& out) {
  out = std::pow(base, exponent);
  const bool finite = std::isfinite(base) && std::isfinite(exponent);
  if (finite && (std::isnan(out) || (base == 0 && exponent < 0))) {
    return RowError::kBadArgument;
  }
  return finite && std::isinf(out) ? RowError::kOverflow : RowError::kNone;
}

// Which of `count` equal steps from low to high holds the value, from 1; 0 and count + 1 outside.
RowError width_bucket_of(double value, double low, double high, std::int32_t count,
                         std::int32_t& out) {
  if (count <= 0 || low == high || !std::isfinite(low) || !std::isfinite(high) ||
      std::isnan(value)) {
    return RowError::kBadArgument;
  }
  const double place = (value - low) / (high - low);
  out = place < 0 ? 0 : place >= 1 ? count + 1 : static_cast<std::int32_t>(place * count) + 1;
  return count == std::numeric_limits<std::int32_t>::max() && out < 0 ? RowError::kOverflow
                                                                      : RowError::kNone;
}

Vector random_kernel(const KernelCall& call) {
  return compute_rows<double>(call, [&call](RowIndex, double& out) {
    // splitmix64; the upper 53 bits make a double below 1.
    std::uint64_t& state = call.context.random_state;
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    out = std::ldexp(static_cast<double>((x ^ (x >> 31)) >> 11), -53);
    return RowError::kNone;
  });
}

Vector pi_kernel(const KernelCall& call) {
  return compute_rows<double>(call, [](RowIndex, double& out) {
    out = std::numbers::pi;
    return RowError::kNone;
  });
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

// More digits than any number has.
constexpr std::int64_t kDigitsMax = 100;

// With that many digits behind the point, and room for one more before it, which rounding may need.
Type rounded_type(std::span<const Type> args, std::int64_t digits) {
  const Type from = as_numeric_type(args[0]);
  const int scale = static_cast<int>(std::clamp<std::int64_t>(digits, 0, kNumericPrecisionMax - 1));
  const int whole = std::min(from.precision - from.scale + 1, kNumericPrecisionMax - scale);
  return numeric_type(static_cast<std::uint8_t>(whole + scale), static_cast<std::uint8_t>(scale));
}

Type rounded_in_place(std::span<const Type> args) {
  return rounded_type(args, as_numeric_type(args[0]).scale);
}

template <Rounding kRounding, typename From>
Vector round_digits(const KernelCall& call) {
  const int scale = as_numeric_type(call.args[0].column.type()).scale;
  const Type& type = call.result_type;
  const RowReader<From> values(call.args[0]);
  const RowReader<std::int64_t> digits(call.args[1]);
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    const std::int64_t drop = scale - std::clamp<std::int64_t>(digits[row], -kDigitsMax, scale);
    Int128 rounded = values[row];
    if (drop > kNumericPrecisionMax) {
      rounded = 0;
    } else if (drop > 0) {
      const Int128 unit = power_of_ten(static_cast<int>(drop));
      rounded =
          (kRounding == Rounding::kNearest ? divide_rounded(rounded, unit) : rounded / unit) * unit;
    }
    return rescale(rounded, scale, type.scale, out) && has_digits(out, type.precision)
               ? RowError::kNone
               : RowError::kOverflow;
  });
}

// By way of the nearest multiple of a power of ten.
template <Rounding kRounding>
double round_double_digits(double value, std::int64_t digits) {
  const double unit = std::pow(10.0, std::abs(static_cast<double>(digits)));
  const double raised = digits < 0 ? value / unit : value * unit;
  if (!std::isfinite(raised)) {
    return value;
  }
  const double rounded = kRounding == Rounding::kNearest ? std::round(raised) : std::trunc(raised);
  if (rounded == 0) {
    return rounded;  // However large the unit is.
  }
  return digits < 0 ? rounded * unit : rounded / unit;
}

template <Rounding kRounding>
void add_digits(Function& function) {
  const auto exact = [&](TypeKind kind, Kernel kernel) {
    function.overloads.push_back(
        overload(function.name, {kind, kBigint}, rounded_in_place, kernel));
    function.overloads.back().literal_type = rounded_type;
  };
  exact(kNumeric, round_digits<kRounding, Int128>);
  exact(kBigint, round_digits<kRounding, std::int64_t>);
  function.overloads.push_back(overload(function.name, {kDouble, kBigint}, always<kDouble>,
                                        map_rows<round_double_digits<kRounding>>));
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
  out.push_back(rounding("trunc", {}, "The whole part; with a second argument, that many digits.",
                         "trunc(-1.78, 1)", "-1.7", map_rows<trunc_of>,
                         round_numeric<Rounding::kTowardsZero>));
  add_digits<Rounding::kTowardsZero>(out.back());
  out.push_back(rounding("round", {},
                         "The nearest whole number; with a second argument, that many digits. "
                         "NUMERIC goes half away from zero, DOUBLE without digits to even.",
                         "round(2.345, 2)", "2.35", map_rows<round_of>,
                         round_numeric<Rounding::kNearest>));
  add_digits<Rounding::kNearest>(out.back());
  out[1].signature = "floor(x NUMERIC | DOUBLE) -> the same";
  out[2].signature = "ceil(x NUMERIC | DOUBLE) -> the same";
  out[3].signature = "trunc(x NUMERIC | DOUBLE [, digits BIGINT]) -> the same";
  out[4].signature = "round(x NUMERIC | DOUBLE [, digits BIGINT]) -> the same";
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
  floating("cbrt", "cbrt(x DOUBLE) -> DOUBLE", "The cube root.", "round(cbrt(27), 6)", "3",
           map_rows<cbrt_of>);
  floating("log2", "log2(x DOUBLE) -> DOUBLE", "The logarithm to base 2.", "log2(8)", "3",
           map_rows<log2_of>);
  floating("degrees", "degrees(x DOUBLE) -> DOUBLE", "Radians in degrees.", "degrees(pi())", "180",
           map_rows<degrees_of>);
  floating("radians", "radians(x DOUBLE) -> DOUBLE", "Degrees in radians.", "radians(0)", "0",
           map_rows<radians_of>);
  floating("sin", "sin(x DOUBLE) -> DOUBLE", "The sine.", "sin(0)", "0",
           map_rows<of_angle<sin_of>>);
  floating("cos", "cos(x DOUBLE) -> DOUBLE", "The cosine.", "cos(0)", "1",
           map_rows<of_angle<cos_of>>);
  floating("tan", "tan(x DOUBLE) -> DOUBLE", "The tangent.", "tan(0)", "0",
           map_rows<of_angle<tan_of>>);
  floating("cot", "cot(x DOUBLE) -> DOUBLE", "The cotangent.", "round(cot(1), 6)", "0.642093",
           map_rows<of_angle<cot_of>>);
  floating("asin", "asin(x DOUBLE) -> DOUBLE", "The angle with that sine.", "asin(0)", "0",
           map_rows<of_ratio<asin_of>>);
  floating("acos", "acos(x DOUBLE) -> DOUBLE", "The angle with that cosine.", "acos(1)", "0",
           map_rows<of_ratio<acos_of>>);
  floating("atan", "atan(x DOUBLE) -> DOUBLE", "The angle with that tangent.", "atan(0)", "0",
           map_rows<atan_of>);
  const auto add = [&out](std::string_view signature, std::string_view text,
                          std::string_view example, std::string_view result,
                          std::vector<FunctionOverload> overloads,
                          std::vector<std::string_view> aliases = {}) {
    const std::string_view name = overloads.front().function;
    out.push_back(make_function({name, std::move(aliases), signature, "math", text, example, result,
                                 std::move(overloads)}));
  };
  add("atan2(y DOUBLE, x DOUBLE) -> DOUBLE", "The angle of the point (x, y).", "atan2(0, 1)", "0",
      {overload("atan2", {kDouble, kDouble}, always<kDouble>, map_rows<atan2_of>)});
  add("log([base DOUBLE,] x DOUBLE) -> DOUBLE", "The logarithm to that base, or to base 10.",
      "log(2, 64)", "6",
      {overload("log", {kDouble}, always<kDouble>, map_rows<log10_of>),
       overload("log", {kDouble, kDouble}, always<kDouble>, map_rows<log_of>)});
  add("power(x DOUBLE, y DOUBLE) -> DOUBLE", "x to the power of y. Also written x ^ y.",
      "power(2, 10)", "1024",
      {overload("power", {kDouble, kDouble}, always<kDouble>, map_rows<power_of>)}, {"pow", "^"});
  add("width_bucket(x DOUBLE, low DOUBLE, high DOUBLE, count INT) -> INT",
      "Which of `count` equal steps from low to high x falls into; 0 below, count + 1 above.",
      "width_bucket(5.35, 0.024, 10.06, 5)", "3",
      {overload("width_bucket", {kDouble, kDouble, kDouble, kInt}, always<kInt>,
                map_rows<width_bucket_of>)});
  add("pi() -> DOUBLE", "The ratio of a circle's circumference to its diameter.", "round(pi(), 5)",
      "3.14159", {overload("pi", {}, always<kDouble>, pi_kernel)});
  add("random() -> DOUBLE", "A number from 0 to below 1, another for each row.", "random() < 1",
      "t", {overload("random", {}, always<kDouble>, random_kernel)});
  out.back().volatility = Volatility::kVolatile;
  return out;
}

}  // namespace thalweg
