#include "operators/accumulator.h"

#include <cmath>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "columnar/builder.h"
#include "columnar/decimal.h"
#include "operators/ordered_accumulator.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

Type sum_state_type(const Type& arg) {
  return numeric_type(kNumericPrecisionMax, arg.kind == TypeKind::kNumeric ? arg.scale : 0);
}

class CountAccumulator final : public Accumulator {
 public:
  explicit CountAccumulator(bool every_row) : every_row_(every_row) {}

  void grow_to(std::uint32_t count) override { counts_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const RowOrder& /*order*/) override {
    if (every_row_ || !args[0].may_have_nulls()) {
      for (const GroupId id : update.ids) {
        ++counts_[id];
      }
      return;
    }
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      counts_[update.ids[i]] += args[0].is_valid(update.rows[i]) ? 1 : 0;
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) const override {
    ColumnBuilder builder(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      builder.append(counts_[id]);
    }
    return builder.finish();
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) const override {
    std::vector<RowIndex> none;
    out.push_back(results(ids, none));
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    const auto counts = partials[0].values<std::int64_t>();
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      counts_[update.ids[i]] += counts[update.rows[i]];
    }
  }

  void clear() override { counts_.clear(); }

 private:
  const bool every_row_;
  StateArray<std::int64_t> counts_;
};

// Sums of integers and NUMERIC, exact in 128 bits, with how many values they have; avg as well.
template <typename T>
class ExactSum final : public Accumulator {
 public:
  ExactSum(const Type& arg, Type result, bool average)
      : state_type_(sum_state_type(arg)), result_(std::move(result)), average_(average) {}

  void grow_to(std::uint32_t count) override { sums_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const RowOrder& /*order*/) override {
    const auto values = args[0].values<T>();
    if (!args[0].may_have_nulls() && !std::is_same_v<T, Int128>) {
      for (std::size_t i = 0; i < update.ids.size(); ++i) {
        Sum& sum = sums_[update.ids[i]];
        sum.value += values[update.rows[i]];
        ++sum.count;
      }
      return;
    }
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      if (args[0].is_valid(update.rows[i])) {
        add(sums_[update.ids[i]], values[update.rows[i]], 1);
      }
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& overflow) const override {
    ColumnBuilder builder(result_, static_cast<std::uint32_t>(ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Sum& sum = sums_[ids[i]];
      if (sum.count == 0) {
        builder.append_null();
        continue;
      }
      Int128 value = sum.value;
      bool fits = !sum.overflow;
      if (average_) {
        fits = fits && raise_and_divide(sum.value, result_.scale - state_type_.scale,
                                        Int128{sum.count}, value);
      }
      if (result_.kind == TypeKind::kBigint) {
        fits = fits && value == static_cast<std::int64_t>(value);
        builder.append(static_cast<std::int64_t>(value));
      } else {
        fits = fits && has_digits(value, kNumericPrecisionMax);
        builder.append(value);
      }
      if (!fits) {
        overflow.push_back(static_cast<RowIndex>(i));
      }
    }
    return builder.finish();
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) const override {
    ColumnBuilder values(state_type_, static_cast<std::uint32_t>(ids.size()));
    ColumnBuilder counts(type_of(TypeKind::kBigint), static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      values.append(sums_[id].value);
      // An overflow travels as a negative count.
      counts.append(sums_[id].overflow ? -sums_[id].count : sums_[id].count);
    }
    out.push_back(values.finish());
    out.push_back(counts.finish());
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    const auto values = partials[0].values<Int128>();
    const auto counts = partials[1].values<std::int64_t>();
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      const RowIndex row = update.rows[i];
      Sum& sum = sums_[update.ids[i]];
      sum.overflow |= counts[row] < 0 ? 1 : 0;
      add(sum, values[row], std::abs(counts[row]));
    }
  }

  void clear() override { sums_.clear(); }

 private:
  struct Sum {
    Int128 value;
    std::int64_t count;
    std::int64_t overflow;
  };

  static void add(Sum& sum, Int128 value, std::int64_t count) {
    sum.overflow |= __builtin_add_overflow(sum.value, value, &sum.value) ? 1 : 0;
    sum.count += count;
  }

  const Type state_type_;
  const Type result_;
  const bool average_;
  StateArray<Sum> sums_;
};

// Sums of floating point, compensated (Neumaier 1974), with how many values they have.
template <typename T>
class FloatingSum final : public Accumulator {
 public:
  FloatingSum(Type result, bool average) : result_(std::move(result)), average_(average) {}

  void grow_to(std::uint32_t count) override { sums_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const RowOrder& /*order*/) override {
    const auto values = args[0].values<T>();
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      if (args[0].is_valid(update.rows[i])) {
        Sum& sum = sums_[update.ids[i]];
        add(sum, values[update.rows[i]]);
        ++sum.count;
      }
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) const override {
    ColumnBuilder builder(result_, static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      const Sum& sum = sums_[id];
      // An infinite sum has a compensation that is not a number.
      double value = std::isfinite(sum.value) ? sum.value + sum.lost : sum.value;
      value = average_ ? value / static_cast<double>(sum.count) : value;
      if (sum.count == 0) {
        builder.append_null();
      } else if (result_.kind == TypeKind::kReal) {
        builder.append(static_cast<float>(value));
      } else {
        builder.append(value);
      }
    }
    return builder.finish();
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) const override {
    ColumnBuilder values(type_of(TypeKind::kDouble));
    ColumnBuilder lost(type_of(TypeKind::kDouble));
    ColumnBuilder counts(type_of(TypeKind::kBigint));
    for (const GroupId id : ids) {
      values.append(sums_[id].value);
      lost.append(sums_[id].lost);
      counts.append(sums_[id].count);
    }
    out.push_back(values.finish());
    out.push_back(lost.finish());
    out.push_back(counts.finish());
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      const RowIndex row = update.rows[i];
      Sum& sum = sums_[update.ids[i]];
      add(sum, partials[0].values<double>()[row]);
      add(sum, partials[1].values<double>()[row]);
      sum.count += partials[2].values<std::int64_t>()[row];
    }
  }

  void clear() override { sums_.clear(); }

 private:
  struct Sum {
    double value;
    double lost;  // What rounding has taken from `value` so far.
    std::int64_t count;
  };

  static void add(Sum& sum, double value) {
    const double total = sum.value + value;
    sum.lost += std::abs(sum.value) >= std::abs(value) ? (sum.value - total) + value
                                                       : (value - total) + sum.value;
    sum.value = total;
  }

  const Type result_;
  const bool average_;
  StateArray<Sum> sums_;
};

