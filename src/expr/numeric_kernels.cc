#include "expr/numeric_kernels.h"

#include <algorithm>

#include "base/int128.h"
#include "columnar/decimal.h"

namespace thalweg {
namespace {

// Digits that a value of 64 bits holds whatever they are.
constexpr int kSmallDigits = 18;

const Type& type_at(const KernelCall& call, std::size_t i) { return call.args[i].column.type(); }

// Values of at most 18 digits, read as 64 bits: their product is one machine instruction.
struct EachSmall {
  const Int128* values;
  std::int64_t operator[](RowIndex row) const { return static_cast<std::int64_t>(values[row]); }
};

// Calls body(reader) with the narrowest reader of the NUMERIC or BIGINT argument.
template <typename Body>
Vector with_factor(const Vector& vector, Body body) {
  const Type& type = vector.column.type();
  if (type.kind == TypeKind::kBigint) {
    const std::int64_t* values = vector.column.values<std::int64_t>().data();
    return vector.constant ? body(SameForAll<std::int64_t>{*values})
                           : body(EachRow<std::int64_t>{values});
  }
  const Int128* values = vector.column.values<Int128>().data();
  if (vector.constant) {
    return static_cast<std::int64_t>(*values) == *values
               ? body(SameForAll<std::int64_t>{static_cast<std::int64_t>(*values)})
               : body(SameForAll<Int128>{*values});
  }
  return type.precision <= kSmallDigits ? body(EachSmall{values}) : body(EachRow<Int128>{values});
}

template <typename Compute>
Vector compute_unchecked(const KernelCall& call, Compute compute) {
  auto buffer = Buffer::allocate(std::size_t{call.length} * sizeof(Int128));
  Int128* out = buffer->as<Int128>();
  for (RowIndex row = 0; row < call.length; ++row) {
    out[row] = compute(row);
  }
  return vector_of(call, std::move(buffer));
}

// Where the digits of both sides add up to what the result has room for.
Vector multiply_unchecked(const KernelCall& call) {
  return with_factor(call.args[0], [&](auto left) {
    return with_factor(call.args[1], [&](auto right) {
      return compute_unchecked(
          call, [=](RowIndex row) { return static_cast<Int128>(left[row]) * right[row]; });
    });
  });
}

// Reads BIGINT and NUMERIC alike.
class WideReader {
 public:
  explicit WideReader(const Vector& vector)
      : vector_(vector), integer_(vector.column.type().kind == TypeKind::kBigint) {}
  Int128 operator[](RowIndex row) const {
    const RowIndex at = vector_.constant ? 0 : row;
    return integer_ ? Int128{vector_.column.values<std::int64_t>()[at]}
                    : vector_.column.values<Int128>()[at];
  }

 private:
  const Vector& vector_;
  bool integer_;
};

// compute(a, b, out) -> RowError; the result must also fit the result's precision.
template <typename Compute>
Vector compute_checked(const KernelCall& call, Compute compute) {
  const WideReader left{call.args[0]};
  const WideReader right{call.args[1]};
  const int precision = call.result_type.precision;
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    const RowError error = compute(left[row], right[row], out);
    if (error != RowError::kNone || has_digits(out, precision)) {
      return error;
    }
    return RowError::kOverflow;
  });
}

RowError overflow_unless(bool fits) { return fits ? RowError::kNone : RowError::kOverflow; }

template <int kSign>
Vector sum_numerics(const KernelCall& call) {
  const Type& a = type_at(call, 0);
  const Type& b = type_at(call, 1);
  const int scale = call.result_type.scale;
  const int digits = std::max(a.precision - a.scale, b.precision - b.scale) + 1 + scale;
  if (digits > kNumericPrecisionMax || scale < std::max(a.scale, b.scale)) {
    return compute_checked(call, [&](Int128 left, Int128 right, Int128& out) {
      Int128 raised = 0;
      return overflow_unless(rescale(left, a.scale, scale, out) &&
                             rescale(right, b.scale, scale, raised) &&
                             !__builtin_add_overflow(out, kSign * raised, &out));
    });
  }
  if (a.scale == b.scale) {
    return with_readers<Int128, Int128>(call.args[0], call.args[1], [&](auto left, auto right) {
      return compute_unchecked(call, [=](RowIndex row) { return left[row] + kSign * right[row]; });
    });
  }
  const Int128 raise_a = power_of_ten(scale - a.scale);
  const Int128 raise_b = power_of_ten(scale - b.scale) * kSign;
  return with_readers<Int128, Int128>(call.args[0], call.args[1], [&](auto left, auto right) {
    return compute_unchecked(
        call, [=](RowIndex row) { return left[row] * raise_a + right[row] * raise_b; });
  });
}

}  // namespace

Vector add_numerics(const KernelCall& call) { return sum_numerics<1>(call); }
Vector subtract_numerics(const KernelCall& call) { return sum_numerics<-1>(call); }

Vector multiply_numerics(const KernelCall& call) {
  const Type a = as_numeric_type(type_at(call, 0));
  const Type b = as_numeric_type(type_at(call, 1));
  const int dropped = a.scale + b.scale - call.result_type.scale;
  if (a.precision + b.precision <= kNumericPrecisionMax && dropped == 0) {
    return multiply_unchecked(call);
  }
  return compute_checked(call, [&](Int128 left, Int128 right, Int128& out) {
    return overflow_unless(multiply_and_drop(left, right, dropped, out));
  });
}

Vector divide_numerics(const KernelCall& call) {
  const int raised = call.result_type.scale - type_at(call, 0).scale + type_at(call, 1).scale;
  return compute_checked(call, [&](Int128 left, Int128 right, Int128& out) {
    if (right == 0) {
      return RowError::kDivisionByZero;
    }
    if (raised < 0 && __builtin_mul_overflow(right, power_of_ten(-raised), &right)) {
      out = 0;
      return RowError::kNone;
    }
    return overflow_unless(raise_and_divide(left, std::max(raised, 0), right, out));
  });
}

Vector modulo_numerics(const KernelCall& call) {
  const int scale_a = type_at(call, 0).scale;
  const int scale_b = type_at(call, 1).scale;
  const int scale = call.result_type.scale;
  return compute_checked(call, [&](Int128 left, Int128 right, Int128& out) {
    Int128 divisor = 0;
    if (right == 0) {
      return RowError::kDivisionByZero;
    }
    if (!rescale(left, scale_a, scale, out) || !rescale(right, scale_b, scale, divisor)) {
      return RowError::kOverflow;
    }
    out %= divisor;
    return RowError::kNone;
  });
}

Vector negate_numeric(const KernelCall& call) {
  const Int128* values = call.args[0].column.values<Int128>().data();
  return compute_unchecked(call, [=](RowIndex row) { return -values[row]; });
}

}  // namespace thalweg
