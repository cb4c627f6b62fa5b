#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/int128.h"
#include "columnar/builder.h"
#include "columnar/decimal.h"
#include "operators/exact_sum.h"
#include "operators/fixed_column.h"
#include "operators/over_function.h"
#include "operators/sum_state.h"
#include "operators/variance_state.h"
#include "state/group_arrays.h"
#include "state/state_array.h"
#include "state/value_codec.h"

// Aggregates OVER frames whose bounds only move forward. Values that can be taken back are
// subtracted as they leave; of others two stacks are kept (Tangwongsan, Hirzel, Schneider 2017):
// the front one has, for each of its rows, all from that row to its end; the back one is a single
// state, which is made into a front when rows leave beyond the old one.
namespace thalweg {
namespace {

// States as bytes, the fields of each one after the other: docs/formats/values.md.
template <typename Op>
Column state_column(const StateArray<typename Op::State>& states, std::span<const GroupId> ids) {
  ColumnBuilder builder(type_of(TypeKind::kBytea), static_cast<std::uint32_t>(ids.size()));
  std::string bytes;
  for (const GroupId id : ids) {
    bytes.clear();
    typename Op::State state = states[id];
    std::apply([&](const auto&... fields) { (append_plain(fields, bytes), ...); },
               Op::fields(state));
    builder.append_text(bytes);
  }
  return builder.finish();
}

// False: these are no states.
template <typename Op>
bool read_states(std::span<const GroupId> ids, const Column& column,
                 StateArray<typename Op::State>& states) {
  for (RowIndex row = 0; row < ids.size(); ++row) {
    std::string_view bytes = column.text(row);
    states.grow_to(ids[row] + 1);
    const bool fits = std::apply(
        [&](auto&... fields) {
          const bool right_size = bytes.size() == (sizeof(fields) + ...);
          ((fields = right_size ? read_plain<std::decay_t<decltype(fields)>>(bytes) : fields), ...);
          return right_size;
        },
        Op::fields(states[ids[row]]));
    if (!fits) {
      return false;
    }
  }
  return true;
}

Status wrong_state() {
  return {Code::kCorrupt, "the state of a call OVER a window cannot be right"};
}

const Field kStateField{.name = "state", .type = type_of(TypeKind::kBytea)};

template <typename T, typename Op>
class Subtracting final : public OverFunction {
 public:
  Subtracting(Op op, std::size_t arg) : op_(std::move(op)), arg_(arg) {}

  void grow_to(std::uint32_t count) override { states_.grow_to(count); }
  void keep_only(std::span<const GroupId> kept) override { states_.keep_only(kept); }

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& overflow) override {
    typename Op::Answers answers(op_, input.answers);
    RunValues<T> values(input, arg_);
    for (std::size_t i = 0; i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      values.enter(run);
      auto state = states_[run.id];
      RowRange now = frames.previous[i];
      for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
        const std::uint32_t answer = run.answer + (row - run.out_begin);
        const RowRange& range = frames.ranges[answer];
        for (; now.end < range.end; ++now.end) {
          if (values.is_valid(now.end)) {
            Op::add(state, values[now.end]);
          }
        }
        for (; now.begin < range.begin; ++now.begin) {
          if (values.is_valid(now.begin)) {
            Op::subtract(state, values[now.begin]);
          }
        }
        if (!answers.put(answer, state)) {
          overflow.push_back(answer);
        }
      }
      states_[run.id] = state;
    }
    return answers.finish();
  }

  Schema state_columns() const override { return {kStateField}; }
  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    out.push_back(state_column<Op>(states_, ids));
  }
  Status restore_state(std::span<const GroupId> ids, std::span<const Column> state) override {
    return read_states<Op>(ids, state[0], states_) ? Status() : wrong_state();
  }

 private:
  const Op op_;
  const std::size_t arg_;
  StateArray<typename Op::State> states_;
};

template <typename T, typename Op>
class TwoStacks final : public OverFunction {
  using State = typename Op::State;

 public:
  TwoStacks(Op op, std::size_t arg) : op_(std::move(op)), arg_(arg) {}

