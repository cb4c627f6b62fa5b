#include <algorithm>
#include <span>
#include <utility>

#include "operators/fixed_column.h"
#include "operators/top_n_keys.h"
#include "operators/top_n_rows.h"
#include "operators/top_n_table.h"
#include "state/group_arrays.h"
#include "state/row_table.h"
#include "state/state_array.h"

namespace thalweg {
namespace {

// Up to this many entries are gone through one by one, which no processor foresees wrongly.
constexpr std::size_t kScanMax = 16;

// Per key an array in order, which holds the rows that count, or all of them where rows may be
// taken back. A row that comes after the last one of a full array costs one comparison of integers.
class RankedRowsTable final : public TopNTable {
 public:
  explicit RankedRowsTable(const TopNSpec& spec)
      : spec_(spec),
        keys_(spec),
        rows_(spec),
        arrays_(keeps_first_rows_only() ? spec.limit : GroupArrays<Entry>::kAnySize),
        state_("rows", keys_.types(), rows_.stored_columns(), rows_.store(), keys_.index()) {}

  void add(const Batch& batch) override {
    add_rows(batch);
    finish_batch();
  }
  Changes add_and_compare(const Batch& batch) override;
  std::vector<Column> results(GroupId begin, GroupId end) override;

  std::uint32_t size() const override { return keys_.size(); }
  std::span<const GroupId> last_keys() const override { return keys_.found(); }
  void keep_only(std::span<const GroupId> kept) override;
  RowSpan missing() const override { return missing_; }

  void clear() override;

  const std::unique_ptr<KeyIndex>& index() const override { return keys_.index(); }
  StateTable& state() override { return state_; }
  std::vector<GroupId> restored() override;

  std::size_t memory_bytes() const override {
    return keys_.memory_bytes() + arrays_.memory_bytes() + rows_.memory_bytes();
  }

 private:
  // A row's place in its key's order: TopNRows::word(), and where the row is.
  struct Entry {
    std::uint64_t word;
    std::uint32_t place;  // A slot, or with kInBatch a row of the batch at hand.

    bool is_kept() const { return (place & kInBatch) == 0; }
    RowRef ref() const {
      return is_kept() ? RowRef::kept(place) : RowRef::in_batch(place & ~kInBatch);
    }
  };
  static constexpr std::uint32_t kInBatch = std::uint32_t{1} << 31;
  using Entries = std::span<const Entry>;

  // A key's entries before the batch: `count` of them from `begin` on in before_.
  struct Touched {
    GroupId id;
    std::size_t begin;
    std::size_t count;
  };

  void add_rows(const Batch& batch);
  void insert(GroupId id, RowIndex row);
  void take_back(GroupId id, RowIndex row);
  void cut(GroupId id);
  void touch(GroupId id);
  void drop(const Entry& entry);
  void finish_batch();

  bool keeps_first_rows_only() const {
    return spec_.ranking == Ranking::kRowNumber && !spec_.updating_input;
  }
  void compare_by_number(GroupId id, Entries before, Entries after);
  void compare_by_row(GroupId id, Entries before, Entries after);
  bool are_same(const Entry& before, const Entry& after) const;
  int compare_entries(const Entry& before, const Entry& after) const;
  void pick(GroupId id, const Entry& entry, std::int16_t change, std::int64_t rank);
  std::vector<Column> picked_columns() const;

  void find_ranks(Entries entries, std::vector<std::int64_t>& ranks) const;
  Entries counted(GroupId id) const;
  std::size_t count_of(Entries entries) const;
  std::size_t place_of(Entries entries, std::uint64_t word, RowRef row) const;
  bool are_tied(const Entry& a, const Entry& b) const;

  const TopNSpec& spec_;
  TopNKeys keys_;
  TopNRows rows_;
  GroupArrays<Entry> arrays_;

  // Of the batch at hand.
  std::vector<RowSlot> dropped_;  // Kept rows that count no longer.
  std::vector<RowIndex> new_rows_;
  std::vector<RowSlot> new_slots_;
  std::vector<RowIndex> missing_;  // Rows that took back what is not there.
  bool compares_ = false;
  StateArray<char> is_touched_;  // By key.
  std::vector<Touched> touched_;
  std::vector<Entry> before_;
  PickedRows picked_;
  // Of the key at hand.
  std::vector<std::int64_t> ranks_before_;
  std::vector<std::int64_t> ranks_after_;
  std::vector<std::size_t> removed_;  // Places in the lists before and after.
  std::vector<std::size_t> added_;

