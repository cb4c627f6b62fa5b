#include "operators/as_of_join.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "operators/as_of_inputs.h"
#include "operators/as_of_next.h"
#include "operators/as_of_pairs.h"
#include "operators/join_columns.h"
#include "operators/join_side.h"
#include "state/dropped_groups.h"
#include "state/key_table.h"
#include "state/row_store.h"

// The last right row of each key that the watermark has passed is kept, its version. When the
// watermark moves, the rows of both sides that it passes are gone through in order of time: a right
// row is its key's version from then on, and a left row has the version that there is.
namespace thalweg {
namespace {

constexpr std::size_t kLeft = AsOfInputs::kLeft;
constexpr std::size_t kRight = AsOfInputs::kRight;

std::vector<Type> key_types(const AsOfJoinSpec& spec) {
  std::vector<Type> types;
  for (const ExprPtr& key : spec.sides[kLeft].keys) {
    types.push_back(key->type);
  }
  return types;
}

class LastRowJoin final : public Operator {
 public:
  explicit LastRowJoin(AsOfJoinSpec spec)
      : spec_(std::move(spec)),
        key_types_(key_types(spec_)),
        inputs_(spec_),
        index_(KeyIndex::make(key_types_)),
        store_(spec_.sides[kRight].types),
        state_(*this),
        idle_(spec_.ttl),
        idle_state_(idle_, key_types_, index_) {
    TW_CHECK(spec_.kind == JoinKind::kInner || spec_.kind == JoinKind::kLeft);
  }

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables = inputs_.tables();
    tables.push_back(&state_);
    if (idle_.on()) {
      tables.push_back(&idle_state_);
    }
    return tables;
  }

  void restored(EventTime watermark) override {
    inputs_.note_time(Clock::kWatermark, watermark);
    versions_.grow_to(index_->size());
    for_each_dropped(state_.take_restored(), versions_.size(), [this](GroupId id) {
      if (versions_[id].slot != kNone) {
        store_.release(std::exchange(versions_[id].slot, kNone) - 1);
      }
    });
    if (idle_.on()) {
      idle_.restored(index_->size(), watermark);
      keep_only(idle_state_.take_restored());
    }
  }

