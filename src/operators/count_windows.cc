#include "operators/count_windows.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "operators/fixed_column.h"
#include "operators/idle_keys.h"
#include "operators/key_order.h"
#include "operators/late_after_idle.h"
#include "state/dropped_groups.h"
#include "state/group_queues.h"
#include "state/key_table.h"
#include "state/row_store.h"
#include "state/row_table.h"
#include "state/state_array.h"
#include "state/time_ordered_rows.h"

namespace thalweg {
namespace {

constexpr std::size_t kResultRows = 4096;

// The input's columns, then the event time.
std::vector<Type> kept_types(std::vector<Type> types) {
  types.push_back(type_of(TypeKind::kTimestamp));
  return types;
}

// The rows of the windows to put out next.
struct Chosen {
  struct Window {
    std::size_t begin;  // Of its rows among `rows`.
    std::int64_t number;
  };
  std::vector<RowRef> rows;
  std::vector<Window> windows;
};

class CountWindows final : public Operator {
 public:
  explicit CountWindows(CountWindowsSpec spec)
      : spec_(std::move(spec)),
        order_({.types = spec_.types,
                .keys = spec_.keys,
                .order = {{.column = spec_.types.size()}},
                .has_origin = spec_.has_origin}),
        waiting_({.types = spec_.types,
                  .keys = spec_.keys,
                  .has_time = true,
                  .has_origin = spec_.has_origin}),
        rows_(kept_types(spec_.types)),
        kept_rows_("rows", order_.key_types(), kept_columns(), rows_, order_.index()),
        state_(*this) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&waiting_, &state_, &kept_rows_};
  }

