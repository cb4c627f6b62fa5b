#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/int128.h"
#include "operators/accumulator.h"
#include "operators/exact_sum.h"
#include "operators/fixed_column.h"
#include "operators/sum_state.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// Sums of integers and NUMERIC, exact, with how many values they have; avg as well. Order makes no
// difference and values can be taken back.
template <typename T>
class ExactSums final : public Accumulator {
 public:
  ExactSums(const Type& arg, Type result, bool average)
      : state_type_(exact_sum_type(arg)),
        result_{.state_scale = state_type_.scale, .type = std::move(result), .average = average} {}

  void grow_to(std::uint32_t count) override { sums_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    ExactSum* const sums = sums_.data();
    const T* const values = args[0].values<T>().data();
    const std::int16_t* const changes = update.changes;
    if (changes != nullptr || args[0].may_have_nulls()) {
      const Column& arg = args[0];
      for_each_row(update, [=, &arg](GroupId id, RowIndex row) {
        if (arg.is_valid(row)) {
          const int change = changes == nullptr ? 1 : changes[row];
          add(sums[id], Int128{values[row]} * change, change);
        }
      });
    } else if (update.one_group) {
      ExactSum sum = sums[0];
      for_each_row(update, [&, values](GroupId, RowIndex row) { add(sum, values[row], 1); });
      sums[0] = sum;
    } else {
      for_each_row(update,
                   [=](GroupId id, RowIndex row) { add(sums[id], Int128{values[row]}, 1); });
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) override {
    std::vector<Int128> values(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!result_.of(sums_[ids[i]], values[i])) {
        overflow.push_back(static_cast<RowIndex>(i));
      }
    }
    const auto valid_at = [&](std::size_t i) { return sums_[ids[i]].count != 0; };
    if (result_.type.kind == TypeKind::kBigint) {
      return fixed_column<std::int64_t>(
          result_.type, ids.size(),
          [&](std::size_t i) { return static_cast<std::int64_t>(values[i]); }, valid_at);
    }
    return fixed_column<Int128>(
        result_.type, ids.size(), [&](std::size_t i) { return values[i]; }, valid_at);
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) override {
    const Type bigint = type_of(TypeKind::kBigint);
    out.push_back(fixed_column<Int128>(state_type_, ids.size(),
                                       [&](std::size_t i) { return sums_[ids[i]].value; }));
    out.push_back(fixed_column<std::int64_t>(bigint, ids.size(),
                                             [&](std::size_t i) { return sums_[ids[i]].count; }));
    out.push_back(fixed_column<std::int64_t>(bigint, ids.size(),
                                             [&](std::size_t i) { return sums_[ids[i]].carries; }));
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    const auto values = partials[0].values<Int128>();
    const auto counts = partials[1].values<std::int64_t>();
    const auto carries = partials[2].values<std::int64_t>();
    for_each_row(update, [&](GroupId id, RowIndex row) {
      ExactSum& sum = sums_[id];
      sum.add_wide(values[row]);
      sum.count += counts[row];
      sum.carries += carries[row];
    });
  }

  void combine(Combine how, std::span<const GroupId> ids, const Accumulator& from,
               std::span<const GroupId> from_ids) override {
    const auto& other = static_cast<const ExactSums&>(from);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ExactSum& sum = sums_[ids[i]];
      const ExactSum& change = other.sums_[from_ids[i]];
      if (how == Combine::kReplace) {
        sum = change;
      } else if (how == Combine::kAdd) {
        sum.add_wide(change.value);
        sum.count += change.count;
        sum.carries += change.carries;
      } else {
        sum.subtract_wide(change.value);
        sum.count -= change.count;
        sum.carries -= change.carries;
      }
    }
  }

  Schema state_columns() const override {
    const Type bigint = type_of(TypeKind::kBigint);
    return {{"sum", state_type_}, {"count", bigint}, {"carries", bigint}};
  }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    append_partials(ids, out);
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    const auto values = state[0].values<Int128>();
    const auto counts = state[1].values<std::int64_t>();
    const auto carries = state[2].values<std::int64_t>();
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      sums_[id] = {.value = values[row], .count = counts[row], .carries = carries[row]};
    });
    return {};
  }

  void keep_only(std::span<const GroupId> kept) override { sums_.keep_only(kept); }
  void clear() override { sums_.clear(); }
  std::size_t memory_bytes() const override { return sums_.memory_bytes(); }

 private:
  static void add(ExactSum& sum, Int128 value, int count) {
    if constexpr (std::is_same_v<T, Int128>) {
      sum.add_wide(value);
    } else {
      sum.value += value;  // 2^64 values of 64 bits fit.
    }
    sum.count += count;
  }

  const Type state_type_;
  const ExactSumResult result_;
  StateArray<ExactSum> sums_;
};