  RowTable state_;
  std::int64_t next_number_ = 0;  // Of rows in it, in which those that are equal in all stand.
};

void RankedRowsTable::add_rows(const Batch& batch) {
  rows_.begin_batch(batch);
  const std::span<const GroupId> ids = keys_.find(batch);
  arrays_.grow_to(size());
  is_touched_.grow_to(size());
  missing_.clear();
  const std::int16_t* const signs =
      batch.changes ? batch.changes->values<std::int16_t>().data() : nullptr;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const RowIndex row = batch.row(static_cast<std::uint32_t>(i));
    if (signs != nullptr && signs[row] < 0) {
      take_back(ids[i], row);
    } else {
      insert(ids[i], row);
    }
  }
}

TopNTable::Changes RankedRowsTable::add_and_compare(const Batch& batch) {
  compares_ = true;
  add_rows(batch);
  compares_ = false;
  picked_.clear();
  const bool by_number = spec_.shows_rank && spec_.ranking == Ranking::kRowNumber;
  for (const Touched& touched : touched_) {
    const Entries before = Entries(before_).subspan(touched.begin, touched.count);
    if (by_number) {
      compare_by_number(touched.id, before, counted(touched.id));
    } else {
      compare_by_row(touched.id, before, counted(touched.id));
    }
  }
  Changes changes{.columns = picked_columns(), .changes = picked_.changes};
  finish_batch();
  return changes;
}

void RankedRowsTable::insert(GroupId id, RowIndex row) {
  const std::uint64_t word = rows_.word(row);
  const RowRef ref = RowRef::in_batch(row);
  const Entries entries = arrays_.get(id);
  if (spec_.limit == 0) {
    return;
  }
  const bool is_full = keeps_first_rows_only() && entries.size() >= spec_.limit;
  if (is_full) {
    const Entry& last = entries.back();
    if (word > last.word || (word == last.word && rows_.compare_all(ref, last.ref()) >= 0)) {
      return;
    }
  }
  touch(id);
  const std::size_t at = place_of(entries, word, ref);
  if (is_full) {
    drop(entries.back());
    arrays_.truncate(id, entries.size() - 1);
  }
  arrays_.insert(id, at, {.word = word, .place = row | kInBatch});
  if (!spec_.updating_input && !keeps_first_rows_only()) {
    cut(id);
  }
}

void RankedRowsTable::take_back(GroupId id, RowIndex row) {
  const std::uint64_t word = rows_.word(row);
  const RowRef ref = RowRef::in_batch(row);
  const Entries entries = arrays_.get(id);
  // Behind the last row that is equal in everything, if there is one.
  const std::size_t at = place_of(entries, word, ref);
  if (at == 0 || entries[at - 1].word != word ||
      rows_.compare_all(entries[at - 1].ref(), ref) != 0) {
    missing_.push_back(row);
    return;
  }
  touch(id);
  drop(entries[at - 1]);
  arrays_.erase(id, at - 1);
}

// Leaves the rows that have a rank within the limit.
void RankedRowsTable::cut(GroupId id) {
  const Entries entries = arrays_.get(id);
  const std::size_t count = count_of(entries);
  for (std::size_t i = count; i < entries.size(); ++i) {
    drop(entries[i]);
  }
  arrays_.truncate(id, count);
}

void RankedRowsTable::touch(GroupId id) {
  if (is_touched_[id] != 0) {
    return;
  }
  is_touched_[id] = 1;
  touched_.push_back({.id = id, .begin = before_.size(), .count = 0});
  if (compares_) {
    const Entries entries = counted(id);
    touched_.back().count = entries.size();
    before_.insert(before_.end(), entries.begin(), entries.end());
  }
}

void RankedRowsTable::drop(const Entry& entry) {
  if (entry.is_kept()) {
    dropped_.push_back(entry.place);
  }
}

// Keeps the rows of the batch that still count.
void RankedRowsTable::finish_batch() {
  new_rows_.clear();
  new_slots_.clear();
  for (const Touched& touched : touched_) {
    is_touched_[touched.id] = 0;
    for (Entry& entry : arrays_.get(touched.id)) {
      if (!entry.is_kept()) {
        new_rows_.push_back(entry.ref().number);
        entry.place = rows_.store().obtain();
        new_slots_.push_back(entry.place);
        state_.add({.id = touched.id, .number = next_number_++, .slot = entry.place});
      }
    }
  }
  rows_.keep(new_rows_, new_slots_);
  for (const RowSlot slot : dropped_) {
    state_.remove(slot);
    rows_.store().release(slot);
  }
  rows_.end_batch();
  dropped_.clear();
  touched_.clear();
  before_.clear();
}

// The rows of each number that are not what they were: a row stands in for the one before it.
void RankedRowsTable::compare_by_number(GroupId id, Entries before, Entries after) {
  for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    const auto rank = static_cast<std::int64_t>(i) + 1;
    if (i < before.size() && i < after.size() && are_same(before[i], after[i])) {
      continue;
    }
    if (i < before.size()) {
      pick(id, before[i], -1, rank);
    }
    if (i < after.size()) {
      pick(id, after[i], 1, rank);
    }
  }
}

