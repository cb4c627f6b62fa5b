#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "columnar/builder.h"
#include "operators/accumulator.h"
#include "operators/fixed_column.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// bit_and, bit_or and bit_xor of rows that are never taken back.
template <typename T>
class BitFold final : public Accumulator {
 public:
  explicit BitFold(const AggregateCall& call) : kind_(call.kind), type_(call.type) {}

  void grow_to(std::uint32_t count) override { states_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    const T* const values = args[0].values<T>().data();
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (args[0].is_valid(row)) {
        State& state = states_[id];
        state.bits = state.seen == 0 ? values[row] : fold(state.bits, values[row]);
        state.seen = 1;
      }
    });
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) override {
    return fixed_column<T>(
        type_, ids.size(), [&](std::size_t i) { return states_[ids[i]].bits; },
        [&](std::size_t i) { return states_[ids[i]].seen != 0; });
  }

  Schema state_columns() const override { return {{"bits", type_}}; }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    std::vector<RowIndex> none;
    out.push_back(results(ids, none));
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      states_[id] = {state[0].values<T>()[row], state[0].is_valid(row) ? 1 : 0};
    });
    return {};
  }

  void keep_only(std::span<const GroupId> kept) override { states_.keep_only(kept); }
  void clear() override { states_.clear(); }
  std::size_t memory_bytes() const override { return states_.memory_bytes(); }

 private:
  struct State {
    T bits;
    std::int64_t seen;
  };

  T fold(T a, T b) const {
    return static_cast<T>(kind_ == AggregateKind::kBitAnd  ? a & b
                          : kind_ == AggregateKind::kBitOr ? a | b
                                                           : a ^ b);
  }

  const AggregateKind kind_;
  const Type type_;
  StateArray<State> states_;
};

// The same of rows that may be taken back: how many values have each bit.
template <typename T>
class BitCount final : public Accumulator {
 public:
  explicit BitCount(const AggregateCall& call) : kind_(call.kind), type_(call.type) {}

  void grow_to(std::uint32_t count) override { states_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    const T* const values = args[0].values<T>().data();
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (args[0].is_valid(row)) {
        add(states_[id], values[row], update.changes == nullptr ? 1 : update.changes[row]);
      }
    });
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) override {
    return fixed_column<T>(
        type_, ids.size(), [&](std::size_t i) { return result_of(states_[ids[i]]); },
        [&](std::size_t i) { return states_[ids[i]].rows != 0; });
  }

  Schema state_columns() const override {
    const Type bigint = type_of(TypeKind::kBigint);
    return {{"rows", bigint}, {"rows by bit", array_type(bigint)}};
  }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    out.push_back(
        bigint_column_of(ids.size(), [&](std::size_t i) { return states_[ids[i]].rows; }));
    ColumnBuilder by_bit(array_type(type_of(TypeKind::kBigint)),
                         static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      for (const std::int64_t with : states_[id].with) {
        by_bit.child(0).append(with);
      }
      by_bit.close_row();
    }
    out.push_back(by_bit.finish());
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    const std::int32_t* const offsets = state[1].offsets();
    const auto with = state[1].children()[0].template values<std::int64_t>();
    bool fits = true;
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      if (!state[1].is_valid(row)) {
        states_[id] = {};
        return;
      }
      if (offsets[row + 1] - offsets[row] != static_cast<std::int32_t>(kBits)) {
        fits = false;
        return;
      }
      State& restored = states_[id];
      restored.rows = state[0].values<std::int64_t>()[row];
      std::copy_n(with.begin() + offsets[row], kBits, restored.with.begin());
    });
    return fits ? Status() : wrong_state("not one number for each bit");
  }

  void keep_only(std::span<const GroupId> kept) override { states_.keep_only(kept); }
  void clear() override { states_.clear(); }
  std::size_t memory_bytes() const override { return states_.memory_bytes(); }

 private:
  static constexpr std::size_t kBits = sizeof(T) * 8;
  struct State {
    std::int64_t rows;
    std::array<std::int64_t, kBits> with;
  };

  static void add(State& state, T value, int change) {
    state.rows += change;
    for (std::size_t bit = 0; bit < kBits; ++bit) {
      state.with[bit] += (value >> bit & 1) != 0 ? change : 0;
    }
  }

  T result_of(const State& state) const {
    std::uint64_t bits = 0;
    for (std::size_t bit = 0; bit < kBits; ++bit) {
      const std::int64_t with = state.with[bit];
      const bool is_set = kind_ == AggregateKind::kBitAnd  ? with == state.rows
                          : kind_ == AggregateKind::kBitOr ? with > 0
                                                           : with % 2 != 0;
      bits |= static_cast<std::uint64_t>(is_set) << bit;
    }
    return static_cast<T>(bits);
  }

  const AggregateKind kind_;
  const Type type_;
  StateArray<State> states_;
};

template <typename T>
std::unique_ptr<Accumulator> make_typed(const AggregateCall& call, bool updating) {
  if (updating) {
    return std::make_unique<BitCount<T>>(call);
  }
  return std::make_unique<BitFold<T>>(call);
}

}  // namespace

std::unique_ptr<Accumulator> make_bit_accumulator(const AggregateCall& call, bool updating) {
  switch (call.type.kind) {
    case TypeKind::kSmallint:
      return make_typed<std::int16_t>(call, updating);
    case TypeKind::kInt:
      return make_typed<std::int32_t>(call, updating);
    default:
      return make_typed<std::int64_t>(call, updating);
  }
}

}  // namespace thalweg