  Result<Progress> process(int input, Batch batch, Emitter& out) override {
    inputs_.take(static_cast<std::size_t>(input), std::move(batch), out);
    hold(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    inputs_.note_time(clock, now);
    if (clock != Clock::kWatermark) {
      return Progress::kDone;
    }
    passed_ = inputs_.pass();
    find_partners();
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (emitted_ < partners_.size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::size_t count = std::min(kPairsAtOnce, partners_.size() - emitted_);
      emit_rows(static_cast<RowIndex>(emitted_), static_cast<std::uint32_t>(count), out);
      emitted_ += count;
    }
    keep_versions();
    partners_.clear();
    emitted_ = 0;
    passed_ = {};
    forget_keys();
    if (const auto kept = idle_.find_kept(Clock::kWatermark, inputs_.watermark())) {
      out.expire(index_->size() - kept->size());
      keep_only(*kept);
    }
    hold(out);
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return inputs_.left_passed(watermark);
  }

  Kept kept() const override {
    const TimeOrderedRows& left = inputs_.waiting(kLeft);
    const TimeOrderedRows& right = inputs_.waiting(kRight);
    return {.count = left.rows() + right.rows() + store_.kept(),
            .bytes = left.memory_bytes() + right.memory_bytes() + store_.memory_bytes() +
                     versions_.memory_bytes() + index_->memory_bytes()};
  }

 private:
  static constexpr std::uint32_t kNone = 0;

  // Of a key: where its version is kept, and the row of the batch at hand that is it now; each plus
  // one.
  struct Version {
    std::uint32_t slot;
    std::uint32_t row;
  };

  // What becomes of a left row.
  struct Partner {
    bool is_there = false;
    RowRef row = {};
  };

  class State final : public KeyTable {
   public:
    explicit State(LastRowJoin& owner)
        : KeyTable("versions", owner.key_types_, columns_of(owner.spec_.sides[kRight]),
                   owner.index_),
          owner_(owner) {}

   protected:
    bool has_row(std::size_t /*part*/, GroupId id) override {
      return owner_.versions_[id].slot != kNone;
    }
    std::vector<Column> values_of(std::size_t part, std::span<const GroupId> ids) override;
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override;

   private:
    static Schema columns_of(const AsOfJoinSpec::Side& side) {
      Schema columns;
      for (const Type& type : side.types) {
        columns.push_back({.name = "column " + std::to_string(columns.size() + 1), .type = type});
      }
      return columns;
    }

    LastRowJoin& owner_;
  };

  std::vector<GroupId> ids_of(std::size_t input, const std::optional<Batch>& batch);
  void find_partners();
  void take_version(GroupId id, RowIndex row);
  Partner partner_of(GroupId id) const;
  bool is_gone(RowIndex row) const {
    return passed_.right->changes && passed_.right->changes->values<std::int16_t>()[row] < 0;
  }
  void emit_rows(RowIndex begin, std::uint32_t count, Emitter& out);
  void keep_versions();
  void forget_keys();
  void keep_only(std::span<const GroupId> kept);
  void hold(Emitter& out);

  const AsOfJoinSpec spec_;
  const std::vector<Type> key_types_;
  AsOfInputs inputs_;
  std::unique_ptr<KeyIndex> index_;
  RowStore store_;                // Versions.
  StateArray<Version> versions_;  // By key.
  State state_;
  IdleKeys idle_;
  IdleKeysState idle_state_;
  std::uint64_t keys_left_ = 0;  // When keys were last forgotten.

  // Of the rows that the watermark has passed.
  AsOfInputs::Passed passed_;
  std::vector<Partner> partners_;  // By left row.
  std::size_t emitted_ = 0;        // So many of the left rows are out.
  std::vector<GroupId> fresh_;     // Keys with a new version.
};

std::vector<Column> LastRowJoin::State::values_of(std::size_t /*part*/,
                                                  std::span<const GroupId> ids) {
  std::vector<RowRef> refs;
  for (const GroupId id : ids) {
    refs.push_back(RowRef::kept(owner_.versions_[id].slot - 1));
  }
  return owner_.store_.rows(refs, {}, owner_.store_.width());
}

Status LastRowJoin::State::restore(std::span<const GroupId> ids, std::span<const Column> values) {
  owner_.versions_.grow_to(owner_.index_->size());
  std::vector<RowIndex> rows;
  std::vector<RowSlot> slots;
  for (RowIndex row = 0; row < ids.size(); ++row) {
    std::uint32_t& slot = owner_.versions_[ids[row]].slot;
    slot = slot != kNone ? slot : owner_.store_.obtain() + 1;
    rows.push_back(row);
    slots.push_back(slot - 1);
  }
  owner_.store_.put(values, rows, slots);
  return {};
}

std::vector<GroupId> LastRowJoin::ids_of(std::size_t input, const std::optional<Batch>& batch) {
  std::vector<GroupId> ids(batch ? batch->length : 0);
  if (batch) {
    index_->find_or_insert(inputs_.keys(input, *batch), {.rows = {}, .all = true}, ids);
  }
  if (batch && idle_.on()) {
    idle_.touch(*batch, {.rows = {}, .all = true}, ids);
    idle_state_.mark(ids);
  }
  return ids;
}

void LastRowJoin::find_partners() {
  const std::vector<GroupId> left_ids = ids_of(kLeft, passed_.left);
  const std::vector<GroupId> right_ids = ids_of(kRight, passed_.right);
  versions_.grow_to(index_->size());
  const auto times = [](const std::optional<Batch>& batch) {
    return batch ? batch->event_time->values<std::int64_t>() : std::span<const std::int64_t>();
  };
  const std::span<const std::int64_t> left_times = times(passed_.left);
  const std::span<const std::int64_t> right_times = times(passed_.right);
  partners_.reserve(left_ids.size());
  RowIndex right = 0;
  for (std::size_t left = 0; left < left_ids.size(); ++left) {
    const EventTime last = moved_by({left_times[left]}, spec_.distance_micros);
    for (; right < right_ids.size() && right_times[right] <= last.micros; ++right) {
      take_version(right_ids[right], right);
    }
    partners_.push_back(partner_of(left_ids[left]));
  }
  for (; right < right_ids.size(); ++right) {
    take_version(right_ids[right], right);
  }
}

void LastRowJoin::take_version(GroupId id, RowIndex row) {
  std::uint32_t& current = versions_[id].row;
  if (current == kNone) {
    fresh_.push_back(id);
  } else if (!is_later(*passed_.right, spec_.sides[kRight], current - 1, row)) {
    return;
  }
  current = row + 1;
}

LastRowJoin::Partner LastRowJoin::partner_of(GroupId id) const {
  const Version& version = versions_[id];
  if (version.row != kNone) {
    return {.is_there = !is_gone(version.row - 1), .row = RowRef::in_batch(version.row - 1)};
  }
  return {.is_there = version.slot != kNone, .row = RowRef::kept(version.slot - 1)};
}

void LastRowJoin::emit_rows(RowIndex begin, std::uint32_t count, Emitter& out) {
  std::vector<RowIndex> matched;
  std::vector<RowIndex> alone;
  std::vector<RowRef> refs;
  for (RowIndex row = begin; row < begin + count; ++row) {
    if (partners_[row].is_there) {
      matched.push_back(row);
      refs.push_back(partners_[row].row);
    } else {
      alone.push_back(row);
    }
  }
  const AsOfJoinSpec::Side& left = spec_.sides[kLeft];
  if (!matched.empty()) {
    const std::span<const Column> columns =
        passed_.right ? std::span<const Column>(passed_.right->columns) : std::span<const Column>();
    Batch batch = left_rows(*passed_.left, matched, left.types.size());
    batch.columns =
        side_by_side(std::move(batch.columns), store_.rows(refs, columns, store_.width()));
    out.emit(Port::kMain, std::move(batch));
  }
  if (!alone.empty() && keeps_left(spec_.kind)) {
    out.emit(Port::kMain, with_nulls(left_rows(*passed_.left, alone, left.types.size()),
                                     spec_.sides[kRight].types));
  }
}

void LastRowJoin::keep_versions() {
  std::vector<RowIndex> rows;
  std::vector<RowSlot> slots;
  for (const GroupId id : fresh_) {
    Version& version = versions_[id];
    const RowIndex row = std::exchange(version.row, kNone) - 1;
    if (!is_gone(row)) {
      version.slot = version.slot != kNone ? version.slot : store_.obtain() + 1;
      rows.push_back(row);
      slots.push_back(version.slot - 1);
    } else if (version.slot != kNone) {
      store_.release(std::exchange(version.slot, kNone) - 1);
    }
  }
  if (!fresh_.empty()) {
    store_.put(passed_.right->columns, rows, slots);
    state_.mark(fresh_);
  }
  fresh_.clear();
}

// Keys that only left rows have had, or whose version is gone, must not outgrow the others.
void LastRowJoin::forget_keys() {
  if (!are_sparse(index_->size(), std::max<std::uint64_t>(store_.kept(), keys_left_))) {
    return;
  }
  const std::vector<GroupId> noted = state_.noted();
  std::vector<GroupId> kept;
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (versions_[id].slot != kNone || std::binary_search(noted.begin(), noted.end(), id)) {
      kept.push_back(id);
    }
  }
  keys_left_ = kept.size();
  state_.renumber_noted(kept);
  if (idle_.on()) {
    idle_state_.renumber(kept);
    idle_.keep_only(kept);
  }
  versions_.keep_only(kept);
  keep_only_keys(index_, kept, key_types_);
}

void LastRowJoin::keep_only(std::span<const GroupId> kept) {
  for_each_dropped(kept, versions_.size(), [this](GroupId id) {
    if (versions_[id].slot != kNone) {
      store_.release(versions_[id].slot - 1);
    }
  });
  state_.renumber(kept);
  idle_state_.renumber(kept);
  idle_.keep_only(kept);
  versions_.keep_only(kept);
  keep_only_keys(index_, kept, key_types_);
}

void LastRowJoin::hold(Emitter& out) {
  const TimeOrderedRows& left = inputs_.waiting(kLeft);
  out.hold({.count = left.rows(), .due = left.first_time()});
}

}  // namespace

std::unique_ptr<Operator> make_as_of_join(AsOfJoinSpec spec) {
  return spec.as_of == AsOf::kLast ? std::make_unique<LastRowJoin>(std::move(spec))
                                   : make_next_row_join(std::move(spec));
}

}  // namespace thalweg