// The rows that are in one list only, or have another rank in the other where ranks are shown.
void RankedRowsTable::compare_by_row(GroupId id, Entries before, Entries after) {
  find_ranks(before, ranks_before_);
  find_ranks(after, ranks_after_);
  removed_.clear();
  added_.clear();
  std::size_t b = 0;
  std::size_t a = 0;
  while (b < before.size() || a < after.size()) {
    const int order = b == before.size()  ? 1
                      : a == after.size() ? -1
                                          : compare_entries(before[b], after[a]);
    if (order == 0 && (!spec_.shows_rank || ranks_before_[b] == ranks_after_[a])) {
      ++b;
      ++a;
      continue;
    }
    if (order <= 0) {
      removed_.push_back(b++);
    }
    if (order >= 0) {
      added_.push_back(a++);
    }
  }
  for (std::size_t i = 0; i < std::max(removed_.size(), added_.size()); ++i) {
    const bool both = i < removed_.size() && i < added_.size();
    if (both && are_same(before[removed_[i]], after[added_[i]]) &&
        (!spec_.shows_rank || ranks_before_[removed_[i]] == ranks_after_[added_[i]])) {
      continue;
    }
    if (i < removed_.size()) {
      pick(id, before[removed_[i]], -1, spec_.shows_rank ? ranks_before_[removed_[i]] : 0);
    }
    if (i < added_.size()) {
      pick(id, after[added_[i]], 1, spec_.shows_rank ? ranks_after_[added_[i]] : 0);
    }
  }
}

// Whether two entries are the same row, or nobody can tell them apart.
bool RankedRowsTable::are_same(const Entry& before, const Entry& after) const {
  return before.place == after.place ||
         (before.word == after.word && rows_.have_equal_values(before.ref(), after.ref()));
}

// Which of two entries comes first; 0: they are the same row, or as good as.
int RankedRowsTable::compare_entries(const Entry& before, const Entry& after) const {
  if (before.place == after.place) {
    return 0;
  }
  if (before.word != after.word) {
    return before.word < after.word ? -1 : 1;
  }
  return rows_.compare_all(before.ref(), after.ref());
}

void RankedRowsTable::pick(GroupId id, const Entry& entry, std::int16_t change, std::int64_t rank) {
  picked_.add(id, entry.ref(), change);
  if (spec_.shows_rank) {
    picked_.ranks.push_back(rank);
  }
}

// Nothing unless ranks are shown.
void RankedRowsTable::find_ranks(Entries entries, std::vector<std::int64_t>& ranks) const {
  ranks.clear();
  if (!spec_.shows_rank) {
    return;
  }
  std::int64_t distinct = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i) + 1;
    if (spec_.ranking == Ranking::kRowNumber) {
      ranks.push_back(number);
      continue;
    }
    const bool ties = i > 0 && are_tied(entries[i - 1], entries[i]);
    distinct += ties ? 0 : 1;
    if (spec_.ranking == Ranking::kDenseRank) {
      ranks.push_back(distinct);
    } else {
      ranks.push_back(ties ? ranks.back() : number);
    }
  }
}

// The entries of a key that have a rank within the limit: they come first.
RankedRowsTable::Entries RankedRowsTable::counted(GroupId id) const {
  const Entries entries = arrays_.get(id);
  return entries.first(count_of(entries));
}

std::size_t RankedRowsTable::count_of(Entries entries) const {
  if (entries.size() <= spec_.limit || spec_.ranking == Ranking::kRowNumber) {
    return std::min<std::size_t>(entries.size(), spec_.limit);
  }
  std::size_t groups = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0 && are_tied(entries[i - 1], entries[i])) {
      continue;
    }
    const std::size_t before = spec_.ranking == Ranking::kRank ? i : groups;
    if (before >= spec_.limit) {
      return i;
    }
    ++groups;
  }
  return entries.size();
}