  void restored(EventTime watermark) override {
    watermark_ = watermark;
    told_ = watermark;
    groups_.grow_to(order_.keys());
    kept_.grow_to(order_.keys());
    for (const RowTable::Row& row : kept_rows_.take_restored()) {
      kept_.append(row.id, 1)[0] = row.slot;
      next_number_ = std::max(next_number_, row.number + 1);
    }
    if (spec_.ttl_micros == 0) {
      return;
    }
    next_look_ = next_look_restored(watermark, spec_.ttl_micros);
    // Keys that had gone stand in the index again, with what they once knew.
    keep_only(state_.take_restored());
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    waiting_.add(reject_late_after_idle(std::move(batch), watermark_, out));
    hold(out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock != Clock::kWatermark) {
      return Progress::kDone;
    }
    told_ = watermark_;
    if (std::optional<Batch> passed = waiting_.take_before(now)) {
      take(*std::move(passed));
    }
    at_end_ = now == kEndOfTime;
    if (!at_end_) {
      watermark_ = now;
      find_idle();
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    for (; next_piece_ < pieces_.size(); ++next_piece_) {
      const Piece& piece = pieces_[next_piece_];
      if ((piece.begins_anew && !finish(piece.rows.id, out)) || !emit_full(piece.rows, out)) {
        return Progress::kMore;
      }
    }
    for (; next_idle_ < idle_.size(); ++next_idle_) {
      if (!finish(idle_[next_idle_], out)) {
        return Progress::kMore;
      }
    }
    for (; at_end_ && next_group_ < order_.keys(); ++next_group_) {
      if (!emit_rest(next_group_, out)) {
        return Progress::kMore;
      }
    }
    flush(out);
    pieces_.clear();
    next_piece_ = 0;
    batch_.clear();
    forget_idle(out);
    hold(out);
    return Progress::kDone;
  }

  Kept kept() const override {
    return {.count = waiting_.rows() + rows_.kept(),
            .bytes = waiting_.memory_bytes() + rows_.memory_bytes() + kept_.memory_bytes() +
                     groups_.memory_bytes()};
  }

 private:
  // A key's windows and rows are counted from 0.
  struct Group {
    std::uint64_t rows;    // That have passed, and are counted.
    std::uint64_t window;  // The first that is not full.
    std::int64_t last;     // The time of its last row.
  };
  // Rows of one key that are in order.
  struct Piece {
    KeyRun rows;
    bool begins_anew = false;  // The key's rows before are done with.
  };

  // The windows of each key.
  class State final : public KeyTable {
   public:
    explicit State(CountWindows& owner)
        : KeyTable("keys", owner.order_.key_types(),
                   {{.name = "rows", .type = type_of(TypeKind::kBigint)},
                    {.name = "full windows", .type = type_of(TypeKind::kBigint)},
                    {.name = "last row", .type = type_of(TypeKind::kTimestamp)}},
                   owner.order_.index()),
          owner_(owner) {}

   protected:
    std::vector<Column> values_of(std::size_t /*part*/, std::span<const GroupId> ids) override {
      const auto column = [&](std::uint64_t Group::* value) {
        return bigint_column_of(ids.size(), [&](std::size_t i) {
          return static_cast<std::int64_t>(owner_.groups_[ids[i]].*value);
        });
      };
      return {column(&Group::rows), column(&Group::window),
              bigint_column_of(ids.size(), [&](std::size_t i) {
                return owner_.groups_[ids[i]].last;
              }).with_type(type_of(TypeKind::kTimestamp))};
    }
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override {
      owner_.groups_.grow_to(owner_.order_.keys());
      const auto rows = values[0].values<std::int64_t>();
      const auto windows = values[1].values<std::int64_t>();
      const auto last = values[2].values<std::int64_t>();
      for (RowIndex row = 0; row < ids.size(); ++row) {
        owner_.groups_[ids[row]] = {.rows = static_cast<std::uint64_t>(rows[row]),
                                    .window = static_cast<std::uint64_t>(windows[row]),
                                    .last = last[row]};
      }
      return {};
    }

   private:
    CountWindows& owner_;
  };

  Schema kept_columns() const {
    Schema columns;
    for (const Type& type : kept_types(spec_.types)) {
      columns.push_back({.name = "column " + std::to_string(columns.size() + 1), .type = type});
    }
    columns.back().name = "event time";
    return columns;
  }

  // Puts the rows that the watermark has passed in order.
  void take(Batch passed) {
    // Time comes first, then origin.
    passed.columns.push_back(passed.event_time->with_type(type_of(TypeKind::kTimestamp)));
    const Batch arranged = order_.arrange(passed);
    batch_ = arranged.columns;
    groups_.grow_to(order_.keys());
    kept_.grow_to(order_.keys());
    const auto times = batch_.back().values<std::int64_t>();
    for (const KeyRun& run : order_.runs()) {
      cut(run, times);
    }
  }

  // Cuts a run where the key begins anew.
  void cut(const KeyRun& run, std::span<const std::int64_t> times) {
    Group& group = groups_[run.id];
    Piece piece{.rows = {.id = run.id, .first = run.first, .count = 0}};
    bool follows = group.rows > 0;
    for (RowIndex row = run.first; row < run.first + run.count; ++row) {
      if (follows && is_over(group, {times[row]})) {
        if (piece.rows.count > 0) {
          pieces_.push_back(piece);
        }
        piece = {.rows = {.id = run.id, .first = row, .count = 0}, .begins_anew = true};
      }
      follows = true;
      group.last = times[row];
      ++piece.rows.count;
    }
    pieces_.push_back(piece);
  }

  // Whether a row of this time, or a later one, begins the key anew.
  bool is_over(const Group& group, EventTime time) const {
    return spec_.ttl_micros > 0 && later_by({group.last}, spec_.ttl_micros) < time;
  }

  // Keys that begin anew whatever comes. Looks eight times in a ttl, so that looking costs little.
  void find_idle() {
    if (spec_.ttl_micros == 0 || watermark_ < next_look_) {
      return;
    }
    next_look_ = next_look(watermark_, spec_.ttl_micros);
    for (GroupId id = 0; id < order_.keys(); ++id) {
      if (is_over(groups_[id], watermark_)) {
        idle_.push_back(id);
      }
    }
  }

  // Puts out the key's windows that are not full, and leaves it without rows. False: there is no
  // room.
  bool finish(GroupId id, Emitter& out) {
    if (!emit_rest(id, out)) {
      return false;
    }
    const std::span<const RowSlot> kept = kept_.get(id);
    released_.insert(released_.end(), kept.begin(), kept.end());
    kept_.drop_front(id, static_cast<std::uint32_t>(kept.size()));
    groups_[id] = {.rows = 0, .window = 0, .last = groups_[id].last};
    mark(id);
    return true;
  }

  void forget_idle(Emitter& out) {
    if (idle_.empty()) {
      return;
    }
    std::vector<GroupId> kept;
    for_each_dropped(idle_, order_.keys(), [&kept](GroupId id) { kept.push_back(id); });
    keep_only(kept);
    out.expire(idle_.size());
    idle_.clear();
    next_idle_ = 0;
  }

  void keep_only(std::span<const GroupId> kept) {
    state_.renumber(kept);
    kept_rows_.renumber(kept);
    order_.keep_only(kept);
    kept_.keep_only(kept);
    groups_.keep_only(kept);
  }

  // The first row that an unfinished window of the group has, or will have.
  std::uint64_t first_wanted(const Group& group) const { return group.window * spec_.step; }

  // The key's windows that these rows fill, then the rows left are kept. False: there is no room.
  bool emit_full(const KeyRun& run, Emitter& out) {
    Group& group = groups_[run.id];
    const std::uint64_t kept = kept_.size(run.id);
    const std::uint64_t first = group.rows - kept;
    const std::uint64_t end = group.rows + run.count;
    while (first_wanted(group) + spec_.rows <= end) {
      if (!make_room(out)) {
        return false;
      }
      choose(run, first_wanted(group) - first, spec_.rows, group.window);
      ++group.window;
    }
    keep(run, std::clamp(first_wanted(group), first, end) - first);
    group.rows = end;
    mark(run.id);
    return true;
  }

  // The windows that are not full.
  bool emit_rest(GroupId id, Emitter& out) {
    Group& group = groups_[id];
    const KeyRun none{.id = id, .first = 0, .count = 0};
    while (first_wanted(group) < group.rows) {
      if (!make_room(out)) {
        return false;
      }
      const std::uint64_t kept = kept_.size(id);
      const std::uint64_t at = first_wanted(group) - (group.rows - kept);
      choose(none, at, kept - at, group.window);
      ++group.window;
      mark(id);
    }
    return true;
  }

  void mark(GroupId id) { state_.mark({&id, 1}); }

  // `at` counts the key's kept rows, then those of the run.
  void choose(const KeyRun& run, std::uint64_t at, std::uint64_t count, std::uint64_t window) {
    chosen_.windows.push_back(
        {.begin = chosen_.rows.size(), .number = static_cast<std::int64_t>(window) + 1});
    const std::span<const RowSlot> kept = kept_.get(run.id);
    for (std::uint64_t i = at; i < at + count; ++i) {
      chosen_.rows.push_back(
          i < kept.size() ? RowRef::kept(kept[i])
                          : RowRef::in_batch(run.first + static_cast<RowIndex>(i - kept.size())));
    }
  }

  // Leaves the group without its rows before `at`, and with the others of the run.
  void keep(const KeyRun& run, std::uint64_t at) {
    const std::span<const RowSlot> kept = kept_.get(run.id);
    const std::size_t dropped = std::min<std::size_t>(at, kept.size());
    // Rows chosen and not yet out are read from where they are.
    released_.insert(released_.end(), kept.begin(),
                     kept.begin() + static_cast<std::ptrdiff_t>(dropped));
    kept_.drop_front(run.id, static_cast<std::uint32_t>(dropped));
    const auto skipped = static_cast<std::uint32_t>(at - dropped);
    const std::span<RowSlot> slots = kept_.append(run.id, run.count - skipped);
    std::vector<RowIndex> rows;
    for (RowSlot& slot : slots) {
      slot = rows_.obtain();
      rows.push_back(run.first + skipped + static_cast<RowIndex>(rows.size()));
      kept_rows_.add({.id = run.id, .number = next_number_++, .slot = slot});
    }
    if (!rows.empty()) {
      rows_.put(batch_, rows, slots);
    }
  }

  bool make_room(Emitter& out) {
    if (chosen_.rows.size() < kResultRows) {
      return true;
    }
    if (!out.has_room()) {
      return false;
    }
    flush(out);
    return true;
  }

  // Puts out what is chosen.
  void flush(Emitter& out) {
    if (!chosen_.rows.empty()) {
      out.emit(Port::kMain, chosen_batch());
      chosen_.rows.clear();
      chosen_.windows.clear();
    }
    for (const RowSlot slot : released_) {
      kept_rows_.remove(slot);
      rows_.release(slot);
    }
    released_.clear();
  }

  Batch chosen_batch() const {
    Batch batch;
    batch.length = static_cast<std::uint32_t>(chosen_.rows.size());
    batch.columns = rows_.rows(chosen_.rows, batch_, spec_.types.size() + 1);
    const Column times = std::move(batch.columns.back());
    batch.columns.pop_back();
    const auto micros = times.values<std::int64_t>();
    std::vector<std::int64_t> starts(batch.length);
    std::vector<std::int64_t> lasts(batch.length);
    std::vector<std::int64_t> numbers(batch.length);
    for (std::size_t i = 0; i < chosen_.windows.size(); ++i) {
      const std::size_t begin = chosen_.windows[i].begin;
      const std::size_t end =
          i + 1 < chosen_.windows.size() ? chosen_.windows[i + 1].begin : chosen_.rows.size();
      for (std::size_t row = begin; row < end; ++row) {
        starts[row] = micros[begin];
        lasts[row] = micros[end - 1];
        numbers[row] = chosen_.windows[i].number;
      }
    }
    const auto column = [&](TypeKind kind, auto value_at) {
      return fixed_column<std::int64_t>(type_of(kind), batch.length, value_at);
    };
    batch.columns.push_back(column(TypeKind::kTimestamp, [&](auto i) { return starts[i]; }));
    batch.columns.push_back(column(TypeKind::kTimestamp, [&](auto i) { return lasts[i] + 1; }));
    batch.columns.push_back(column(TypeKind::kTimestamp, [&](auto i) { return lasts[i]; }));
    batch.columns.push_back(column(TypeKind::kBigint, [&](auto i) { return numbers[i]; }));
    set_event_time(batch, column(TypeKind::kTimestamp,
                                 [&](auto i) { return std::max(lasts[i], told_.micros); }));
    batch.position = column(TypeKind::kBigint, [](auto i) { return static_cast<std::int64_t>(i); });
    batch.partition = fixed_column<std::int32_t>(type_of(TypeKind::kInt), batch.length,
                                                 [](std::size_t) { return std::int32_t{0}; });
    return batch;
  }

  void hold(Emitter& out) const {
    out.hold({.count = waiting_.rows(), .due = waiting_.first_time()});
  }

  const CountWindowsSpec spec_;
  KeyOrder order_;
  TimeOrderedRows waiting_;
  RowStore rows_;
  GroupQueues<RowSlot> kept_;  // By key: the last of its rows, from first_wanted() on.
  StateArray<Group> groups_;
  RowTable kept_rows_;  // Those of rows_, as they came.
  std::int64_t next_number_ = 0;
  State state_;
  EventTime watermark_ = kStartOfTime;
  EventTime told_ = kStartOfTime;  // The watermark that has left: no result is older.
  bool at_end_ = false;
  EventTime next_look_ = kStartOfTime;

  std::vector<Column> batch_;  // Rows that have passed, by key and in order.
  std::vector<Piece> pieces_;  // Of these rows, in order.
  std::size_t next_piece_ = 0;
  std::vector<GroupId> idle_;  // Keys to let go of, ascending.
  std::size_t next_idle_ = 0;
  GroupId next_group_ = 0;
  Chosen chosen_;
  std::vector<RowSlot> released_;
};

}  // namespace

std::unique_ptr<Operator> make_count_windows(CountWindowsSpec spec) {
  return std::make_unique<CountWindows>(std::move(spec));
}

}  // namespace thalweg
