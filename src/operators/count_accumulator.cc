#include "operators/accumulator.h"
#include "operators/fixed_column.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

class CountAccumulator final : public Accumulator {
 public:
  explicit CountAccumulator(bool every_row) : every_row_(every_row) {}

  void grow_to(std::uint32_t count) override { counts_.grow_to(count); }

  void update(const UpdateRows& update, std::span<const Column> args,
              const Batch& /*batch*/) override {
    std::int64_t* const counts = counts_.data();
    const bool all_count = every_row_ || !args[0].may_have_nulls();
    const std::int16_t* const changes = update.changes;
    if (all_count && changes == nullptr) {
      for (const GroupId id : update.ids) {
        ++counts[id];
      }
    } else if (all_count) {
      for_each_row(update, [=](GroupId id, RowIndex row) { counts[id] += changes[row]; });
    } else {
      const Column& arg = args[0];
      for_each_row(update, [=, &arg](GroupId id, RowIndex row) {
        counts[id] += arg.is_valid(row) ? (changes == nullptr ? 1 : changes[row]) : 0;
      });
    }
  }

  Column results(std::span<const GroupId> ids, std::vector<RowIndex>& /*overflow*/) override {
    return fixed_column<std::int64_t>(type_of(TypeKind::kBigint), ids.size(),
                                      [&](std::size_t i) { return counts_[ids[i]]; });
  }

  void append_partials(std::span<const GroupId> ids, std::vector<Column>& out) override {
    std::vector<RowIndex> none;
    out.push_back(results(ids, none));
  }

  void merge(const UpdateRows& update, std::span<const Column> partials) override {
    std::int64_t* const counts = counts_.data();
    const std::int64_t* const added = partials[0].values<std::int64_t>().data();
    for_each_row(update, [=](GroupId id, RowIndex row) { counts[id] += added[row]; });
  }

  void combine(Combine how, std::span<const GroupId> ids, const Accumulator& from,
               std::span<const GroupId> from_ids) override {
    const auto& other = static_cast<const CountAccumulator&>(from);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::int64_t& count = counts_[ids[i]];
      const std::int64_t change = other.counts_[from_ids[i]];
      count = how == Combine::kReplace ? change : count + (how == Combine::kAdd ? change : -change);
    }
  }

  Schema state_columns() const override { return {{"count", type_of(TypeKind::kBigint)}}; }

  void append_state(std::span<const GroupId> ids, std::vector<Column>& out) override {
    append_partials(ids, out);
  }

  Status restore_state(const UpdateRows& rows, std::span<const Column> state) override {
    const auto counts = state[0].values<std::int64_t>();
    for_each_row(rows, [&](GroupId id, RowIndex row) { counts_[id] = counts[row]; });
    return {};
  }

  void keep_only(std::span<const GroupId> kept) override { counts_.keep_only(kept); }
  void clear() override { counts_.clear(); }
  std::size_t memory_bytes() const override { return counts_.memory_bytes(); }

 private:
  const bool every_row_;
  StateArray<std::int64_t> counts_;
};

}  // namespace

std::unique_ptr<Accumulator> make_count_accumulator(bool every_row) {
  return std::make_unique<CountAccumulator>(every_row);
}

}  // namespace thalweg