std::vector<Column> RankedRowsTable::results(GroupId begin, GroupId end) {
  picked_.clear();
  for (GroupId id = begin; id < end; ++id) {
    const Entries entries = counted(id);
    find_ranks(entries, ranks_after_);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      pick(id, entries[i], 1, spec_.shows_rank ? ranks_after_[i] : 0);
    }
  }
  return picked_columns();
}

std::vector<Column> RankedRowsTable::picked_columns() const {
  std::vector<Column> columns = rows_.columns(picked_.refs, keys_.columns(picked_.keys));
  if (spec_.shows_rank) {
    columns.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), picked_.ranks.size(),
                                                 [&](std::size_t i) { return picked_.ranks[i]; }));
  }
  return columns;
}

bool RankedRowsTable::are_tied(const Entry& a, const Entry& b) const {
  return a.word == b.word && rows_.compare_order(a.ref(), b.ref()) == 0;
}

// Where in the order a row belongs: behind all that come before it, and those equal to it.
std::size_t RankedRowsTable::place_of(Entries entries, std::uint64_t word, RowRef row) const {
  std::size_t place = 0;
  if (entries.size() <= kScanMax) {
    for (const Entry& entry : entries) {
      place += entry.word < word ? 1 : 0;
    }
  } else {
    place = static_cast<std::size_t>(
        std::partition_point(entries.begin(), entries.end(),
                             [word](const Entry& entry) { return entry.word < word; }) -
        entries.begin());
  }
  if (place == entries.size() || entries[place].word != word) {
    return place;
  }
  const auto equal = entries.subspan(place);
  const auto end = std::partition_point(equal.begin(), equal.end(), [&](const Entry& entry) {
    return entry.word == word && rows_.compare_all(entry.ref(), row) <= 0;
  });
  return place + static_cast<std::size_t>(end - equal.begin());
}

void RankedRowsTable::keep_only(std::span<const GroupId> kept) {
  GroupArrays<Entry> arrays(keeps_first_rows_only() ? spec_.limit : GroupArrays<Entry>::kAnySize);
  arrays.grow_to(static_cast<std::uint32_t>(kept.size()));
  std::size_t next = 0;
  for (GroupId id = 0; id < size(); ++id) {
    const bool stays = next < kept.size() && kept[next] == id;
    std::size_t place = 0;
    for (const Entry& entry : arrays_.get(id)) {
      if (stays) {
        arrays.insert(static_cast<GroupId>(next), place++, entry);
      } else {
        state_.remove(entry.place);
        rows_.store().release(entry.place);
      }
    }
    next += stays ? 1 : 0;
  }
  arrays_ = std::move(arrays);
  is_touched_.keep_only(kept);
  state_.renumber(kept);
  keys_.keep_only(kept);
}

void RankedRowsTable::clear() {
  keys_.clear();
  arrays_.clear();
  rows_.clear();
  is_touched_.clear();
  state_.clear();
}

std::vector<GroupId> RankedRowsTable::restored() {
  const std::vector<RowTable::Row> rows = state_.take_restored();
  std::vector<RowRef> refs;
  std::vector<GroupId> ids;
  for (const RowTable::Row& row : rows) {
    refs.push_back(RowRef::kept(row.slot));
    ids.push_back(row.id);
    next_number_ = std::max(next_number_, row.number + 1);
  }
  const std::vector<std::uint64_t> words = rows_.words(refs, keys_.columns(ids));
  arrays_.grow_to(size());
  is_touched_.grow_to(size());
  std::vector<GroupId> there;
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < rows.size();) {
    const GroupId id = ids[i];
    entries.clear();
    for (; i < rows.size() && ids[i] == id; ++i) {
      entries.push_back({.word = words[i], .place = rows[i].slot});
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [this](const Entry& a, const Entry& b) { return compare_entries(a, b) < 0; });
    for (std::size_t at = 0; at < entries.size(); ++at) {
      arrays_.insert(id, at, entries[at]);
    }
    there.push_back(id);
  }
  return there;
}

}  // namespace

std::unique_ptr<TopNTable> make_ranked_rows_table(const TopNSpec& spec) {
  return std::make_unique<RankedRowsTable>(spec);
}

}  // namespace thalweg
