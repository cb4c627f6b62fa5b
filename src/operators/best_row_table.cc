#include <numeric>
#include <utility>

#include "operators/fixed_column.h"
#include "operators/top_n_keys.h"
#include "operators/top_n_rows.h"
#include "operators/top_n_table.h"
#include "state/key_table.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// The first row of each key, kept under the key's own number. Of a batch only the best row of a key
// is looked at again.
class BestRowTable final : public TopNTable {
 public:
  explicit BestRowTable(const TopNSpec& spec)
      : spec_(spec), keys_(spec), rows_(spec), state_(*this) {}

  void add(const Batch& batch) override {
    find_best(batch);
    keep_best();
  }

  Changes add_and_compare(const Batch& batch) override {
    find_best(batch);
    picked_.clear();
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      const RowRef best = RowRef::in_batch(best_rows_[i]);
      if (touched_[i] < first_new_) {
        const RowRef old = RowRef::kept(touched_[i]);
        if (rows_.have_equal_values(old, best)) {
          continue;
        }
        picked_.add(touched_[i], old, -1);
      }
      picked_.add(touched_[i], best, 1);
    }
    Changes changes{.columns = columns_of(picked_), .changes = picked_.changes};
    keep_best();
    return changes;
  }

  std::vector<Column> results(GroupId begin, GroupId end) override {
    picked_.clear();
    for (GroupId id = begin; id < end; ++id) {
      picked_.add(id, RowRef::kept(id), 1);
    }
    return columns_of(picked_);
  }

  std::uint32_t size() const override { return keys_.size(); }

  std::span<const GroupId> last_keys() const override { return keys_.found(); }

  void keep_only(std::span<const GroupId> kept) override {
    const std::vector<Column> rows = rows_.stored(refs_of(kept));
    std::vector<RowIndex> places(kept.size());  // Those of their keys' numbers.
    std::iota(places.begin(), places.end(), 0U);
    rows_.clear();
    rows_.store().grow_to(static_cast<RowSlot>(kept.size()));
    rows_.store().put(rows, places, places);
    words_.keep_only(kept);
    best_.keep_only(kept);
    state_.renumber(kept);
    keys_.keep_only(kept);
  }

  void clear() override {
    keys_.clear();
    rows_.clear();
    words_.clear();
    best_.clear();
    state_.clear();
  }

  const std::unique_ptr<KeyIndex>& index() const override { return keys_.index(); }
  StateTable& state() override { return state_; }

  std::vector<GroupId> restored() override {
    std::vector<GroupId> there = state_.take_restored();
    const std::vector<std::uint64_t> words = rows_.words(refs_of(there), keys_.columns(there));
    words_.grow_to(size());
    for (std::size_t i = 0; i < there.size(); ++i) {
      words_[there[i]] = words[i];
    }
    best_.grow_to(size());
    return there;
  }

  std::size_t memory_bytes() const override {
    return keys_.memory_bytes() + rows_.memory_bytes() + words_.memory_bytes() +
           best_.memory_bytes();
  }

 private:
  class State final : public KeyTable {
   public:
    explicit State(BestRowTable& table)
        : KeyTable("rows", table.keys_.types(), table.rows_.stored_columns(), table.keys_.index()),
          table_(table) {}

   protected:
    std::vector<Column> values_of(std::size_t /*part*/, std::span<const GroupId> ids) override {
      return table_.rows_.stored(refs_of(ids));
    }
    Status restore(std::span<const GroupId> ids, std::span<const Column> values) override {
      std::vector<RowIndex> rows(ids.size());
      std::iota(rows.begin(), rows.end(), 0U);
      table_.rows_.store().grow_to(table_.size());
      table_.rows_.store().put(values, rows, ids);
      return {};
    }

   private:
    BestRowTable& table_;
  };

  static std::vector<RowRef> refs_of(std::span<const GroupId> ids) {
    std::vector<RowRef> refs;
    refs.reserve(ids.size());
    for (const GroupId id : ids) {
      refs.push_back(RowRef::kept(id));
    }
    return refs;
  }

  // Finds the keys whose best row is one of the batch, and which it is.
  void find_best(const Batch& batch) {
    first_new_ = size();
    rows_.begin_batch(batch);
    const std::span<const GroupId> ids = keys_.find(batch);
    best_.grow_to(size());
    touched_.clear();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const GroupId id = ids[i];
      const RowIndex row = batch.row(static_cast<std::uint32_t>(i));
      RowIndex& best = best_[id];
      if (best != 0) {
        best = comes_before(row, rows_.word(best - 1), RowRef::in_batch(best - 1)) ? row + 1 : best;
      } else if (id >= first_new_ || comes_before(row, words_[id], RowRef::kept(id))) {
        best = row + 1;
        touched_.push_back(id);
      }
    }
    best_rows_.clear();
    for (const GroupId id : touched_) {
      best_rows_.push_back(best_[id] - 1);
      best_[id] = 0;
    }
  }

  bool comes_before(RowIndex row, std::uint64_t word, RowRef other) const {
    return rows_.word(row) != word ? rows_.word(row) < word
                                   : rows_.compare_all(RowRef::in_batch(row), other) < 0;
  }

  void keep_best() {
    rows_.store().grow_to(size());
    rows_.keep(best_rows_, touched_);
    words_.grow_to(size());
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      words_[touched_[i]] = rows_.word(best_rows_[i]);
    }
    rows_.end_batch();
    state_.mark(touched_);
  }

  std::vector<Column> columns_of(const PickedRows& picked) const {
    std::vector<Column> columns = rows_.columns(picked.refs, keys_.columns(picked.keys));
    if (spec_.shows_rank) {
      columns.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), picked.refs.size(),
                                                   [](std::size_t) { return std::int64_t{1}; }));
    }
    return columns;
  }

  const TopNSpec& spec_;
  TopNKeys keys_;
  TopNRows rows_;
  StateArray<std::uint64_t> words_;  // By key: TopNRows::word() of its row.

  // Of the batch at hand.
  GroupId first_new_ = 0;
  StateArray<RowIndex> best_;  // By key: one more than the row that is its best one; 0: none.
  std::vector<GroupId> touched_;
  std::vector<RowIndex> best_rows_;  // Of the touched keys.
  PickedRows picked_;

  State state_;
};

}  // namespace

bool keeps_best_row_only(const TopNSpec& spec) {
  return spec.limit == 1 && spec.ranking == Ranking::kRowNumber && !spec.updating_input;
}

std::unique_ptr<TopNTable> make_best_row_table(const TopNSpec& spec) {
  return std::make_unique<BestRowTable>(spec);
}

std::unique_ptr<TopNTable> make_top_n_table(const TopNSpec& spec) {
  return keeps_best_row_only(spec) ? make_best_row_table(spec) : make_ranked_rows_table(spec);
}

}  // namespace thalweg
