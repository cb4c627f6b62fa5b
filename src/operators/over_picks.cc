#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "operators/over_function.h"
#include "state/dropped_groups.h"
#include "state/state_array.h"

// Calls OVER a window that answer with values of its rows, of any type.
namespace thalweg {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

// Where an answer is found; no row: it is NULL.
using Picks = std::vector<std::optional<RowRef>>;

// The column of what was picked.
Column picked(const Picks& picks, const RowStore& store, std::size_t column,
              std::span<const Column> fresh, const Type& type) {
  std::vector<RowRef> refs;
  std::vector<RowIndex> places;
  for (const std::optional<RowRef>& pick : picks) {
    places.push_back(static_cast<RowIndex>(pick ? refs.size() : kNone));
    if (pick) {
      refs.push_back(*pick);
    }
  }
  Column values = refs.empty() ? null_column(type, 0) : store.column(refs, fresh[column], column);
  if (refs.size() == picks.size()) {
    return values;
  }
  const Column parts[] = {values, null_column(type, 1)};
  for (RowIndex& place : places) {
    place = place == kNone ? static_cast<RowIndex>(refs.size()) : place;
  }
  return gather(concat_columns(parts), places);
}

// nth_value and last_value of frames whose first row is kept as long as it is needed.
class Picking final : public OverFunction {
 public:
  Picking(const OverCall& call, std::size_t arg)
      : last_(call.kind == OverKind::kLastValue),
        nth_(call.number - 1),
        type_(call.type),
        arg_(arg) {}

  void grow_to(std::uint32_t /*count*/) override {}
  void keep_only(std::span<const GroupId> /*kept*/) override {}

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& /*overflow*/) override {
    Picks picks(input.answers);
    for (const OverRun& run : input.runs) {
      for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
        const std::uint32_t answer = run.answer + (row - run.out_begin);
        const RowRange& range = frames.ranges[answer];
        if (last_ && range.begin < range.end) {
          picks[answer] = input.ref(run, range.end - 1);
        } else if (!last_ && nth_ < range.end - range.begin) {
          picks[answer] = input.ref(run, range.begin + static_cast<std::uint32_t>(nth_));
        }
      }
    }
    return picked(picks, input.store, arg_, input.columns, type_);
  }

 private:
  const bool last_;
  const std::int64_t nth_;
  const Type type_;
  const std::size_t arg_;
};

// One value of some keys, as state: whether there is one, and which.
Schema held_columns(const Type& type) {
  return {{.name = "held", .type = type_of(TypeKind::kBoolean)}, {.name = "value", .type = type}};
}

// slot_of(id): one more than where in `held` a key's value stands; 0: it has none.
template <typename SlotOf>
void append_held(std::span<const GroupId> ids, const RowStore& held, const Type& type,
                 SlotOf slot_of, std::vector<Column>& out) {
  Picks picks(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (const RowSlot slot = slot_of(ids[i]); slot != 0) {
      picks[i] = RowRef::kept(slot - 1);
    }
  }
  Column is_held(type_of(TypeKind::kBoolean), static_cast<std::uint32_t>(ids.size()));
  is_held.set_values(
      pack_bits(is_held.length(), [&](std::size_t i) { return picks[i].has_value(); }));
  out.push_back(std::move(is_held));
  const Column none[] = {null_column(type, 1)};
  out.push_back(picked(picks, held, 0, none, type));
}

// nth_value of frames that begin with the partition: a copy of that one row's value is kept.
class PickingFirst final : public OverFunction {
 public:
  PickingFirst(const OverCall& call, std::size_t arg)
      : nth_(static_cast<std::uint64_t>(call.number - 1)),
        type_(call.type),
        arg_(arg),
        held_({call.type}) {}