// Sums of floating point, compensated (Neumaier 1974), with how many values they have. Values that
// are not finite are counted apart, so that they can be taken back.
template <typename T>
class FloatingSum final : public Accumulator {
 public:
  FloatingSum(Type result, bool average) : result_(std::move(result)), average_(average) {}

  void grow_to(std::uint32_t count) override {
    sums_.grow_to(count);
    if (specials_.size() > 0) {
      specials_.grow_to(count);
    }
  }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    const T* const values = args[0].values<T>().data();
    const bool nullable = args[0].may_have_nulls();
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (!nullable || args[0].is_valid(row)) {
        const int change = update.changes == nullptr ? 1 : update.changes[row];
        add(id, values[row], change);
        sums_[id].count += change;
      }
    });
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) override {
    std::vector<double> values(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!result_of(ids[i], values[i])) {
        overflow.push_back(static_cast<RowIndex>(i));
      }
    }
    const auto valid_at = [&](std::size_t i) { return sums_[ids[i]].count != 0; };
    if (result_.kind == TypeKind::kReal) {
      return fixed_column<float>(
          result_, ids.size(), [&](std::size_t i) { return static_cast<float>(values[i]); },
          valid_at);
    }
    return fixed_column<double>(
        result_, ids.size(), [&](std::size_t i) { return values[i]; }, valid_at);
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) override {
    const Type real = type_of(TypeKind::kDouble);
    // A sum that is not finite stands for all such values in it.
    out.push_back(fixed_column<double>(real, ids.size(), [&](std::size_t i) {
      const double special = special_of(ids[i]);
      return special == 0 ? sums_[ids[i]].value : special;
    }));
    out.push_back(
        fixed_column<double>(real, ids.size(), [&](std::size_t i) { return sums_[ids[i]].lost; }));
    out.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), ids.size(),
                                             [&](std::size_t i) { return sums_[ids[i]].count; }));
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    for_each_row(update, [&](GroupId id, RowIndex row) {
      add(id, partials[0].values<double>()[row], 1);
      add(id, partials[1].values<double>()[row], 1);
      sums_[id].count += partials[2].values<std::int64_t>()[row];
    });
  }

  void combine(Combine how, std::span<const GroupId> ids, const Accumulator& from,
               std::span<const GroupId> from_ids) override {
    const auto& other = static_cast<const FloatingSum&>(from);
    if (other.specials_.size() > 0 || specials_.size() > 0) {
      specials_.grow_to(sums_.size());
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Sum& change = other.sums_[from_ids[i]];
      const Specials special =
          other.specials_.size() > 0 ? other.specials_[from_ids[i]] : Specials{0, 0, 0};
      if (how == Combine::kReplace) {
        sums_[ids[i]] = change;
        if (specials_.size() > 0) {
          specials_[ids[i]] = special;
        }
        continue;
      }
      add(ids[i], change.value, 1);
      add(ids[i], change.lost, 1);
      sums_[ids[i]].count += change.count;
      if (other.specials_.size() > 0) {
        Specials& sum = specials_[ids[i]];
        sum = {sum.nan + special.nan, sum.plus + special.plus, sum.minus + special.minus};
      }
    }
  }

  Schema state_columns() const override {
    const Type bigint = type_of(TypeKind::kBigint);
    const Type real = type_of(TypeKind::kDouble);
    return {{"sum", real},   {"lost", real},         {"count", bigint},
            {"nan", bigint}, {"infinities", bigint}, {"minus infinities", bigint}};
  }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    const std::size_t count = ids.size();
    const auto special = [&](std::size_t i) {
      return specials_.size() > 0 ? specials_[ids[i]] : Specials{0, 0, 0};
    };
    specials_.grow_to(specials_.size() > 0 ? sums_.size() : 0);
    out.push_back(double_column_of(count, [&](std::size_t i) { return sums_[ids[i]].value; }));
    out.push_back(double_column_of(count, [&](std::size_t i) { return sums_[ids[i]].lost; }));
    out.push_back(bigint_column_of(count, [&](std::size_t i) { return sums_[ids[i]].count; }));
    out.push_back(bigint_column_of(count, [&](std::size_t i) { return special(i).nan; }));
    out.push_back(bigint_column_of(count, [&](std::size_t i) { return special(i).plus; }));
    out.push_back(bigint_column_of(count, [&](std::size_t i) { return special(i).minus; }));
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      const auto bigint = [&](std::size_t column) {
        return state[column].values<std::int64_t>()[row];
      };
      sums_[id] = {.value = state[0].values<double>()[row],
                   .lost = state[1].values<double>()[row],
                   .count = bigint(2)};
      const Specials special{.nan = bigint(3), .plus = bigint(4), .minus = bigint(5)};
      if (specials_.size() > 0 || special.nan != 0 || special.plus != 0 || special.minus != 0) {
        specials_.grow_to(sums_.size());
        specials_[id] = special;
      }
    });
    return {};
  }

  void keep_only(std::span<const GroupId> kept) override {
    if (specials_.size() > 0) {
      specials_.grow_to(sums_.size());
      specials_.keep_only(kept);
    }
    sums_.keep_only(kept);
  }
  void clear() override {
    sums_.clear();
    specials_.clear();
  }
  std::size_t memory_bytes() const override {
    return sums_.memory_bytes() + specials_.memory_bytes();
  }

 private:
  struct Sum {
    double value;
    double lost;  // What rounding has taken from `value` so far.
    std::int64_t count;
  };
  struct Specials {
    std::int64_t nan;
    std::int64_t plus;
    std::int64_t minus;
  };

  void add(GroupId id, double value, int change) {
    if (!std::isfinite(value)) [[unlikely]] {
      specials_.grow_to(sums_.size());
      Specials& specials = specials_[id];
      (std::isnan(value) ? specials.nan : value > 0 ? specials.plus : specials.minus) += change;
      return;
    }
    Sum& sum = sums_[id];
    value *= change;
    const double total = sum.value + value;
    sum.lost += std::abs(sum.value) >= std::abs(value) ? (sum.value - total) + value
                                                       : (value - total) + sum.value;
    sum.value = total;
  }

  // What values that are not finite make of the sum; 0: there are none.
  double special_of(GroupId id) const {
    if (specials_.size() == 0) {
      return 0;
    }
    const Specials& specials = specials_[id];
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (specials.nan > 0 || (specials.plus > 0 && specials.minus > 0)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    return specials.plus > 0 ? kInfinity : specials.minus > 0 ? -kInfinity : 0;
  }

  // False when finite values have a sum that is not.
  bool result_of(GroupId id, double& value) const {
    const Sum& sum = sums_[id];
    value = special_of(id);
    if (value != 0 || sum.count == 0) {  // NaN is not 0 either.
      return true;
    }
    value = sum.value + sum.lost;
    value = average_ ? value / static_cast<double>(sum.count) : value;
    return std::isfinite(result_.kind == TypeKind::kReal ? static_cast<float>(value) : value);
  }

  const Type result_;
  const bool average_;
  StateArray<Sum> sums_;
  StateArray<Specials> specials_;  // As long as sums_, or empty while there are none.
};

}  // namespace