  void grow_to(std::uint32_t count) override {
    backs_.grow_to(count);
    fronts_.grow_to(count);
  }
  void keep_only(std::span<const GroupId> kept) override {
    backs_.keep_only(kept);
    fronts_.keep_only(kept);
  }

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& overflow) override {
    typename Op::Answers answers(op_, input.answers);
    RunValues<T> values(input, arg_);
    for (std::size_t i = 0; i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      values.enter(run);
      RowRange now = frames.previous[i];
      for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
        const std::uint32_t answer = run.answer + (row - run.out_begin);
        move_to(run.id, values, now, frames.ranges[answer]);
        State state = backs_[run.id];
        if (const auto front = fronts_.get(run.id); !front.empty()) {
          state = front.back();
          op_.merge(state, backs_[run.id]);
        }
        if (!answers.put(answer, state)) {
          overflow.push_back(answer);
        }
      }
    }
    return answers.finish();
  }

  // How many rows the front one has, and the back one.
  Schema state_columns() const override {
    return {{.name = "front", .type = type_of(TypeKind::kBigint)}, kStateField};
  }
  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    out.push_back(bigint_column_of(ids.size(), [&](std::size_t i) {
      return static_cast<std::int64_t>(fronts_.get(ids[i]).size());
    }));
    out.push_back(state_column<Op>(backs_, ids));
  }
  Status restore_state(std::span<const GroupId> ids, std::span<const Column> state) override {
    const auto sizes = state[0].template values<std::int64_t>();
    for (RowIndex row = 0; row < ids.size(); ++row) {
      restored_fronts_.grow_to(ids[row] + 1);
      restored_fronts_[ids[row]] = sizes[row];
    }
    return read_states<Op>(ids, state[1], backs_) ? Status() : wrong_state();
  }
  void restore_rows(const OverInput& input, std::span<const RowRange> previous) override {
    RunValues<T> values(input, arg_);
    for (std::size_t i = 0; i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      const std::uint32_t begin = previous[i].begin;
      values.enter(run);
      const auto front = std::clamp<std::int64_t>(restored_fronts_[run.id], 0, run.rows() - begin);
      fill_front(run.id, values, begin, begin + static_cast<std::uint32_t>(front));
    }
    restored_fronts_ = {};
  }

 private:
  void move_to(GroupId id, const RunValues<T>& values, RowRange& now, const RowRange& range) {
    State& back = backs_[id];
    for (; now.end < range.end; ++now.end) {
      if (values.is_valid(now.end)) {
        op_.add(back, values[now.end]);
      }
    }
    if (now.begin == range.begin) {
      return;
    }
    const std::uint32_t leave = range.begin - now.begin;
    const std::size_t in_front = fronts_.get(id).size();
    now.begin = range.begin;
    if (leave <= in_front) {
      fronts_.truncate(id, in_front - leave);
      return;
    }
    fronts_.truncate(id, 0);
    fill_front(id, values, now.begin, now.end);
    back = State{};
  }

  void fill_front(GroupId id, const RunValues<T>& values, std::uint32_t begin, std::uint32_t end) {
    State state{};
    for (std::uint32_t row = end; row > begin; --row) {
      if (values.is_valid(row - 1)) {
        State earlier{};
        op_.add(earlier, values[row - 1]);
        op_.merge(earlier, state);
        state = earlier;
      }
      fronts_.insert(id, end - row, state);
    }
  }

  const Op op_;
  const std::size_t arg_;
  StateArray<State> backs_;
  GroupArrays<State> fronts_;                 // The state of the earliest row last.
  StateArray<std::int64_t> restored_fronts_;  // By key: the rows of what restore_rows() fills.
};

// Answers of type V, which may be NULL.
template <typename V>
class PlainAnswers {
 public:
  PlainAnswers(Type type, std::uint32_t count)
      : type_(std::move(type)), buffer_(Buffer::allocate(count * sizeof(V))), valid_(count, 1) {}

  void set(std::uint32_t answer, V value) { buffer_->template as<V>()[answer] = value; }
  void set_null(std::uint32_t answer) {
    set(answer, V{});
    valid_[answer] = 0;
    all_valid_ = false;
  }

