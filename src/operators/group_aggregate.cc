#include "operators/group_aggregate.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"
#include "operators/window_tables.h"

namespace thalweg {
namespace {

class GroupAggregate final : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateSpec spec)
      : aggregation_(std::move(spec.aggregation)),
        emit_(spec.emit),
        answers_for_empty_input_(spec.answers_for_empty_input),
        table_(aggregation_.make_table()) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const AggregateColumns columns = aggregation_.prepare(std::move(batch), out);
    const std::uint32_t before = table_->size();
    const std::span<const GroupId> ids =
        table_->find_groups(columns, columns.all_rows(), columns.count);
    if (emit_ == GroupEmit::kAtEnd) {
      table_->add(columns, columns.all_rows(), ids);
      return Progress::kDone;
    }
    std::vector<GroupId> touched(ids.begin(), ids.end());
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    std::vector<RowIndex> unfit_before;
    const std::vector<Column> old_rows = table_->results(touched, unfit_before);
    table_->add(columns, columns.all_rows(), ids);
    emit_changes(touched, before, old_rows, unfit_before, out);
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock == Clock::kWatermark && now == kEndOfTime && emit_ == GroupEmit::kAtEnd) {
      if (aggregation_.spec().keys.empty() && answers_for_empty_input_) {
        table_->ensure_one_group();
      }
      return emit_all(out);
    }
    return Progress::kDone;
  }

  Result<Progress> resume(Emitter& out) override { return emit_all(out); }

 private:
  Progress emit_all(Emitter& out) {
    while (emitted_ < table_->size()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::uint32_t count = std::min(kResultRows, table_->size() - emitted_);
      std::vector<GroupId> ids(count);
      std::iota(ids.begin(), ids.end(), emitted_);
      emitted_ += count;
      Batch batch;
      batch.length = count;
      std::vector<RowIndex> overflow;
      batch.columns = table_->results(ids, overflow);
      emit_results(std::move(batch), overflow, out);
    }
    return Progress::kDone;
  }

  // -old and +new of each touched group whose result is not what it was, adjacent.
  void emit_changes(const std::vector<GroupId>& touched, std::uint32_t first_new,
                    const std::vector<Column>& old_rows, const std::vector<RowIndex>& unfit_before,
                    Emitter& out) {
    std::vector<RowIndex> unfit;
    const std::vector<Column> new_rows = table_->results(touched, unfit);
    const auto contains = [](const std::vector<RowIndex>& rows, RowIndex row) {
      return std::binary_search(rows.begin(), rows.end(), row);
    };
    const auto count = static_cast<RowIndex>(touched.size());
    std::vector<RowIndex> picked;  // Old rows by number, new ones behind them.
    ColumnBuilder changes(type_of(TypeKind::kSmallint), 2 * count);
    for (RowIndex i = 0; i < count; ++i) {
      const bool had = touched[i] < first_new && !contains(unfit_before, i);
      const bool has = !contains(unfit, i);
      if (had && has && rows_equal(old_rows, new_rows, i)) {
        continue;
      }
      if (had) {
        picked.push_back(i);
        changes.append(std::int16_t{-1});
      }
      if (has) {
        picked.push_back(count + i);
        changes.append(std::int16_t{1});
      }
    }
    Batch batch;
    batch.length = static_cast<std::uint32_t>(picked.size());
    for (std::size_t i = 0; i < new_rows.size(); ++i) {
      const Column both[] = {old_rows[i], new_rows[i]};
      batch.columns.push_back(gather(concat_columns(both), picked));
    }
    batch.changes = changes.finish();
    out.emit(Port::kMain, std::move(batch));
  }

  static bool rows_equal(const std::vector<Column>& a, const std::vector<Column>& b, RowIndex row) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (compare_rows(a[i], row, b[i], row) != 0) {
        return false;
      }
    }
    return true;
  }

  Aggregation aggregation_;
  const GroupEmit emit_;
  const bool answers_for_empty_input_;
  std::unique_ptr<GroupTable> table_;
  std::uint32_t emitted_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_group_aggregate(GroupAggregateSpec spec) {
  return std::make_unique<GroupAggregate>(std::move(spec));
}

}  // namespace thalweg