Type exact_sum_type(const Type& arg) {
  return numeric_type(kNumericPrecisionMax, arg.kind == TypeKind::kNumeric ? arg.scale : 0);
}

std::vector<Type> sum_partial_types(const Type& arg) {
  const Type bigint = type_of(TypeKind::kBigint);
  if (is_floating(arg.kind)) {
    return {type_of(TypeKind::kDouble), type_of(TypeKind::kDouble), bigint};
  }
  return {exact_sum_type(arg), bigint, bigint};
}

std::unique_ptr<Accumulator> make_sum_accumulator(const AggregateCall& call) {
  const Type& arg = call.args[0]->type;
  const bool average = call.kind == AggregateKind::kAvg;
  switch (arg.kind) {
    case TypeKind::kReal:
      return std::make_unique<FloatingSum<float>>(call.type, average);
    case TypeKind::kDouble:
      return std::make_unique<FloatingSum<double>>(call.type, average);
    case TypeKind::kSmallint:
      return std::make_unique<ExactSums<std::int16_t>>(arg, call.type, average);
    case TypeKind::kInt:
      return std::make_unique<ExactSums<std::int32_t>>(arg, call.type, average);
    case TypeKind::kNumeric:
      return std::make_unique<ExactSums<Int128>>(arg, call.type, average);
    default:
      return std::make_unique<ExactSums<std::int64_t>>(arg, call.type, average);
  }
}

}  // namespace thalweg