  Column finish() {
    const auto length = static_cast<std::uint32_t>(valid_.size());
    Column column(type_, length);
    column.set_values(std::move(buffer_));
    if (!all_valid_) {
      column.set_validity(pack_bits(length, [&](std::size_t i) { return valid_[i] != 0; }));
    }
    return column;
  }

 private:
  Type type_;
  std::shared_ptr<Buffer> buffer_;
  std::vector<char> valid_;
  bool all_valid_ = true;
};

// sum and avg of integers and NUMERIC, into Int128 or std::int64_t.
template <typename T, typename V>
struct SumOp {
  using State = ExactSum;
  ExactSumResult result;

  static auto fields(State& state) { return std::tie(state.value, state.count, state.carries); }
  static void add(State& state, T value) {
    if constexpr (std::is_same_v<T, Int128>) {
      state.add_wide(value);
    } else {
      state.value += value;
    }
    ++state.count;
  }
  static void subtract(State& state, T value) {
    if constexpr (std::is_same_v<T, Int128>) {
      state.subtract_wide(value);
    } else {
      state.value -= value;
    }
    --state.count;
  }

  struct Answers : PlainAnswers<V> {
    Answers(const SumOp& op, std::uint32_t count)
        : PlainAnswers<V>(op.result.type, count), result(op.result) {}
    bool put(std::uint32_t answer, const State& state) {
      if (state.count == 0) {
        this->set_null(answer);
        return true;
      }
      Int128 value = 0;
      const bool fits = result.of(state, value);
      this->set(answer, static_cast<V>(value));
      return fits;
    }
    const ExactSumResult& result;
  };
};

// sum and avg of floating point, compensated (Neumaier 1974).
template <typename T>
struct FloatingSumOp {
  struct State {
    double value;
    double lost;
    std::int64_t count;
    std::int64_t nan;
    std::int64_t plus;
    std::int64_t minus;
  };
  Type type;
  bool average = false;

  static auto fields(State& state) {
    return std::tie(state.value, state.lost, state.count, state.nan, state.plus, state.minus);
  }
  static void add_finite(State& state, double value) {
    const double total = state.value + value;
    state.lost += std::abs(state.value) >= std::abs(value) ? (state.value - total) + value
                                                           : (value - total) + state.value;
    state.value = total;
  }
  static void add(State& state, T value) {
    ++state.count;
    if (!std::isfinite(value)) [[unlikely]] {
      (std::isnan(value) ? state.nan : value > 0 ? state.plus : state.minus) += 1;
      return;
    }
    add_finite(state, value);
  }
  static void merge(State& state, const State& other) {
    add_finite(state, other.value);
    add_finite(state, other.lost);
    state.count += other.count;
    state.nan += other.nan;
    state.plus += other.plus;
    state.minus += other.minus;
  }

  using V = double;
  struct Answers {
    Answers(const FloatingSumOp& op, std::uint32_t count)
        : average(op.average),
          narrow(op.type.kind == TypeKind::kReal),
          doubles(op.type, narrow ? 0 : count),
          floats(op.type, narrow ? count : 0) {}
    bool put(std::uint32_t answer, const State& state) {
      if (state.count == 0) {
        narrow ? floats.set_null(answer) : doubles.set_null(answer);
        return true;
      }
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      const bool special = state.nan + state.plus + state.minus > 0;
      double value = state.value + state.lost;
      value = average ? value / static_cast<double>(state.count) : value;
      if (special) {
        value = state.nan > 0 || (state.plus > 0 && state.minus > 0)
                    ? std::numeric_limits<double>::quiet_NaN()
                : state.plus > 0 ? kInfinity
                                 : -kInfinity;
      }
      if (narrow) {
        floats.set(answer, static_cast<float>(value));
        return special || std::isfinite(static_cast<float>(value));
      }
      doubles.set(answer, value);
      return special || std::isfinite(value);
    }
    Column finish() { return narrow ? floats.finish() : doubles.finish(); }
    bool average;
    bool narrow;
    PlainAnswers<double> doubles;
    PlainAnswers<float> floats;
  };
};

template <typename T>
struct VarianceOp {
  using State = VarianceState;
  AggregateKind kind;
  std::uint8_t scale = 0;  // Of NUMERIC.