  void grow_to(std::uint32_t count) override { slots_.grow_to(count); }
  void keep_only(std::span<const GroupId> kept) override {
    for_each_dropped(kept, slots_.size(), [this](GroupId id) {
      if (slots_[id] != 0) {
        held_.release(slots_[id] - 1);
      }
    });
    slots_.keep_only(kept);
  }

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& /*overflow*/) override {
    hold(input);
    Picks picks(input.answers);
    for (const OverRun& run : input.runs) {
      for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
        const std::uint32_t answer = run.answer + (row - run.out_begin);
        if (run.number + frames.ranges[answer].end > nth_) {
          picks[answer] = RowRef::kept(slots_[run.id] - 1);
        }
      }
    }
    const Column none[] = {null_column(type_, 1)};
    return picked(picks, held_, 0, none, type_);
  }

  Schema state_columns() const override { return held_columns(type_); }
  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    append_held(ids, held_, type_, [this](GroupId id) { return slots_[id]; }, out);
  }
  Status restore_state(std::span<const GroupId> ids, std::span<const Column> state) override {
    for (RowIndex row = 0; row < ids.size(); ++row) {
      slots_.grow_to(ids[row] + 1);
      RowSlot& slot = slots_[ids[row]];
      if (state[0].bit(row)) {
        slot = slot == 0 ? held_.obtain() + 1 : slot;
        const RowSlot slots[] = {slot - 1};
        const RowIndex rows[] = {row};
        held_.put(state.subspan(1), rows, slots);
      } else if (slot != 0) {
        held_.release(slot - 1);  // The key has begun anew since.
        slot = 0;
      }
    }
    return {};
  }

 private:
  // Copies the values that have come.
  void hold(const OverInput& input) {
    std::vector<RowRef> refs;
    std::vector<RowSlot> slots;
    std::vector<RowIndex> rows;
    for (const OverRun& run : input.runs) {
      if (slots_[run.id] == 0 && nth_ >= run.number && nth_ < run.number + run.rows()) {
        refs.push_back(input.ref(run, static_cast<std::uint32_t>(nth_ - run.number)));
        slots.push_back(held_.obtain());
        slots_[run.id] = slots.back() + 1;
        rows.push_back(static_cast<RowIndex>(rows.size()));
      }
    }
    if (!refs.empty()) {
      const Column values[] = {input.store.column(refs, input.columns[arg_], arg_)};
      held_.put(values, rows, slots);
    }
  }

  const std::uint64_t nth_;
  const Type type_;
  const std::size_t arg_;
  RowStore held_;
  StateArray<RowSlot> slots_;  // By key: one more than its slot; 0: it has not come.
};

// min and max of any type: the rows that may still become the best, each better than all behind it.
class Best final : public OverFunction {
 public:
  Best(const OverCall& call, std::size_t arg)
      : greatest_(call.aggregate == AggregateKind::kMax),
        from_start_(!call.frame.start),
        type_(call.type),
        arg_(arg),
        held_({call.type}) {}