template <typename T>
bool is_less(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    // NaN is greater than any number, as in PostgreSQL.
    return std::isnan(b) ? !std::isnan(a) : a < b;
  } else {
    return a < b;
  }
}

// min and max of values of one size.
template <typename T>
class Extreme final : public Accumulator {
 public:
  Extreme(Type type, bool greatest) : type_(std::move(type)), greatest_(greatest) {}

  void grow_to(std::uint32_t count) override { bests_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const RowOrder& /*order*/) override {
    merge(update, args);
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) const override {
    ColumnBuilder builder(type_, static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      if (bests_[id].seen == 0) {
        builder.append_null();
      } else {
        builder.append(bests_[id].value);
      }
    }
    return builder.finish();
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) const override {
    std::vector<RowIndex> none;
    out.push_back(results(ids, none));
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    const auto values = partials[0].values<T>();
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      const RowIndex row = update.rows[i];
      if (!partials[0].is_valid(row)) {
        continue;
      }
      Best& best = bests_[update.ids[i]];
      const T value = values[row];
      const bool better = greatest_ ? is_less(best.value, value) : is_less(value, best.value);
      if (best.seen == 0 || better) {
        best = {value, 1};
      }
    }
  }

  void clear() override { bests_.clear(); }

 private:
  struct Best {
    T value;
    std::int64_t seen;
  };

  const Type type_;
  const bool greatest_;
  StateArray<Best> bests_;
};

template <template <typename> typename Family, typename... Args>
std::unique_ptr<Accumulator> make_exact(TypeKind kind, Args&&... args) {
  switch (kind) {
    case TypeKind::kSmallint:
      return std::make_unique<Family<std::int16_t>>(std::forward<Args>(args)...);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return std::make_unique<Family<std::int32_t>>(std::forward<Args>(args)...);
    case TypeKind::kNumeric:
      return std::make_unique<Family<Int128>>(std::forward<Args>(args)...);
    default:
      return std::make_unique<Family<std::int64_t>>(std::forward<Args>(args)...);
  }
}

std::unique_ptr<Accumulator> make_sum(const AggregateCall& call) {
  const Type& arg = call.args[0]->type;
  const bool average = call.kind == AggregateKind::kAvg;
  if (arg.kind == TypeKind::kReal) {
    return std::make_unique<FloatingSum<float>>(call.type, average);
  }
  if (arg.kind == TypeKind::kDouble) {
    return std::make_unique<FloatingSum<double>>(call.type, average);
  }
  return make_exact<ExactSum>(arg.kind, arg, call.type, average);
}

bool has_fixed_size(TypeKind kind) { return value_width(kind) > 0 && kind != TypeKind::kInterval; }

std::unique_ptr<Accumulator> make_extreme(const AggregateCall& call) {
  const bool greatest = call.kind == AggregateKind::kMax;
  switch (call.type.kind) {
    case TypeKind::kReal:
      return std::make_unique<Extreme<float>>(call.type, greatest);
    case TypeKind::kDouble:
      return std::make_unique<Extreme<double>>(call.type, greatest);
    default:
      return has_fixed_size(call.type.kind)
                 ? make_exact<Extreme>(call.type.kind, call.type, greatest)
                 : make_ordered_accumulator(call);
  }
}

}  // namespace

void Accumulator::append_partials(std::span<const GroupId> /*ids*/,
                                  std::vector<Column>& /*out*/) const {
  TW_CHECK(false);
}

void Accumulator::merge(const UpdateRows& /*update*/, std::span<const Column> /*partials*/) {
  TW_CHECK(false);
}

std::unique_ptr<Accumulator> Accumulator::make(const AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::kCountStar:
      return std::make_unique<CountAccumulator>(/*every_row=*/true);
    case AggregateKind::kCount:
      return std::make_unique<CountAccumulator>(/*every_row=*/false);
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return make_sum(call);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return make_extreme(call);
    case AggregateKind::kFirstValue:
    case AggregateKind::kLastValue:
    case AggregateKind::kArrayAgg:
      return make_ordered_accumulator(call);
  }
  TW_CHECK(false);
}

bool is_mergeable(const AggregateCall& call) {
  if (call.distinct) {
    return false;
  }
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return true;
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return has_fixed_size(call.type.kind);
    default:
      return false;
  }
}

std::vector<Type> partial_types(const AggregateCall& call) {
  const Type bigint = type_of(TypeKind::kBigint);
  switch (call.kind) {
    case AggregateKind::kSum:
    case AggregateKind::kAvg: {
      const Type& arg = call.args[0]->type;
      if (is_floating(arg.kind)) {
        return {type_of(TypeKind::kDouble), type_of(TypeKind::kDouble), bigint};
      }
      return {sum_state_type(arg), bigint};
    }
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return {call.type};
    default:
      return {bigint};
  }
}

}  // namespace thalweg
