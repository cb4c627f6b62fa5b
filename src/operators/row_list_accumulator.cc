#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/builder.h"
#include "operators/accumulator.h"
#include "operators/row_order.h"
#include "state/group_lists.h"
#include "state/value_codec.h"

namespace thalweg {
namespace {

// Keeps every row of a group. A row taken back is kept as such and cancelled against its equal when
// the group's result is next asked for.
class RowListAccumulator final : public Accumulator {
 public:
  explicit RowListAccumulator(const AggregateCall& call)
      : order_(call), kind_(call.kind), type_(call.type) {}

  void grow_to(std::uint32_t count) override { lists_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args, const Batch& batch) override {
    const OrderedRows rows = RowOrder::rows_of(args, batch);
    std::string record;
    for_each_row(update, [&](GroupId id, RowIndex row) {
      if (is_extreme() && !args[0].is_valid(row)) {
        return;
      }
      record.clear();
      append_plain(update.changes == nullptr ? std::int16_t{1} : update.changes[row], record);
      append_row(rows, row, record);
      lists_.append(id, record);
    });
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) override {
    ColumnBuilder builder(type_, static_cast<std::uint32_t>(ids.size()));
    for (const GroupId id : ids) {
      append_result(id, builder);
    }
    return builder.finish();
  }

  Schema state_columns() const override { return {{"rows", type_of(TypeKind::kBytea)}}; }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    ColumnBuilder builder(type_of(TypeKind::kBytea), static_cast<std::uint32_t>(ids.size()));
    std::string bytes;
    for (const GroupId id : ids) {
      bytes.clear();
      lists_.for_each(id, [&](std::string_view record) { append_record(record, bytes); });
      if (bytes.empty()) {
        builder.append_null();
      } else {
        builder.append_text(bytes);
      }
    }
    out.push_back(builder.finish());
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    bool fits = true;
    for_each_row(rows, [&](GroupId id, RowIndex row) {
      std::vector<std::string_view> views;
      if (state[0].is_valid(row) && !read_records(state[0].text(row), views)) {
        fits = false;
      }
      fits &= std::ranges::all_of(views, [this](std::string_view view) { return is_record(view); });
      if (fits) {
        lists_.replace(id, std::vector<std::string>(views.begin(), views.end()));
      }
    });
    return fits ? Status() : wrong_state("not the bytes of rows");
  }

  void keep_only(std::span<const GroupId> kept) override { lists_.keep_only(kept); }
  void clear() override { lists_.clear(); }
  std::size_t memory_bytes() const override { return lists_.memory_bytes(); }

 private:
  bool is_extreme() const { return kind_ == AggregateKind::kMin || kind_ == AggregateKind::kMax; }
  bool is_record(std::string_view bytes) const {
    if (bytes.size() < sizeof(std::int16_t)) {
      return false;
    }
    const auto change = read_plain<std::int16_t>(bytes);
    return (change == 1 || change == -1) && order_.is_row(bytes);
  }
  bool takes_last() const {
    return kind_ == AggregateKind::kLastValue || kind_ == AggregateKind::kMax;
  }

  void append_result(GroupId id, ColumnBuilder& builder) {
    OrderedRowsBuilder rows_builder(order_);
    std::vector<std::int16_t> changes;
    lists_.for_each(id, [&](std::string_view record) {
      changes.push_back(read_plain<std::int16_t>(record));
      rows_builder.append(record);
    });
    const OrderedRows rows = rows_builder.finish();
    std::vector<RowIndex> live(rows.length);
    std::iota(live.begin(), live.end(), 0);
    if (std::find(changes.begin(), changes.end(), -1) != changes.end()) {
      live = cancelled(rows, changes);
      keep_only(id, rows, live);
    }
    if (live.empty()) {
      builder.append_null();
      return;
    }
    const auto before = [&](RowIndex a, RowIndex b) {
      return order_.compare(rows, a, rows, b) < 0;
    };
    if (kind_ == AggregateKind::kArrayAgg) {
      std::stable_sort(live.begin(), live.end(), before);
      for (const RowIndex row : live) {
        builder.child(0).append_from(rows.columns[0], row);
      }
      builder.close_row();
    } else {
      const auto best = takes_last() ? std::max_element(live.begin(), live.end(), before)
                                     : std::min_element(live.begin(), live.end(), before);
      builder.append_from(rows.columns[0], *best);
    }
  }

  // The rows left when each -1 has cancelled one +1 of equal value before it, of equal origin if
  // there is one.
  std::vector<RowIndex> cancelled(const OrderedRows& rows,
                                  const std::vector<std::int16_t>& changes) const {
    std::vector<RowIndex> sorted(rows.length);
    std::iota(sorted.begin(), sorted.end(), 0);
    std::stable_sort(sorted.begin(), sorted.end(), [&](RowIndex a, RowIndex b) {
      return order_.compare_values(rows, a, rows, b) < 0;
    });
    std::vector<RowIndex> live;
    for (auto begin = sorted.begin(); begin != sorted.end();) {
      auto end = begin;
      std::vector<RowIndex> added;  // In the order in which they came, as far as they stand.
      for (; end != sorted.end() && order_.compare_values(rows, *begin, rows, *end) == 0; ++end) {
        if (changes[*end] > 0) {
          added.push_back(*end);
        } else {
          cancel_one(rows, *end, added);
        }
      }
      live.insert(live.end(), added.begin(), added.end());
      begin = end;
    }
    std::sort(live.begin(), live.end());
    return live;
  }

  void cancel_one(const OrderedRows& rows, RowIndex gone, std::vector<RowIndex>& added) const {
    if (added.empty()) {
      return;  // Nothing to take back: an input that retracts what it never gave.
    }
    const auto same = std::find_if(added.rbegin(), added.rend(), [&](RowIndex row) {
      return order_.compare(rows, row, rows, gone) == 0;
    });
    added.erase(same == added.rend() ? added.end() - 1 : std::next(same).base());
  }

  void keep_only(GroupId id, const OrderedRows& rows, const std::vector<RowIndex>& live) {
    std::vector<std::string> records;
    for (const RowIndex row : live) {
      std::string& record = records.emplace_back();
      append_plain(std::int16_t{1}, record);
      append_row(rows, row, record);
    }
    lists_.replace(id, records);
  }

  const RowOrder order_;
  const AggregateKind kind_;
  const Type type_;
  GroupLists lists_;
};

}  // namespace

std::unique_ptr<Accumulator> make_row_list_accumulator(const AggregateCall& call) {
  return std::make_unique<RowListAccumulator>(call);
}

}  // namespace thalweg