  void grow_to(std::uint32_t count) override { candidates_.grow_to(count); }
  void keep_only(std::span<const GroupId> kept) override {
    for_each_dropped(kept, candidates_.groups(), [this](GroupId id) {
      for (const Candidate& candidate : candidates_.get(id)) {
        held_.release(candidate.slot);
      }
    });
    candidates_.keep_only(kept);
  }

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& /*overflow*/) override {
    const Column added[] = {values_to_add(input, frames)};
    Picks picks(input.answers);
    RowIndex next = 0;
    for (std::size_t i = 0; i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      std::uint32_t end = frames.previous[i].end;
      for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
        const std::uint32_t answer = run.answer + (row - run.out_begin);
        const RowRange& range = frames.ranges[answer];
        for (; end < range.end; ++end, ++next) {
          if (added[0].is_valid(next)) {
            add(run.id, run.number + end, added, next, frames.from_start);
          }
        }
        if (!frames.from_start) {
          expire(run.id, run.number + range.begin);
        }
        if (const auto best = candidates_.get(run.id); !best.empty()) {
          picks[answer] = RowRef::kept(best.front().slot);
        }
      }
    }
    const Column none[] = {null_column(type_, 1)};
    Column column = picked(picks, held_, 0, none, type_);
    for (const RowSlot slot : released_) {
      held_.release(slot);
    }
    released_.clear();
    return column;
  }

  // Candidates of other frames are found among the rows.
  Schema state_columns() const override { return from_start_ ? held_columns(type_) : Schema(); }
  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    if (from_start_) {
      const auto slot_of = [this](GroupId id) {
        const std::span<const Candidate> best = candidates_.get(id);
        return best.empty() ? RowSlot{0} : best.front().slot + 1;
      };
      append_held(ids, held_, type_, slot_of, out);
    }
  }
  Status restore_state(std::span<const GroupId> ids, std::span<const Column> state) override {
    for (RowIndex row = 0; from_start_ && row < ids.size(); ++row) {
      candidates_.grow_to(ids[row] + 1);
      if (!state[0].bit(row)) {
        if (candidates_.size(ids[row]) > 0) {  // The key has begun anew since.
          held_.release(candidates_.get(ids[row]).front().slot);
          candidates_.drop_front(ids[row], 1);
        }
        continue;
      }
      if (candidates_.size(ids[row]) == 0) {
        candidates_.append(ids[row], 1)[0] = {.number = 0, .slot = held_.obtain()};
      }
      const RowSlot slots[] = {candidates_.get(ids[row]).front().slot};
      const RowIndex rows[] = {row};
      held_.put(state.subspan(1), rows, slots);
    }
    return {};
  }
  void restore_rows(const OverInput& input, std::span<const RowRange> previous) override {
    for (std::size_t i = 0; !from_start_ && i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      std::vector<RowRef> refs;
      for (std::uint32_t row = previous[i].begin; row < previous[i].end; ++row) {
        refs.push_back(input.ref(run, row));
      }
      const Column values[] = {input.store.column(refs, input.columns[arg_], arg_)};
      for (RowIndex row = 0; row < refs.size(); ++row) {
        if (values[0].is_valid(row)) {
          add(run.id, run.number + previous[i].begin + row, values, row, /*keeps_one=*/false);
        }
      }
    }
    for (const RowSlot slot : released_) {
      held_.release(slot);
    }
    released_.clear();
  }

 private:
  struct Candidate {
    std::uint64_t number;  // Of the row within its key.
    RowSlot slot;
  };

  // The values of all rows that enter a frame, in order.
  Column values_to_add(const OverInput& input, const FrameRows& frames) const {
    std::vector<RowRef> refs;
    for (std::size_t i = 0; i < input.runs.size(); ++i) {
      const OverRun& run = input.runs[i];
      if (run.out_begin == run.out_end) {
        continue;
      }
      const std::uint32_t end = frames.ranges[run.answer + (run.out_end - run.out_begin) - 1].end;
      for (std::uint32_t row = frames.previous[i].end; row < end; ++row) {
        refs.push_back(input.ref(run, row));
      }
    }
    return refs.empty() ? null_column(type_, 0)
                        : input.store.column(refs, input.columns[arg_], arg_);
  }

  void add(GroupId id, std::uint64_t number, std::span<const Column> values, RowIndex row,
           bool keeps_one) {
    const RowRef fresh = RowRef::in_batch(row);
    const auto is_better = [&](const Candidate& old) {
      const int compared = held_.compare(0, fresh, RowRef::kept(old.slot), values);
      return greatest_ ? compared > 0 : compared < 0;
    };
    std::span<const Candidate> old = candidates_.get(id);
    if (keeps_one && !old.empty() && !is_better(old.front())) {
      return;
    }
    while (!old.empty() && is_better(old.back())) {
      released_.push_back(old.back().slot);
      candidates_.drop_back(id, 1);
      old = candidates_.get(id);
    }
    const RowSlot slots[] = {held_.obtain()};
    const RowIndex rows[] = {row};
    held_.put(values, rows, slots);
    candidates_.append(id, 1)[0] = {.number = number, .slot = slots[0]};
  }

  void expire(GroupId id, std::uint64_t begin) {
    for (auto old = candidates_.get(id); !old.empty() && old.front().number < begin;
         old = candidates_.get(id)) {
      released_.push_back(old.front().slot);
      candidates_.drop_front(id, 1);
    }
  }

  const bool greatest_;
  const bool from_start_;
  const Type type_;
  const std::size_t arg_;
  RowStore held_;
  GroupQueues<Candidate> candidates_;
  std::vector<RowSlot> released_;  // Answers may still be read from them.
};