  static auto fields(State& state) {
    return std::tie(state.sum.high, state.sum.low, state.squares.high, state.squares.low,
                    state.count, state.not_finite);
  }
  void add(State& state, T value) const {
    if constexpr (std::is_same_v<T, Int128>) {
      state.add(decimal_to_double(value, scale), 1);
    } else {
      state.add(static_cast<double>(value), 1);
    }
  }
  static void merge(State& state, const State& other) { state.merge(other); }

  struct Answers : PlainAnswers<double> {
    Answers(const VarianceOp& op, std::uint32_t count)
        : PlainAnswers<double>(type_of(TypeKind::kDouble), count), kind(op.kind) {}
    bool put(std::uint32_t answer, const State& state) {
      if (!state.has_result(kind)) {
        set_null(answer);
        return true;
      }
      const double value = state.result(kind);
      set(answer, value);
      return !std::isinf(value);
    }
    AggregateKind kind;
  };
};

// A value of those seen, or what a fold makes of them: min, max, bit_and, bit_or, bit_xor.
template <typename T>
struct FoldOp {
  struct State {
    T value;
    std::int64_t seen;
  };
  AggregateKind kind;
  Type type;

  static auto fields(State& state) { return std::tie(state.value, state.seen); }
  T fold(T a, T b) const {
    switch (kind) {
      case AggregateKind::kMin:
        return is_less(b, a) ? b : a;
      case AggregateKind::kMax:
        return is_less(a, b) ? b : a;
      default:
        break;
    }
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(kind == AggregateKind::kBitAnd  ? a & b
                            : kind == AggregateKind::kBitOr ? a | b
                                                            : a ^ b);
    }
    TW_CHECK(false);
  }
  static bool is_less(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
      // NaN is greater than any number, as in PostgreSQL.
      return std::isnan(b) ? !std::isnan(a) : a < b;
    } else {
      return a < b;
    }
  }
  void add(State& state, T value) const {
    state.value = state.seen != 0 ? fold(state.value, value) : value;
    state.seen = 1;
  }
  void merge(State& state, const State& other) const {
    if (other.seen != 0) {
      add(state, other.value);
    }
  }

  struct Answers : PlainAnswers<T> {
    Answers(const FoldOp& op, std::uint32_t count) : PlainAnswers<T>(op.type, count) {}
    bool put(std::uint32_t answer, const State& state) {
      if (state.seen != 0) {
        this->set(answer, state.value);
      } else {
        this->set_null(answer);
      }
      return true;
    }
  };
};

// count(*), and count(x) of any type.
class Counting final : public OverFunction {
 public:
  Counting(bool every_row, std::size_t arg) : every_row_(every_row), arg_(arg) {}

  void grow_to(std::uint32_t count) override { counts_.grow_to(count); }
  void keep_only(std::span<const GroupId> kept) override { counts_.keep_only(kept); }

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& /*overflow*/) override {
    std::vector<std::int64_t> counts(input.answers);
    for (std::size_t i = 0; i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      if (every_row_) {
        const std::int64_t before =
            frames.from_start ? static_cast<std::int64_t>(run.number) : std::int64_t{0};
        for (std::uint32_t answer = run.answer; answer < run.answer + (run.out_end - run.out_begin);
             ++answer) {
          counts[answer] = before + frames.ranges[answer].end - frames.ranges[answer].begin;
        }
      } else {
        count_valid(input, run, frames.previous[i], frames.ranges, counts);
      }
    }
    return fixed_column<std::int64_t>(type_of(TypeKind::kBigint), counts.size(),
                                      [&](std::size_t i) { return counts[i]; });
  }

  Schema state_columns() const override {
    return every_row_ ? Schema() : Schema{{.name = "count", .type = type_of(TypeKind::kBigint)}};
  }
  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    if (!every_row_) {
      out.push_back(bigint_column_of(ids.size(), [&](std::size_t i) { return counts_[ids[i]]; }));
    }
  }
  Status restore_state(std::span<const GroupId> ids, std::span<const Column> state) override {
    for (RowIndex row = 0; !every_row_ && row < ids.size(); ++row) {
      counts_.grow_to(ids[row] + 1);
      counts_[ids[row]] = state[0].values<std::int64_t>()[row];
    }
    return {};
  }

 private:
  void count_valid(const OverInput& input, const OverRun& run, RowRange now,
                   std::span<const RowRange> ranges, std::vector<std::int64_t>& counts) {
    const auto counts_row = [&](std::uint32_t row) {
      return input.store.is_null(arg_, input.ref(run, row), input.columns) ? 0 : 1;
    };
    std::int64_t& count = counts_[run.id];
    for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
      const std::uint32_t answer = run.answer + (row - run.out_begin);
      for (; now.end < ranges[answer].end; ++now.end) {
        count += counts_row(now.end);
      }
      for (; now.begin < ranges[answer].begin; ++now.begin) {
        count -= counts_row(now.begin);
      }
      counts[answer] = count;
    }
  }

  const bool every_row_;
  const std::size_t arg_;
  StateArray<std::int64_t> counts_;
};

