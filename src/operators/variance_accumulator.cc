#include <cmath>
#include <type_traits>
#include <utility>

#include "base/int128.h"
#include "columnar/decimal.h"
#include "operators/accumulator.h"
#include "operators/fixed_column.h"
#include "operators/variance_state.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// Variances and standard deviations.
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
      const VarianceState& state = states_[ids[i]];
      values[i] = state.has_result(kind_) ? state.result(kind_) : 0;
      if (std::isinf(values[i])) {
        overflow.push_back(static_cast<RowIndex>(i));
      }
    }
    return fixed_column<double>(
        type_of(TypeKind::kDouble), ids.size(), [&](std::size_t i) { return values[i]; },
        [&](std::size_t i) { return states_[ids[i]].has_result(kind_); });
  }

  Schema state_columns() const override {
    const Type bigint = type_of(TypeKind::kBigint);
    const Type real = type_of(TypeKind::kDouble);
    return {{"sum", real},         {"sum low", real}, {"squares", real},
            {"squares low", real}, {"count", bigint}, {"not finite", bigint}};
  }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    const auto add_double = [&](auto value_of) {
      out.push_back(
          double_column_of(ids.size(), [&](std::size_t i) { return value_of(states_[ids[i]]); }));
    };
    const auto add_bigint = [&](auto value_of) {
      out.push_back(
          bigint_column_of(ids.size(), [&](std::size_t i) { return value_of(states_[ids[i]]); }));
    };
    add_double([](const VarianceState& state) { return state.sum.high; });
    add_double([](const VarianceState& state) { return state.sum.low; });
    add_double([](const VarianceState& state) { return state.squares.high; });
    add_double([](const VarianceState& state) { return state.squares.low; });
    add_bigint([](const VarianceState& state) { return state.count; });
    add_bigint([](const VarianceState& state) { return state.not_finite; });
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      const auto real = [&](std::size_t column) { return state[column].values<double>()[row]; };
      states_[id] = {.sum = {real(0), real(1)},
                     .squares = {real(2), real(3)},
                     .count = state[4].values<std::int64_t>()[row],
                     .not_finite = state[5].values<std::int64_t>()[row]};
    });
    return {};
  }

  void keep_only(std::span<const GroupId> kept) override { states_.keep_only(kept); }
  void clear() override { states_.clear(); }
  std::size_t memory_bytes() const override { return states_.memory_bytes(); }

 private:
  template <typename T>
  void add_values(const UpdateRows& update, const Column& arg) {
    const T* const values = arg.values<T>().data();
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (arg.is_valid(row)) {
        const int change = update.changes == nullptr ? 1 : update.changes[row];
        states_[id].add(as_double(values[row]), change);
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

  const AggregateKind kind_;
  const Type arg_;
  StateArray<VarianceState> states_;
};

}  // namespace

std::unique_ptr<Accumulator> make_variance_accumulator(const AggregateCall& call) {
  return std::make_unique<Variance>(call);
}

}  // namespace thalweg