// array_agg: all values of the frame.
class Listing final : public OverFunction {
 public:
  Listing(const OverCall& call, const OverArguments& args) : type_(call.type), args_(args) {}

  void grow_to(std::uint32_t /*count*/) override {}
  void keep_only(std::span<const GroupId> /*kept*/) override {}

  Column compute(const OverInput& input, const FrameRows& frames,
                 std::vector<RowIndex>& /*overflow*/) override {
    std::vector<RowRef> refs;
    std::vector<std::size_t> ends;
    for (const OverRun& run : input.runs) {
      for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
        const RowRange& range = frames.ranges[run.answer + (row - run.out_begin)];
        for (std::uint32_t each = range.begin; each < range.end; ++each) {
          if (const RowRef ref = input.ref(run, each); counts(input, ref)) {
            refs.push_back(ref);
          }
        }
        ends.push_back(refs.size());
      }
    }
    const Column values = refs.empty()
                              ? null_column(args_.arg_type, 0)
                              : input.store.column(refs, input.columns[args_.arg], args_.arg);
    ColumnBuilder builder(type_, input.answers);
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      if (begin == end) {
        builder.append_null();
        continue;
      }
      for (; begin < end; ++begin) {
        builder.child(0).append_from(values, static_cast<RowIndex>(begin));
      }
      builder.close_row();
    }
    return builder.finish();
  }

 private:
  bool counts(const OverInput& input, RowRef ref) const {
    if (!args_.filter) {
      return true;
    }
    const std::size_t filter = *args_.filter;
    if (input.store.is_null(filter, ref, input.columns)) {
      return false;
    }
    return ref.is_kept ? input.store.values<char>(filter)[ref.number] != 0
                       : input.columns[filter].bit(ref.number);
  }

  const Type type_;
  const OverArguments args_;
};

}  // namespace

std::unique_ptr<OverFunction> make_over_pick(const OverCall& call, const OverArguments& args) {
  if (call.kind == OverKind::kNthValue && !call.frame.start) {
    return std::make_unique<PickingFirst>(call, args.arg);
  }
  return std::make_unique<Picking>(call, args.arg);
}

std::unique_ptr<OverFunction> make_over_best(const OverCall& call, const OverArguments& args) {
  return std::make_unique<Best>(call, args.arg);
}

std::unique_ptr<OverFunction> make_over_list(const OverCall& call, const OverArguments& args) {
  return std::make_unique<Listing>(call, args);
}

std::unique_ptr<OverFunction> make_over_function(const OverCall& call, const OverArguments& args) {
  if (call.kind != OverKind::kAggregate) {
    return make_over_pick(call, args);
  }
  switch (call.aggregate) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
      return make_over_count(call, args);
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return make_over_sum(call, args);
    case AggregateKind::kArrayAgg:
      return make_over_list(call, args);
    case AggregateKind::kMin:
    case AggregateKind::kMax: {
      const TypeKind kind = args.arg_type.kind;
      const bool plain = value_width(kind) > 0 && kind != TypeKind::kInterval;
      return plain ? make_over_fold(call, args) : make_over_best(call, args);
    }
    default:
      return make_over_fold(call, args);
  }
}

}  // namespace thalweg
