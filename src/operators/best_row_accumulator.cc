#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/builder.h"
#include "operators/accumulator.h"
#include "operators/row_order.h"
#include "state/group_records.h"
#include "state/state_array.h"
#include "state/value_codec.h"

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

  Schema state_columns() const override { return {{"row", type_of(TypeKind::kBytea)}}; }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    ColumnBuilder builder(type_of(TypeKind::kBytea), static_cast<std::uint32_t>(ids.size()));
    std::string bytes;
    for (const GroupId id : ids) {
      if (bests_.has(id)) {
        bytes.clear();
        append_record(bests_.get(id), bytes);
        builder.append_text(bytes);
      } else {
        builder.append_null();
      }
    }
    out.push_back(builder.finish());
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    bool fits = true;
    std::vector<std::string_view> records;
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      records.clear();
      if (!state[0].is_valid(row)) {
        bests_.erase(id);
      } else if (!read_records(state[0].text(row), records) || records.size() != 1 ||
                 !order_.is_row(records[0])) {
        fits = false;
      } else {
        bests_.put(id, records[0]);
      }
    });
    return fits ? Status() : wrong_state("not the bytes of a row");
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