template <typename T>
std::unique_ptr<OverFunction> make_exact_sum(const OverCall& call, const OverArguments& args) {
  const ExactSumResult result{.state_scale = exact_sum_type(args.arg_type).scale,
                              .type = call.type,
                              .average = call.aggregate == AggregateKind::kAvg};
  if (call.type.kind == TypeKind::kBigint) {
    return std::make_unique<Subtracting<T, SumOp<T, std::int64_t>>>(SumOp<T, std::int64_t>{result},
                                                                    args.arg);
  }
  return std::make_unique<Subtracting<T, SumOp<T, Int128>>>(SumOp<T, Int128>{result}, args.arg);
}

template <typename T>
std::unique_ptr<OverFunction> make_floating_sum(const OverCall& call, const OverArguments& args) {
  return std::make_unique<TwoStacks<T, FloatingSumOp<T>>>(
      FloatingSumOp<T>{.type = call.type, .average = call.aggregate == AggregateKind::kAvg},
      args.arg);
}

template <typename T>
std::unique_ptr<OverFunction> make_fold(const OverCall& call, const OverArguments& args) {
  switch (call.aggregate) {
    case AggregateKind::kVarPop:
    case AggregateKind::kVarSamp:
    case AggregateKind::kStddevPop:
    case AggregateKind::kStddevSamp:
      return std::make_unique<TwoStacks<T, VarianceOp<T>>>(
          VarianceOp<T>{.kind = call.aggregate, .scale = args.arg_type.scale}, args.arg);
    default:
      return std::make_unique<TwoStacks<T, FoldOp<T>>>(
          FoldOp<T>{.kind = call.aggregate, .type = call.type}, args.arg);
  }
}

}  // namespace

std::unique_ptr<OverFunction> make_over_count(const OverCall& call, const OverArguments& args) {
  return std::make_unique<Counting>(call.aggregate == AggregateKind::kCountStar, args.arg);
}

std::unique_ptr<OverFunction> make_over_sum(const OverCall& call, const OverArguments& args) {
  switch (args.arg_type.kind) {
    case TypeKind::kReal:
      return make_floating_sum<float>(call, args);
    case TypeKind::kDouble:
      return make_floating_sum<double>(call, args);
    case TypeKind::kSmallint:
      return make_exact_sum<std::int16_t>(call, args);
    case TypeKind::kInt:
      return make_exact_sum<std::int32_t>(call, args);
    case TypeKind::kNumeric:
      return make_exact_sum<Int128>(call, args);
    default:
      return make_exact_sum<std::int64_t>(call, args);
  }
}

std::unique_ptr<OverFunction> make_over_fold(const OverCall& call, const OverArguments& args) {
  switch (args.arg_type.kind) {
    case TypeKind::kReal:
      return make_fold<float>(call, args);
    case TypeKind::kDouble:
      return make_fold<double>(call, args);
    default:
      break;
  }
  switch (value_width(args.arg_type.kind)) {
    case 2:
      return make_fold<std::int16_t>(call, args);
    case 4:
      return make_fold<std::int32_t>(call, args);
    case 8:
      return make_fold<std::int64_t>(call, args);
    default:
      return make_fold<Int128>(call, args);
  }
}

}  // namespace thalweg
