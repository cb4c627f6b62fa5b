#include "operators/ordered_accumulator.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

// Values kept per group as rows of one log; a group names its rows.
class OrderedAccumulator final : public Accumulator {
 public:
  explicit OrderedAccumulator(const AggregateCall& call) : call_(call) {
    for (const ExprPtr& arg : call.args) {
      log_.emplace_back(arg->type);
    }
    for (const AggregateCall::Order& order : call.order_by) {
      log_.emplace_back(order.expr->type);
    }
  }

  void grow_to(std::uint32_t count) override {
    if (count > groups_.size()) {
      groups_.resize(count);
    }
  }

  void update(const UpdateRows& update, std::span<const Column> args,
              const RowOrder& order) override {
    for (std::size_t i = 0; i < update.ids.size(); ++i) {
      const RowIndex row = update.rows[i];
      if (skips_nulls() && !args[0].is_valid(row)) {
        continue;
      }
      for (std::size_t column = 0; column < log_.size(); ++column) {
        log_[column].append_from(args[column], row);
      }
      groups_[update.ids[i]].push_back({origin_of(order.batch, row), log_[0].length() - 1});
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) const override {
    seal();
    ColumnBuilder builder(call_.type, static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      std::vector<Entry> rows = groups_[id];
      if (rows.empty()) {
        builder.append_null();
        continue;
      }
      const auto before = [this](const Entry& a, const Entry& b) { return is_before(a, b); };
      if (call_.kind == AggregateKind::kArrayAgg) {
        std::stable_sort(rows.begin(), rows.end(), before);
        for (const Entry& entry : rows) {
          builder.child(0).append_from(sealed_[0], entry.row);
        }
        builder.close_row();
      } else if (takes_last()) {
        // The last of equal ones: the latest arrival.
        auto best = rows.begin();
        for (auto entry = rows.begin(); entry != rows.end(); ++entry) {
          best = is_before(*entry, *best) ? best : entry;
        }
        builder.append_from(sealed_[0], best->row);
      } else {
        builder.append_from(sealed_[0], std::min_element(rows.begin(), rows.end(), before)->row);
      }
    }
    return builder.finish();
  }

  void clear() override {
    groups_.clear();
    sealed_.clear();
    for (ColumnBuilder& builder : log_) {
      builder.truncate(0);
    }
  }

 private:
  using Origin = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
  struct Entry {
    Origin origin;
    RowIndex row;  // In the log.
  };

  bool is_extreme() const {
    return call_.kind == AggregateKind::kMin || call_.kind == AggregateKind::kMax;
  }
  bool skips_nulls() const { return is_extreme(); }
  bool takes_last() const {
    return call_.kind == AggregateKind::kLastValue || call_.kind == AggregateKind::kMax;
  }

  static Origin origin_of(const Batch& batch, RowIndex row) {
    return {batch.event_time ? batch.event_time->values<std::int64_t>()[row] : 0,
            batch.partition ? batch.partition->values<std::int32_t>()[row] : 0,
            batch.position ? batch.position->values<std::int64_t>()[row] : 0};
  }

  bool is_before(const Entry& a, const Entry& b) const {
    if (is_extreme()) {
      return compare_rows(sealed_[0], a.row, sealed_[0], b.row) < 0;
    }
    for (std::size_t i = 0; i < call_.order_by.size(); ++i) {
      const AggregateCall::Order& order = call_.order_by[i];
      const Column& column = sealed_[call_.args.size() + i];
      const bool valid_a = column.is_valid(a.row);
      const bool valid_b = column.is_valid(b.row);
      if (valid_a != valid_b) {
        return valid_a != order.nulls_first;
      }
      const int compared = compare_rows(column, a.row, column, b.row);
      if (compared != 0) {
        return order.descending ? compared > 0 : compared < 0;
      }
    }
    return a.origin < b.origin;
  }

  // Makes the log readable; what is appended later starts from these rows again.
  void seal() const {
    if (!sealed_.empty() && sealed_[0].length() == log_[0].length()) {
      return;
    }
    sealed_.clear();
    for (ColumnBuilder& builder : log_) {
      Column column = builder.finish();
      for (RowIndex row = 0; row < column.length(); ++row) {
        builder.append_from(column, row);
      }
      sealed_.push_back(std::move(column));
    }
  }

  const AggregateCall call_;
  mutable std::vector<ColumnBuilder> log_;  // Arguments, then ORDER BY expressions.
  mutable std::vector<Column> sealed_;
  std::vector<std::vector<Entry>> groups_;
};

}  // namespace

std::unique_ptr<Accumulator> make_ordered_accumulator(const AggregateCall& call) {
  return std::make_unique<OrderedAccumulator>(call);
}

}  // namespace thalweg
