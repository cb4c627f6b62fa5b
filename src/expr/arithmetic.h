#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "expr/kernel.h"

// Arithmetic over whole columns: loops without a branch per row, which only note whether any row
// failed; a second loop finds the rows that did. Private to this folder.
namespace thalweg {

// All ones where something failed, of the width of the values, so that the loop keeps vectorising.
// Only the highest bit counts.
template <typename T>
using FailureBits =
    std::conditional_t<sizeof(T) == 8, std::uint64_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>>;

template <typename T>
FailureBits<T> failure_if(bool failed) {
  return static_cast<FailureBits<T>>(0 - static_cast<FailureBits<T>>(failed));
}

template <typename T>
bool any_failed(T bits) {
  return (bits >> (sizeof(T) * 8 - 1)) != 0;
}

// An infinity out of finite numbers.
template <std::floating_point T>
FailureBits<T> overflowed(T a, T b, T out) {
  constexpr T kMax = std::numeric_limits<T>::max();
  return failure_if<T>((std::abs(out) > kMax) & (std::abs(a) <= kMax) & (std::abs(b) <= kMax));
}

// Narrow integers are computed in 64 bits and must come back unchanged.
template <std::signed_integral T>
FailureBits<T> narrow(std::int64_t wide, T& out) {
  out = static_cast<T>(wide);
  return failure_if<T>(wide != out);
}

struct Add {
  template <typename T>
  static FailureBits<T> apply(T a, T b, T& out) {
    if constexpr (std::floating_point<T>) {
      out = a + b;
      return overflowed(a, b, out);
    } else if constexpr (sizeof(T) < 8) {
      return narrow<T>(std::int64_t{a} + b, out);
    } else {
      const std::uint64_t sum = static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b);
      out = static_cast<T>(sum);
      return (sum ^ static_cast<std::uint64_t>(a)) & (sum ^ static_cast<std::uint64_t>(b));
    }
  }
  template <typename T>
  static RowError error(T, T) {
    return RowError::kOverflow;
  }
};

struct Subtract {
  template <typename T>
  static FailureBits<T> apply(T a, T b, T& out) {
    if constexpr (std::floating_point<T>) {
      out = a - b;
      return overflowed(a, b, out);
    } else if constexpr (sizeof(T) < 8) {
      return narrow<T>(std::int64_t{a} - b, out);
    } else {
      const std::uint64_t rest = static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
      out = static_cast<T>(rest);
      return (static_cast<std::uint64_t>(a) ^ static_cast<std::uint64_t>(b)) &
             (static_cast<std::uint64_t>(a) ^ rest);
    }
  }
  template <typename T>
  static RowError error(T, T) {
    return RowError::kOverflow;
  }
};

struct Multiply {
  template <typename T>
  static FailureBits<T> apply(T a, T b, T& out) {
    if constexpr (std::floating_point<T>) {
      out = a * b;
      return overflowed(a, b, out);
    } else if constexpr (sizeof(T) < 8) {
      return narrow<T>(std::int64_t{a} * b, out);
    } else {
      return failure_if<T>(__builtin_mul_overflow(a, b, &out));
    }
  }
  template <typename T>
  static RowError error(T, T) {
    return RowError::kOverflow;
  }
};

struct Divide {
  template <typename T>
  static FailureBits<T> apply(T a, T b, T& out) {
    if constexpr (std::floating_point<T>) {
      const bool zero = b == 0;
      out = a / (zero ? T{1} : b);
      return failure_if<T>(zero) | overflowed(a, b, out);
    } else {
      const bool bad = (b == 0) | ((a == std::numeric_limits<T>::min()) & (b == -1));
      out = static_cast<T>(a / (bad ? T{1} : b));
      return failure_if<T>(bad);
    }
  }
  template <typename T>
  static RowError error(T, T b) {
    return b == 0 ? RowError::kDivisionByZero : RowError::kOverflow;
  }
};

struct Modulo {
  template <typename T>
  static FailureBits<T> apply(T a, T b, T& out) {
    const bool bad = b == 0;
    if constexpr (std::floating_point<T>) {
      out = std::fmod(a, bad ? T{1} : b);
    } else {
      // By -1 as by 1: nothing is left, and the least number does not overflow.
      out = static_cast<T>(a % ((bad | (b == -1)) ? T{1} : b));
    }
    return failure_if<T>(bad);
  }
  template <typename T>
  static RowError error(T, T) {
    return RowError::kDivisionByZero;
  }
};

template <typename Operation, typename T, typename Left, typename Right>
BufferRef find_failures(const KernelCall& call, Left left, Right right) {
  RowErrors errors{call};
  for (RowIndex row = 0; row < call.length; ++row) {
    T ignored{};
    if (any_failed(Operation::apply(left[row], right[row], ignored))) {
      errors.report(row, Operation::error(left[row], right[row]));
    }
  }
  return errors.take();
}

template <typename Operation, typename T>
Vector binary_kernel(const KernelCall& call) {
  return with_readers<T, T>(call.args[0], call.args[1], [&call](auto left, auto right) {
    auto buffer = Buffer::allocate(std::size_t{call.length} * sizeof(T));
    T* out = buffer->template as<T>();
    FailureBits<T> failed = 0;
    for (RowIndex row = 0; row < call.length; ++row) {
      T value{};
      failed |= Operation::apply(left[row], right[row], value);
      out[row] = value;
    }
    BufferRef errors;
    if (any_failed(failed)) [[unlikely]] {
      errors = find_failures<Operation, T>(call, left, right);
    }
    return vector_of(call, std::move(buffer), std::move(errors));
  });
}

}  // namespace thalweg
