#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "base/int128.h"
#include "operators/accumulator.h"
#include "operators/fixed_column.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

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
template <typename T, bool kGreatest>
class Extreme final : public Accumulator {
 public:
  explicit Extreme(Type type) : type_(std::move(type)) {}

  void grow_to(std::uint32_t count) override { bests_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    merge(update, args);
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) override {
    return fixed_column<T>(
        type_, ids.size(), [&](std::size_t i) { return bests_[ids[i]].value; },
        [&](std::size_t i) { return bests_[ids[i]].seen != 0; });
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) override {
    std::vector<RowIndex> none;
    out.push_back(results(ids, none));
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    Best* const bests = bests_.data();
    const T* const values = partials[0].values<T>().data();
    if (partials[0].may_have_nulls()) {
      const Column& column = partials[0];
      for_each_row(update, [=, &column](GroupId id, RowIndex row) {
        if (column.is_valid(row)) {
          take(bests[id], values[row]);
        }
      });
    } else if (update.one_group && update.rows.all && !update.ids.empty()) {
      T best = values[0];
      for (std::size_t i = 1; i < update.ids.size(); ++i) {
        best = is_better(values[i], best) ? values[i] : best;
      }
      take(bests[0], best);
    } else {
      for_each_row(update, [=](GroupId id, RowIndex row) { take(bests[id], values[row]); });
    }
  }

  void combine(Combine how, std::span<const GroupId> ids, const Accumulator& from,
               std::span<const GroupId> from_ids) override {
    const auto& other = static_cast<const Extreme&>(from);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Best& best = other.bests_[from_ids[i]];
      if (how == Combine::kReplace) {
        bests_[ids[i]] = best;
      } else if (best.seen != 0) {
        take(bests_[ids[i]], best.value);
      }
    }
  }

  Schema state_columns() const override { return {{"value", type_}}; }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    append_partials(ids, out);
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      bests_[id] = {state[0].values<T>()[row], state[0].is_valid(row) ? 1 : 0};
    });
    return {};
  }

  void keep_only(std::span<const GroupId> kept) override { bests_.keep_only(kept); }
  void clear() override { bests_.clear(); }
  std::size_t memory_bytes() const override { return bests_.memory_bytes(); }

 private:
  struct Best {
    T value;
    std::int64_t seen;
  };

  static bool is_better(const T& value, const T& than) {
    return kGreatest ? is_less(than, value) : is_less(value, than);
  }

  static void take(Best& best, T value) {
    if (best.seen == 0 || is_better(value, best.value)) {
      best = {value, 1};
    }
  }

  const Type type_;
  StateArray<Best> bests_;
};

template <typename T>
std::unique_ptr<Accumulator> make_typed(const AggregateCall& call) {
  if (call.kind == AggregateKind::kMax) {
    return std::make_unique<Extreme<T, true>>(call.type);
  }
  return std::make_unique<Extreme<T, false>>(call.type);
}

}  // namespace

std::unique_ptr<Accumulator> make_extreme_accumulator(const AggregateCall& call) {
  switch (call.type.kind) {
    case TypeKind::kReal:
      return make_typed<float>(call);
    case TypeKind::kDouble:
      return make_typed<double>(call);
    case TypeKind::kSmallint:
      return make_typed<std::int16_t>(call);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return make_typed<std::int32_t>(call);
    case TypeKind::kNumeric:
      return make_typed<Int128>(call);
    default:
      return make_typed<std::int64_t>(call);
  }
}

}  // namespace thalweg
