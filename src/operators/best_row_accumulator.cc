#include <limits>
#include <string>

#include "columnar/builder.h"
#include "operators/accumulator.h"
#include "operators/row_order.h"
#include "state/group_records.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// Keeps for each group the one row that comes first, or last, in the call's order.
class BestRowAccumulator final : public Accumulator {
 public:
  explicit BestRowAccumulator(const AggregateCall& call)
      : order_(call),
        type_(call.type),
        takes_last_(call.kind == AggregateKind::kLastValue || call.kind == AggregateKind::kMax),
        skips_nulls_(call.kind == AggregateKind::kMin || call.kind == AggregateKind::kMax) {}

  void grow_to(std::uint32_t count) override {
    bests_.grow_to(count);
    in_batch_.grow_to(count);
  }

  void update(const UpdateRows& update, std::span<const Column> args, const Batch& batch) override {
    const OrderedRows rows = RowOrder::rows_of(args, batch);
    // First the best row of each group within the batch: only those meet the ones kept.
    std::vector<GroupId> touched;
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (skips_nulls_ && !args[0].is_valid(row)) {
        return;
      }
      RowIndex& best = in_batch_[id];  // Plus one; 0: none yet.
      if (best == 0) {
        touched.push_back(id);
        best = row + 1;
      } else if (is_better(rows, row, rows, best - 1)) {
        best = row + 1;
      }
    });
    OrderedRowsBuilder builder(order_);
    for (const GroupId id : touched) {
      if (bests_.has(id)) {
        std::string_view record = bests_.get(id);
        builder.append(record);
      }
    }
    const OrderedRows kept = builder.finish();
    RowIndex next_kept = 0;
    std::string record;
    for (const GroupId id : touched) {
      const RowIndex row = in_batch_[id] - 1;
      in_batch_[id] = 0;
      const bool better = !bests_.has(id) || is_better(rows, row, kept, next_kept++);
      if (better) {
        record.clear();
        append_row(rows, row, record);
        bests_.put(id, record);
      }
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) override {
    OrderedRowsBuilder builder(order_);
    constexpr RowIndex kNone = std::numeric_limits<RowIndex>::max();
    std::vector<RowIndex> places;
    RowIndex found = 0;
    for (const GroupId id : ids) {
      places.push_back(bests_.has(id) ? found++ : kNone);
      if (bests_.has(id)) {
        std::string_view record = bests_.get(id);
        builder.append(record);
      }
    }
    const OrderedRows rows = builder.finish();
    ColumnBuilder values(type_, static_cast<std::uint32_t>(ids.size()));
    for (const RowIndex place : places) {
      if (place == kNone) {
        values.append_null();
      } else {
        values.append_from(rows.columns[0], place);
      }
    }
    return values.finish();
  }

  void keep_only(std::span<const GroupId> kept) override {
    bests_.keep_only(kept);
    in_batch_.keep_only(kept);
  }
  void clear() override {
    bests_.clear();
    in_batch_.clear();
  }
  std::size_t memory_bytes() const override {
    return bests_.memory_bytes() + in_batch_.memory_bytes();
  }

 private:
  bool is_better(const OrderedRows& a, RowIndex row_a, const OrderedRows& b, RowIndex row_b) const {
    const int compared = order_.compare(a, row_a, b, row_b);
    return takes_last_ ? compared > 0 : compared < 0;
  }

  const RowOrder order_;
  const Type type_;
  const bool takes_last_;
  const bool skips_nulls_;
  GroupRecords bests_;
  StateArray<RowIndex> in_batch_;  // By group; all 0 between updates.
};

}  // namespace

std::unique_ptr<Accumulator> make_best_row_accumulator(const AggregateCall& call) {
  return std::make_unique<BestRowAccumulator>(call);
}

}  // namespace thalweg
