#include "columnar/decimal.h"
#include "expr/arithmetic.h"
#include "expr/function_table.h"
#include "expr/integer_division.h"
#include "expr/numeric_kernels.h"

// + - * / % over numbers.
namespace thalweg {
namespace {

// BIGINT by a constant goes by multiplication, as the processor's division takes far longer.
template <typename Operation>
Vector bigint_division_kernel(const KernelCall& call) {
  const Vector& divisors = call.args[1];
  const std::int64_t divisor = divisors.column.values<std::int64_t>()[0];
  if (!divisors.constant || call.args[0].constant || (divisor >= -1 && divisor <= 1)) {
    return binary_kernel<Operation, std::int64_t>(call);
  }
  const ConstantDivisor constant{divisor};
  const std::int64_t* values = call.args[0].column.values<std::int64_t>().data();
  auto buffer = Buffer::allocate(std::size_t{call.length} * sizeof(std::int64_t));
  auto* out = buffer->as<std::int64_t>();
  for (RowIndex row = 0; row < call.length; ++row) {
    if constexpr (std::is_same_v<Operation, Divide>) {
      out[row] = constant.quotient(values[row]);
    } else {
      out[row] = constant.remainder(values[row]);
    }
  }
  return vector_of(call, std::move(buffer));
}

template <typename T>
RowError negate(T value, T& out) {
  const T zero{};
  return any_failed(Subtract::apply(zero, value, out)) ? RowError::kOverflow : RowError::kNone;
}
template <std::floating_point T>
T negate_floating(T value) {
  return -value;
}

template <Type (*kRule)(const Type&, const Type&)>
Type numeric_result(std::span<const Type> args) {
  return kRule(as_numeric_type(args[0]), as_numeric_type(args[1]));
}

FunctionOverload binary(std::string_view name, TypeKind kind, Kernel kernel) {
  return {
      .function = name, .parameters = {kind, kind}, .result_type = same_as_first, .kernel = kernel};
}

FunctionOverload numeric(std::string_view name, TypeKind left, TypeKind right,
                         Type (*result_type)(std::span<const Type>), Kernel kernel) {
  return {
      .function = name, .parameters = {left, right}, .result_type = result_type, .kernel = kernel};
}

template <typename Operation>
std::vector<FunctionOverload> integers(std::string_view name) {
  return {binary(name, TypeKind::kSmallint, binary_kernel<Operation, std::int16_t>),
          binary(name, TypeKind::kInt, binary_kernel<Operation, std::int32_t>)};
}

void add_floating(std::vector<FunctionOverload>& overloads, Kernel real, Kernel wide) {
  const std::string_view name = overloads.front().function;
  overloads.push_back(binary(name, TypeKind::kReal, real));
  overloads.push_back(binary(name, TypeKind::kDouble, wide));
}

Function arithmetic(std::string_view signature, std::string_view text, std::string_view example,
                    std::string_view result, std::vector<FunctionOverload> overloads) {
  return {.name = overloads.front().function,
          .aliases = {},
          .signature = signature,
          .null_rule = NullRule::kStrict,
          .volatility = Volatility::kImmutable,
          .category = "arithmetic",
          .text = text,
          .example = example,
          .result = result,
          .overloads = std::move(overloads)};
}

std::vector<FunctionOverload> minus_overloads() {
  auto out = integers<Subtract>("-");
  out.push_back(binary("-", TypeKind::kBigint, binary_kernel<Subtract, std::int64_t>));
  out.push_back(numeric("-", TypeKind::kNumeric, TypeKind::kNumeric,
                        numeric_result<numeric_sum_type>, subtract_numerics));
  add_floating(out, binary_kernel<Subtract, float>, binary_kernel<Subtract, double>);
  const auto unary = [&](TypeKind kind, Kernel kernel) {
    out.push_back(
        {.function = "-", .parameters = {kind}, .result_type = same_as_first, .kernel = kernel});
  };
  unary(TypeKind::kSmallint, map_rows<negate<std::int16_t>>);
  unary(TypeKind::kInt, map_rows<negate<std::int32_t>>);
  unary(TypeKind::kBigint, map_rows<negate<std::int64_t>>);
  unary(TypeKind::kNumeric, negate_numeric);
  unary(TypeKind::kReal, map_rows<negate_floating<float>>);
  unary(TypeKind::kDouble, map_rows<negate_floating<double>>);
  return out;
}

std::vector<FunctionOverload> plus_overloads() {
  auto out = integers<Add>("+");
  out.push_back(binary("+", TypeKind::kBigint, binary_kernel<Add, std::int64_t>));
  out.push_back(numeric("+", TypeKind::kNumeric, TypeKind::kNumeric,
                        numeric_result<numeric_sum_type>, add_numerics));
  add_floating(out, binary_kernel<Add, float>, binary_kernel<Add, double>);
  return out;
}

std::vector<FunctionOverload> times_overloads() {
  auto out = integers<Multiply>("*");
  out.push_back(binary("*", TypeKind::kBigint, binary_kernel<Multiply, std::int64_t>));
  const auto product = numeric_result<numeric_product_type>;
  using enum TypeKind;
  out.push_back(numeric("*", kNumeric, kNumeric, product, multiply_numerics));
  out.push_back(numeric("*", kBigint, kNumeric, product, multiply_numerics));
  out.push_back(numeric("*", kNumeric, kBigint, product, multiply_numerics));
  add_floating(out, binary_kernel<Multiply, float>, binary_kernel<Multiply, double>);
  return out;
}

std::vector<FunctionOverload> division_overloads() {
  auto out = integers<Divide>("/");
  out.push_back(binary("/", TypeKind::kBigint, bigint_division_kernel<Divide>));
  out.push_back(numeric("/", TypeKind::kNumeric, TypeKind::kNumeric,
                        numeric_result<numeric_quotient_type>, divide_numerics));
  add_floating(out, binary_kernel<Divide, float>, binary_kernel<Divide, double>);
  return out;
}

std::vector<FunctionOverload> modulo_overloads() {
  auto out = integers<Modulo>("%");
  out.push_back(binary("%", TypeKind::kBigint, bigint_division_kernel<Modulo>));
  out.push_back(numeric("%", TypeKind::kNumeric, TypeKind::kNumeric,
                        numeric_result<numeric_remainder_type>, modulo_numerics));
  add_floating(out, binary_kernel<Modulo, float>, binary_kernel<Modulo, double>);
  return out;
}

}  // namespace

std::vector<Function> arithmetic_functions() {
  std::vector<Function> out = {
      arithmetic("a + b -> number, DATE, TIME, TIMESTAMP or INTERVAL",
                 "The sum. Dates take days or an interval, times an interval.", "1 + 2.5", "3.5",
                 plus_overloads()),
      arithmetic(
          "a - b, -a -> number, DATE, TIME, TIMESTAMP or INTERVAL",
          "The difference, or the negation. Timestamps differ by an interval, dates by days.",
          "3 - 5", "-2", minus_overloads()),
      arithmetic("a * b -> number or INTERVAL", "The product.", "0.908 * 1000", "908.000",
                 times_overloads()),
      arithmetic("a / b -> number or INTERVAL",
                 "The quotient: integers truncate towards zero, NUMERIC keeps at least 16 digits "
                 "behind the point.",
                 "7 / 2", "3", division_overloads()),
      arithmetic("a % b -> number", "The remainder, with the sign of a.", "-7 % 3", "-1",
                 modulo_overloads()),
  };
  out.back().aliases = {"mod"};
  return out;
}

}  // namespace thalweg
