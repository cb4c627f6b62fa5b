#include "operators/group_aggregate.h"

#include <algorithm>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "operators/group_state.h"
#include "operators/group_table.h"
#include "operators/window_tables.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// The results of some groups, without their keys; those not in `fit` have none.
struct GroupResults {
  std::vector<Column> columns;
  std::vector<char> fit;
  std::vector<RowIndex> overflow;
};

// Which groups have not the same result before and after, or one of them only.
std::vector<char> find_different(const GroupResults& before, const GroupResults& after) {
  const auto count = static_cast<RowIndex>(after.fit.size());
  std::vector<char> different(count);
  std::vector<RowIndex> equal;  // As far as has been looked.
  for (RowIndex i = 0; i < count; ++i) {
    different[i] = before.fit[i] != after.fit[i] ? 1 : 0;
    if (before.fit[i] != 0 && after.fit[i] != 0) {
      equal.push_back(i);
    }
  }
  for (std::size_t column = 0; column < after.columns.size() && !equal.empty(); ++column) {
    std::erase_if(equal, [&](RowIndex i) {
      const bool differs = compare_rows(before.columns[column], i, after.columns[column], i) != 0;
      different[i] |= differs ? 1 : 0;
      return differs;
    });
  }
  return different;
}

// The one table of a GROUP BY, for its state.
class OneTable final : public TablesOfGroups {
 public:
  explicit OneTable(GroupTable& groups) : groups_(groups) {}

  void append_tables(std::vector<Table>& tables) override {
    tables.push_back({.pane = {}, .groups = &groups_});
  }
  GroupTable& table_of(const Pane& /*pane*/) override { return groups_; }
  void note_changes() override { groups_.note_changes(); }

 private:
  GroupTable& groups_;
};

