#include "operators/group_aggregate.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "operators/group_table.h"
#include "operators/window_tables.h"

namespace thalweg {
namespace {

// The results of some groups; those not in `fit` have none.
struct GroupResults {
  std::vector<Column> columns;
  std::vector<bool> fit;
  std::vector<RowIndex> overflow;
};

bool rows_equal(const std::vector<Column>& a, const std::vector<Column>& b, RowIndex row) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (compare_rows(a[i], row, b[i], row) != 0) {
      return false;
    }
  }
  return true;
}

class GroupAggregate final : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateSpec spec)
      : aggregation_(std::move(spec.aggregation)),
        emit_(spec.emit),
        answers_for_empty_input_(spec.answers_for_empty_input),
        table_(aggregation_.spec(), emit_ == GroupEmit::kChanges
                                        ? GroupTable::RowCounter::kAccumulator
                                        : GroupTable::RowCounter::kIndex) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    if (columns.count == 0) {
      return Progress::kDone;
    }
    if (emit_ == GroupEmit::kAtEnd) {
      table_.add(columns, columns.all_rows(), columns.count);
      out.hold({.count = table_.size(), .due = kEndOfTime});
    } else {
      update_and_emit(columns, out);
    }
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    aggregation_.set_time(clock, now);
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

 private:
  bool has_keys() const { return !aggregation_.spec().keys.empty(); }

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
    const std::uint32_t first_new = table_.size();
    const KeyIndex::Rows rows = columns.all_rows();
    const std::span<const GroupId> ids = table_.find_groups(columns, rows, columns.count);
    std::vector<GroupId> touched(ids.begin(), ids.end());
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    // What was emitted last is computed again from state that has not changed since, hence equal to
    // the last bit.
    const GroupResults before = results(touched, first_new);
    table_.update(columns, rows, ids);
    emit_changes(before, results(touched, table_.size()), out);
  }

  // Groups from `first_new` on have no result yet.
  GroupResults results(const std::vector<GroupId>& ids, GroupId first_new) {
    GroupResults results;
    results.columns = table_.results(ids, results.overflow);
    for (const GroupId id : ids) {
      results.fit.push_back(id < first_new && (!has_keys() || table_.is_live(id)));
    }
    for (const RowIndex row : results.overflow) {
      results.fit[row] = false;
    }
    return results;
  }

  // -old and +new of each touched group whose result is not what it was, adjacent.
  static void emit_changes(const GroupResults& before, const GroupResults& after, Emitter& out) {
    const auto count = static_cast<RowIndex>(after.fit.size());
    std::vector<RowIndex> picked;  // Old rows by number, new ones behind them.
    ColumnBuilder changes(type_of(TypeKind::kSmallint), 2 * count);
    for (RowIndex i = 0; i < count; ++i) {
      if (before.fit[i] && after.fit[i] && rows_equal(before.columns, after.columns, i)) {
        continue;
      }
      if (before.fit[i]) {
        picked.push_back(i);
        changes.append(std::int16_t{-1});
      }
      if (after.fit[i]) {
        picked.push_back(count + i);
        changes.append(std::int16_t{1});
      }
    }
    reject_overflow(after, out);
    Batch batch;
    batch.length = static_cast<std::uint32_t>(picked.size());
    for (std::size_t i = 0; i < after.columns.size(); ++i) {
      const Column both[] = {before.columns[i], after.columns[i]};
      batch.columns.push_back(gather(concat_columns(both), picked));
    }
    batch.changes = changes.finish();
    out.emit(Port::kMain, std::move(batch));
  }

  static void reject_overflow(const GroupResults& after, Emitter& out) {
    if (after.overflow.empty()) {
      return;
    }
    Batch batch;
    batch.length = static_cast<std::uint32_t>(after.fit.size());
    batch.columns = after.columns;
    out.reject(batch, after.overflow, RowError::kOverflow);
  }

  Aggregation aggregation_;
  const GroupEmit emit_;
  const bool answers_for_empty_input_;
  GroupTable table_;
  bool at_end_ = false;
  std::uint32_t emitted_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_group_aggregate(GroupAggregateSpec spec) {
  return std::make_unique<GroupAggregate>(std::move(spec));
}

}  // namespace thalweg
