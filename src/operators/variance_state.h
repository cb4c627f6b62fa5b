#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "expr/aggregate.h"

namespace thalweg {

// A sum of two doubles that do not overlap: twice the digits of one. Source of the arithmetic:
// Dekker 1971, Knuth's two-sum.
struct Wide {
  double high;
  double low;

  static Wide sum(double a, double b) {
    const double total = a + b;
    const double back = total - a;
    return {total, (a - (total - back)) + (b - back)};
  }
  static Wide product(double a, double b) {
    const double result = a * b;
    return {result, std::fma(a, b, -result)};
  }
  Wide operator+(Wide other) const {
    const Wide highs = sum(high, other.high);
    const Wide lows = sum(low, other.low);
    const Wide middle = sum(highs.high, highs.low + lows.high);
    return sum(middle.high, middle.low + lows.low);
  }
  Wide operator*(Wide other) const {
    const Wide result = product(high, other.high);
    return sum(result.high, result.low + (high * other.low + low * other.high));
  }
  Wide operator-() const { return {-high, -low}; }
};

// Variances and standard deviations: sums of the values and of their squares, in twice the digits
// of a DOUBLE, so that values can be taken back and order makes no difference that shows.
struct VarianceState {
  Wide sum;
  Wide squares;
  std::int64_t count;
  std::int64_t not_finite;  // Of the count; they make the result NaN.

  // change: +1 or -1.
  void add(double value, int change) {
    count += change;
    if (!std::isfinite(value)) {
      not_finite += change;
      return;
    }
    sum = sum + Wide{value * change, 0};
    const Wide square = Wide::product(value, value);
    squares = squares + (change < 0 ? -square : square);
  }

  void merge(const VarianceState& other) {
    sum = sum + other.sum;
    squares = squares + other.squares;
    count += other.count;
    not_finite += other.not_finite;
  }

  static bool is_sample(AggregateKind kind) {
    return kind == AggregateKind::kVarSamp || kind == AggregateKind::kStddevSamp;
  }

  bool has_result(AggregateKind kind) const { return count > (is_sample(kind) ? 1 : 0); }

  // Infinite where the squares have overflowed. Requires: has_result(kind).
  double result(AggregateKind kind) const {
    if (not_finite > 0) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const double rows = static_cast<double>(count);
    // n * sum of squares - square of the sum, over n * (n or n - 1).
    const Wide spread = Wide{rows, 0} * squares + -(sum * sum);
    if (std::isnan(spread.high)) {
      return std::numeric_limits<double>::infinity();
    }
    const double variance =
        std::max(0.0, spread.high + spread.low) / rows / (is_sample(kind) ? rows - 1 : rows);
    const bool is_root = kind == AggregateKind::kStddevPop || kind == AggregateKind::kStddevSamp;
    return is_root ? std::sqrt(variance) : variance;
  }
};

}  // namespace thalweg
