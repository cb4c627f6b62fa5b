#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/int128.h"
#include "columnar/decimal.h"
#include "operators/accumulator.h"
#include "operators/fixed_column.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// A sum of two doubles that do not overlap: twice the digits of one. Source of the arithmetic:
// Dekker 1971, Knuth's two-sum.
struct Wide {
  double high;
  double low;
};

Wide two_sum(double a, double b) {
  const double sum = a + b;
  const double back = sum - a;
  return {sum, (a - (sum - back)) + (b - back)};
}

Wide two_product(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}

Wide plus(Wide a, Wide b) {
  const Wide high = two_sum(a.high, b.high);
  const Wide low = two_sum(a.low, b.low);
  const Wide middle = two_sum(high.high, high.low + low.high);
  return two_sum(middle.high, middle.low + low.low);
}

Wide times(Wide a, Wide b) {
  const Wide product = two_product(a.high, b.high);
  return two_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

Wide negated(Wide a) { return {-a.high, -a.low}; }

// Variances and standard deviations: sums of the values and of their squares, in twice the digits
// of a DOUBLE, so that values can be taken back and order makes no difference that shows.
class Variance final : public Accumulator {
 public:
  explicit Variance(const AggregateCall& call) : kind_(call.kind), arg_(call.args[0]->type) {}

  void grow_to(std::uint32_t count) override { states_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    switch (arg_.kind) {
      case TypeKind::kSmallint:
        return add_values<std::int16_t>(update, args[0]);
      case TypeKind::kInt:
        return add_values<std::int32_t>(update, args[0]);
      case TypeKind::kBigint:
        return add_values<std::int64_t>(update, args[0]);
      case TypeKind::kReal:
        return add_values<float>(update, args[0]);
      case TypeKind::kDouble:
        return add_values<double>(update, args[0]);
      default:
        return add_values<Int128>(update, args[0]);
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) override {
    std::vector<double> values(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const State& state = states_[ids[i]];
      values[i] = has_result(state) ? result_of(state) : 0;
      if (std::isinf(values[i])) {
        overflow.push_back(static_cast<RowIndex>(i));
      }
    }
    return fixed_column<double>(
        type_of(TypeKind::kDouble), ids.size(), [&](std::size_t i) { return values[i]; },
        [&](std::size_t i) { return has_result(states_[ids[i]]); });
  }

  void clear() override { states_.clear(); }
  std::size_t memory_bytes() const override { return states_.memory_bytes(); }

 private:
  struct State {
    Wide sum;
    Wide squares;
    std::int64_t count;
    std::int64_t not_finite;  // Of the count; they make the result NaN.
  };

  template <typename T>
  void add_values(const UpdateRows& update, const Column& arg) {
    const T* const values = arg.values<T>().data();
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (arg.is_valid(row)) {
        const int change = update.changes == nullptr ? 1 : update.changes[row];
        add(states_[id], as_double(values[row]), change);
      }
    });
  }

  template <typename T>
  double as_double(T value) const {
    if constexpr (std::is_same_v<T, Int128>) {
      return decimal_to_double(value, arg_.scale);
    } else {
      return static_cast<double>(value);
    }
  }

  static void add(State& state, double value, int change) {
    state.count += change;
    if (!std::isfinite(value)) {
      state.not_finite += change;
      return;
    }
    state.sum = plus(state.sum, {value * change, 0});
    const Wide square = two_product(value, value);
    state.squares = plus(state.squares, change < 0 ? negated(square) : square);
  }

  bool is_sample() const {
    return kind_ == AggregateKind::kVarSamp || kind_ == AggregateKind::kStddevSamp;
  }

  bool has_result(const State& state) const { return state.count > (is_sample() ? 1 : 0); }

  double result_of(const State& state) const {
    if (state.not_finite > 0) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const double count = static_cast<double>(state.count);
    // n * sum of squares - square of the sum, over n * (n or n - 1).
    const Wide spread =
        plus(times({count, 0}, state.squares), negated(times(state.sum, state.sum)));
    const double variance =
        std::max(0.0, spread.high + spread.low) / count / (is_sample() ? count - 1 : count);
    if (std::isnan(spread.high)) {
      return std::numeric_limits<double>::infinity();  // The squares have overflowed.
    }
    const bool is_root = kind_ == AggregateKind::kStddevPop || kind_ == AggregateKind::kStddevSamp;
    return is_root ? std::sqrt(variance) : variance;
  }

  const AggregateKind kind_;
  const Type arg_;
  StateArray<State> states_;
};

}  // namespace

std::unique_ptr<Accumulator> make_variance_accumulator(const AggregateCall& call) {
  return std::make_unique<Variance>(call);
}

}  // namespace thalweg