class GroupAggregate final : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateSpec spec)
      : aggregation_(std::move(spec.aggregation)),
        emit_(spec.emit),
        answers_for_empty_input_(spec.answers_for_empty_input),
        idle_(spec.ttl),
        table_(aggregation_.spec(), emit_ == GroupEmit::kChanges
                                        ? GroupTable::RowCounter::kAccumulator
                                        : GroupTable::RowCounter::kIndex) {}

  Result<std::vector<StateTable*>> state_tables() override {
    state_ = make_group_state({.aggregation = aggregation_.spec(),
                               .tables = tables_,
                               .idle = idle_.on() ? &idle_ : nullptr});
    return borrow_tables(state_);
  }

  void restored(EventTime watermark) override {
    aggregation_.set_time(Clock::kWatermark, watermark);
    if (idle_.on()) {
      const std::vector<GroupId> kept = idle_.restored(table_.size(), watermark);
      if (kept.size() < table_.size()) {
        table_.keep_only(kept);
        idle_.keep_only(kept);
      }
    }
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    if (columns.count == 0) {
      return Progress::kDone;
    }
    if (emit_ == GroupEmit::kAtEnd) {
      out.reject(columns.batch, table_.add(columns, columns.all_rows(), columns.count),
                 RowError::kNotThere);
      out.hold({.count = table_.size(), .due = kEndOfTime});
    } else {
      update_and_emit(columns, out);
    }
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
    forget_idle(clock, now, out);
    if (clock != Clock::kWatermark || now != kEndOfTime) {
      return Progress::kDone;
    }
    const bool was_empty = table_.size() == 0;
    if (!has_keys() && answers_for_empty_input_) {
      table_.ensure_one_group();
    }
    // Changes have told everything but the row that stands for no rows.
    at_end_ = emit_ == GroupEmit::kAtEnd || was_empty;
    return emit_all(out);
  }

  Result<Progress> resume(Emitter& out) override { return emit_all(out); }

  Kept kept() const override { return {.count = table_.size(), .bytes = table_.memory_bytes()}; }

 private:
  bool has_keys() const { return !aggregation_.spec().keys.empty(); }

  void forget_idle(Clock clock, EventTime now, Emitter& out) {
    if (const auto kept = idle_.find_kept(clock, now)) {
      out.expire(table_.size() - kept->size());
      table_.keep_only(*kept);
      idle_.keep_only(*kept);
      is_touched_.clear();
    }
  }

  Progress emit_all(Emitter& out) {
    while (at_end_ && emitted_ < table_.size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::uint32_t count = std::min(kResultRows, table_.size() - emitted_);
      std::vector<GroupId> ids;
      for (GroupId id = emitted_; id < emitted_ + count; ++id) {
        if (!has_keys() || table_.is_live(id)) {
          ids.push_back(id);
        }
      }
      emitted_ += count;
      Batch batch;
      batch.length = static_cast<std::uint32_t>(ids.size());
      std::vector<RowIndex> overflow;
      batch.columns = table_.results(ids, overflow);
      emit_results(std::move(batch), overflow, out);
    }
    out.hold({});
    return Progress::kDone;
  }

  void update_and_emit(const AggregateColumns& columns, Emitter& out) {
    const GroupId first_new = table_.size();
    const KeyIndex::Rows rows = columns.all_rows();
    const std::span<const GroupId> ids = table_.find_groups(columns, rows, columns.count);
    collect_touched(ids);
    // What was emitted last is computed again from state that has not changed since, hence equal to
    // the last bit.
    const GroupResults before = results(first_new);
    if (idle_.on()) {
      idle_.touch(columns.batch, rows, ids);
    }
    out.reject(columns.batch, table_.update(columns, rows, ids), RowError::kNotThere);
    emit_changes(before, results(table_.size()), out);
  }

  // Each group once, in the order in which they come.
  void collect_touched(std::span<const GroupId> ids) {
    is_touched_.grow_to(table_.size());
    touched_.resize(ids.size());
    std::size_t count = 0;
    for (const GroupId id : ids) {
      touched_[count] = id;
      count += is_touched_[id] == 0 ? 1 : 0;
      is_touched_[id] = 1;
    }
    touched_.resize(count);
    for (const GroupId id : touched_) {
      is_touched_[id] = 0;
    }
  }

  // Of the touched groups. Those from `first_new` on have no result yet.
  GroupResults results(GroupId first_new) {
    GroupResults results;
    results.columns = table_.aggregates(touched_, results.overflow);
    results.fit.reserve(touched_.size());
    for (const GroupId id : touched_) {
      results.fit.push_back(id < first_new && (!has_keys() || table_.is_live(id)) ? 1 : 0);
    }
    for (const RowIndex row : results.overflow) {
      results.fit[row] = 0;
    }
    return results;
  }

  // -old and +new of each touched group whose result is not what it was, adjacent.
  void emit_changes(const GroupResults& before, const GroupResults& after, Emitter& out) const {
    const auto count = static_cast<RowIndex>(touched_.size());
    const std::vector<char> different = find_different(before, after);
    std::vector<RowIndex> groups;  // Of each row that goes out, as a place among the touched.
    std::vector<RowIndex> picked;  // Old results by number, new ones behind them.
    ColumnBuilder changes(type_of(TypeKind::kSmallint), 2 * count);
    const auto pick = [&](RowIndex group, RowIndex result, std::int16_t change) {
      groups.push_back(group);
      picked.push_back(result);
      changes.append(change);
    };
    for (RowIndex i = 0; i < count; ++i) {
      if (different[i] != 0 && before.fit[i] != 0) {
        pick(i, i, -1);
      }
      if (different[i] != 0 && after.fit[i] != 0) {
        pick(i, count + i, 1);
      }
    }
    std::vector<Column> keys = table_.keys(touched_);
    reject_overflow(keys, after, out);
    Batch batch;
    batch.length = static_cast<std::uint32_t>(picked.size());
    for (const Column& key : keys) {
      batch.columns.push_back(gather(key, groups));
    }
    for (std::size_t i = 0; i < after.columns.size(); ++i) {
      const Column both[] = {before.columns[i], after.columns[i]};
      batch.columns.push_back(gather(concat_columns(both), picked));
    }
    batch.changes = changes.finish();
    out.emit(Port::kMain, std::move(batch));
  }

  static void reject_overflow(const std::vector<Column>& keys, const GroupResults& after,
                              Emitter& out) {
    if (after.overflow.empty()) {
      return;
    }
    Batch batch;
    batch.length = static_cast<std::uint32_t>(after.fit.size());
    batch.columns = keys;
    batch.columns.insert(batch.columns.end(), after.columns.begin(), after.columns.end());
    out.reject(batch, after.overflow, RowError::kOverflow);
  }

  Aggregation aggregation_;
  const GroupEmit emit_;
  const bool answers_for_empty_input_;
  IdleKeys idle_;
  GroupTable table_;
  OneTable tables_{table_};
  std::vector<std::unique_ptr<StateTable>> state_;
  bool at_end_ = false;
  std::uint32_t emitted_ = 0;
  StateArray<char> is_touched_;   // By group; only while touched_ is collected.
  std::vector<GroupId> touched_;  // By the batch at hand.
};

}  // namespace

std::unique_ptr<Operator> make_group_aggregate(GroupAggregateSpec spec) {
  return std::make_unique<GroupAggregate>(std::move(spec));
}

}  // namespace thalweg
