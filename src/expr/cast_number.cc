#include <cmath>
#include <cstdio>
#include <limits>

#include "base/int128.h"
#include "columnar/decimal.h"
#include "columnar/value.h"
#include "expr/cast.h"

// Casts between numbers, and between numbers and BOOLEAN.
namespace thalweg {
namespace {

// Where every value fits, or comes as near as the type can.
template <typename From, typename To>
To widen(From value) {
  return static_cast<To>(value);
}

template <typename From, typename To>
RowError narrow_integer(From value, To& out) {
  out = static_cast<To>(value);
  return out == value ? RowError::kNone : RowError::kOverflow;
}

// Rounds half to even, as PostgreSQL does from floating point.
template <typename From, typename To>
RowError round_to_integer(From value, To& out) {
  const double rounded = std::nearbyint(static_cast<double>(value));
  // The limits of 64 bits are no doubles: compare with the powers of two beside them.
  const double limit = std::ldexp(1.0, static_cast<int>(sizeof(To)) * 8 - 1);
  if (!(rounded >= -limit && rounded < limit)) {
    return RowError::kOverflow;
  }
  out = static_cast<To>(rounded);
  return RowError::kNone;
}

RowError narrow_double(double value, float& out) {
  out = static_cast<float>(value);
  return std::isinf(out) && !std::isinf(value) ? RowError::kOverflow : RowError::kNone;
}

template <typename From>
bool to_boolean(From value) {
  return value != 0;
}
template <typename To>
To from_boolean(bool value) {
  return value ? 1 : 0;
}

RowError fit(Int128 value, const Type& type) {
  return has_digits(value, type.precision) ? RowError::kNone : RowError::kOverflow;
}

template <typename From>
Vector integer_to_numeric(const KernelCall& call) {
  const From* values = call.args[0].column.values<From>().data();
  const Type& type = call.result_type;
  const Int128 factor = power_of_ten(type.scale);
  constexpr int kDigits = sizeof(From) == 8 ? 19 : sizeof(From) == 4 ? 10 : 5;
  const bool always_fits = type.precision - type.scale >= kDigits;
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    if (always_fits) {
      out = values[row] * factor;
      return RowError::kNone;
    }
    return __builtin_mul_overflow(Int128{values[row]}, factor, &out) ? RowError::kOverflow
                                                                     : fit(out, type);
  });
}

// By way of the digits that PostgreSQL prints at most: 15, or 6 for REAL.
template <typename From>
Vector floating_to_numeric(const KernelCall& call) {
  const From* values = call.args[0].column.values<From>().data();
  const Type& type = call.result_type;
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    const double value = static_cast<double>(values[row]);
    if (!std::isfinite(value)) {
      return RowError::kOverflow;
    }
    char text[40];
    std::snprintf(text, sizeof(text), "%.*g", sizeof(From) == 8 ? 15 : 6, value);
    const Result<Value> parsed = parse_value(text, type);
    if (!parsed.ok()) {
      return RowError::kOverflow;
    }
    out = std::get<Int128>(parsed.value().data);
    return RowError::kNone;
  });
}

template <typename To>
Vector numeric_to_integer(const KernelCall& call) {
  const Int128* values = call.args[0].column.values<Int128>().data();
  const Int128 divisor = power_of_ten(call.args[0].column.type().scale);
  return compute_rows<To>(call, [&](RowIndex row, To& out) {
    const Int128 rounded = divide_rounded(values[row], divisor);
    out = static_cast<To>(rounded);
    return out == rounded ? RowError::kNone : RowError::kOverflow;
  });
}

template <typename To>
Vector numeric_to_floating(const KernelCall& call) {
  const Int128* values = call.args[0].column.values<Int128>().data();
  const int scale = call.args[0].column.type().scale;
  return compute_rows<To>(call, [&](RowIndex row, To& out) {
    out = static_cast<To>(decimal_to_double(values[row], scale));
    return std::isinf(out) ? RowError::kOverflow : RowError::kNone;
  });
}

Vector numeric_to_numeric(const KernelCall& call) {
  const Int128* values = call.args[0].column.values<Int128>().data();
  const Type& from = call.args[0].column.type();
  const Type& to = call.result_type;
  return compute_rows<Int128>(call, [&](RowIndex row, Int128& out) {
    return rescale(values[row], from.scale, to.scale, out) ? fit(out, to) : RowError::kOverflow;
  });
}

template <typename From>
Kernel from_integer(TypeKind to) {
  const auto narrower = [](auto target) -> Kernel {
    using To = decltype(target);
    if constexpr (sizeof(To) < sizeof(From)) {
      return map_rows<narrow_integer<From, To>>;
    } else {
      return map_rows<widen<From, To>>;
    }
  };
  switch (to) {
    case TypeKind::kBoolean:
      return map_rows<to_boolean<From>>;
    case TypeKind::kSmallint:
      return narrower(std::int16_t{});
    case TypeKind::kInt:
      return narrower(std::int32_t{});
    case TypeKind::kBigint:
      return narrower(std::int64_t{});
    case TypeKind::kReal:
      return map_rows<widen<From, float>>;
    case TypeKind::kDouble:
      return map_rows<widen<From, double>>;
    case TypeKind::kNumeric:
      return integer_to_numeric<From>;
    default:
      return nullptr;
  }
}

template <typename From>
Kernel from_floating(TypeKind to) {
  switch (to) {
    case TypeKind::kSmallint:
      return map_rows<round_to_integer<From, std::int16_t>>;
    case TypeKind::kInt:
      return map_rows<round_to_integer<From, std::int32_t>>;
    case TypeKind::kBigint:
      return map_rows<round_to_integer<From, std::int64_t>>;
    case TypeKind::kReal:
      return map_rows<narrow_double>;
    case TypeKind::kDouble:
      return map_rows<widen<From, double>>;
    case TypeKind::kNumeric:
      return floating_to_numeric<From>;
    default:
      return nullptr;
  }
}

Kernel from_numeric(TypeKind to) {
  switch (to) {
    case TypeKind::kSmallint:
      return numeric_to_integer<std::int16_t>;
    case TypeKind::kInt:
      return numeric_to_integer<std::int32_t>;
    case TypeKind::kBigint:
      return numeric_to_integer<std::int64_t>;
    case TypeKind::kReal:
      return numeric_to_floating<float>;
    case TypeKind::kDouble:
      return numeric_to_floating<double>;
    case TypeKind::kNumeric:
      return numeric_to_numeric;
    default:
      return nullptr;
  }
}

Kernel from_boolean_to(TypeKind to) {
  switch (to) {
    case TypeKind::kSmallint:
      return map_rows<from_boolean<std::int16_t>>;
    case TypeKind::kInt:
      return map_rows<from_boolean<std::int32_t>>;
    case TypeKind::kBigint:
      return map_rows<from_boolean<std::int64_t>>;
    default:
      return nullptr;
  }
}

}  // namespace

Kernel find_number_cast(TypeKind from, TypeKind to) {
  switch (from) {
    case TypeKind::kBoolean:
      return from_boolean_to(to);
    case TypeKind::kSmallint:
      return from_integer<std::int16_t>(to);
    case TypeKind::kInt:
      return from_integer<std::int32_t>(to);
    case TypeKind::kBigint:
      return from_integer<std::int64_t>(to);
    case TypeKind::kReal:
      return from_floating<float>(to);
    case TypeKind::kDouble:
      return from_floating<double>(to);
    case TypeKind::kNumeric:
      return from_numeric(to);
    default:
      return nullptr;
  }
}

}  // namespace thalweg
