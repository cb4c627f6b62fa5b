#include "operators/top_n_table.h"

#include <algorithm>
#include <utility>

#include "columnar/canonical.h"
#include "operators/fixed_column.h"
#include "operators/row_order.h"

namespace thalweg {
namespace {

constexpr std::size_t kOrigins = 3;

std::vector<Type> kept_types(const TopNSpec& spec, std::size_t origins) {
  std::vector<Type> types = spec.types;
  types.resize(types.size() + origins, type_of(TypeKind::kBigint));
  return types;
}

std::vector<Type> key_types(const TopNSpec& spec) {
  std::vector<Type> types;
  for (const std::uint32_t key : spec.keys) {
    types.push_back(spec.types[key]);
  }
  return types;
}

std::uint64_t ordered_word(std::int64_t word, bool is_double) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = static_cast<std::uint64_t>(word);
  return is_double && word < 0 ? ~bits : bits ^ kSign;
}

// The first eight bytes of a text, so that they compare as the text does.
std::uint64_t text_word(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof(word); ++i) {
    word = word << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  }
  return word;
}

}  // namespace

void order_words(const Column& column, const SortKey& key, std::vector<std::uint64_t>& words) {
  words.assign(column.length(), 0);
  const std::uint64_t flip = key.descending ? ~std::uint64_t{0} : 0;
  const bool is_double = is_floating(column.type().kind);
  const bool known = with_words(column, [&](auto word) {
    for (RowIndex row = 0; row < words.size(); ++row) {
      words[row] = ordered_word(word(row), is_double) ^ flip;
    }
  });
  if (!known && column.type().kind == TypeKind::kText) {
    for (RowIndex row = 0; row < words.size(); ++row) {
      words[row] = text_word(column.text(row)) ^ flip;
    }
  } else if (!known) {
    return;
  }
  for (RowIndex row = 0; column.may_have_nulls() && row < words.size(); ++row) {
    if (!column.is_valid(row)) {
      words[row] = key.nulls_first ? 0 : ~std::uint64_t{0};
    }
  }
}

TopNTable::TopNTable(const TopNSpec& spec)
    : spec_(spec),
      origins_(spec.has_origin ? kOrigins : 0),
      index_(KeyIndex::make(key_types(spec))),
      rows_(kept_types(spec, origins_)) {}

TopNTable::Changes TopNTable::add_and_compare(const Batch& batch) {
  Changes changes;
  compares_ = true;
  add_rows(batch, &changes);
  compares_ = false;
  return changes;
}

void TopNTable::add_rows(const Batch& batch, Changes* changes) {
  columns_ = batch.columns;
  if (origins_ > 0) {
    for (Column& origin : RowOrder::rows_of({}, batch).origins) {
      columns_.push_back(std::move(origin));
    }
  }
  KeyIndex::Rows rows{.rows = {}, .all = batch.selection == nullptr};
  if (!rows.all) {
    rows.rows = *batch.selection;
  }
  std::vector<Column> keys;
  for (const std::uint32_t key : spec_.keys) {
    keys.push_back(batch.columns[key]);
  }
  ids_.resize(batch.num_rows());
  index_->find_or_insert(keys, rows, ids_);
  arrays_.grow_to(index_->size());
  is_touched_.resize(index_->size());
  if (spec_.order.empty()) {
    words_.assign(batch.length, 0);
  } else {
    order_words(batch.columns[spec_.order[0].column], spec_.order[0], words_);
  }
  const std::int16_t* const signs =
      batch.changes ? batch.changes->values<std::int16_t>().data() : nullptr;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const RowIndex row = rows[i];
    if (signs != nullptr && signs[row] < 0) {
      take_back(ids_[i], row);
    } else {
      insert(ids_[i], row);
    }
  }
  if (changes != nullptr) {
    Picked picked;
    for (const Touched& touched : touched_) {
      compare_touched(touched, picked);
    }
    changes->columns = columns_of(picked);
    changes->changes = std::move(picked.changes);
  }
  finish_batch();
}

void TopNTable::insert(GroupId id, RowIndex row) {
  const std::uint64_t word = words_[row];
  const RowRef ref = RowRef::in_batch(row);
  std::span<const Entry> entries = arrays_.get(id);
  if (spec_.limit == 0) {
    return;
  }
  if (!spec_.updating_input && spec_.ranking == Ranking::kRowNumber &&
      entries.size() >= spec_.limit) {
    const Entry& last = entries.back();
    if (word > last.word || (word == last.word && compare_all(ref, ref_of(last.slot)) >= 0)) {
      return;
    }
  }
  touch(id);
  const std::size_t at = place_of(entries, word, ref);
  const RowSlot slot = rows_.obtain();
  if (slot >= row_of_slot_.size()) {
    row_of_slot_.resize(slot + 1);
  }
  row_of_slot_[slot] = row + 1;
  new_slots_.push_back(slot);
  arrays_.insert(id, at, {.word = word, .slot = slot});
  if (!spec_.updating_input) {
    cut(id);
  }
}

void TopNTable::take_back(GroupId id, RowIndex row) {
  const std::uint64_t word = words_[row];
  const RowRef ref = RowRef::in_batch(row);
  const std::span<const Entry> entries = arrays_.get(id);
  // Behind the last row that is equal in everything, if there is one.
  const std::size_t at = place_of(entries, word, ref);
  if (at == 0 || entries[at - 1].word != word ||
      compare_all(ref_of(entries[at - 1].slot), ref) != 0) {
    return;  // Nothing to take back: an input that retracts what it never gave.
  }
  touch(id);
  drop(entries[at - 1].slot);
  arrays_.erase(id, at - 1);
}

// Leaves the rows that have a rank within the limit.
void TopNTable::cut(GroupId id) {
  const std::span<const Entry> entries = arrays_.get(id);
  const std::size_t count = counted(entries);
  for (std::size_t i = count; i < entries.size(); ++i) {
    drop(entries[i].slot);
  }
  arrays_.truncate(id, count);
}

void TopNTable::touch(GroupId id) {
  if (!compares_ || is_touched_[id] != 0) {
    return;
  }
  is_touched_[id] = 1;
  const std::span<const Entry> entries = arrays_.get(id);
  const std::size_t count = counted(entries);
  touched_.push_back({.id = id, .begin = before_.size(), .count = count});
  before_.insert(before_.end(), entries.begin(),
                 entries.begin() + static_cast<std::ptrdiff_t>(count));
}

void TopNTable::finish_batch() {
  std::vector<RowIndex> rows;
  std::vector<RowSlot> slots;
  for (const RowSlot slot : new_slots_) {
    if (row_of_slot_[slot] != 0) {
      rows.push_back(row_of_slot_[slot] - 1);
      slots.push_back(slot);
      row_of_slot_[slot] = 0;
    }
  }
  rows_.put(columns_, rows, slots);
  for (const RowSlot slot : dropped_) {
    rows_.release(slot);
  }
  for (const Touched& touched : touched_) {
    is_touched_[touched.id] = 0;
  }
  new_slots_.clear();
  dropped_.clear();
  touched_.clear();
  before_.clear();
  columns_.clear();
}

void TopNTable::drop(RowSlot slot) {
  row_of_slot_[slot] = 0;
  dropped_.push_back(slot);
}

// Which of two entries comes first; 0: they are the same row, or as good as.
int TopNTable::compare_entries(const Entry& before, const Entry& after) const {
  if (before.slot == after.slot) {
    return 0;
  }
  if (before.word != after.word) {
    return before.word < after.word ? -1 : 1;
  }
  return compare_all(RowRef::kept(before.slot), ref_of(after.slot));
}

// Finds the rows that are in one list only, or have another rank in the other where ranks are
// shown.
TopNTable::Difference TopNTable::compare_by_row(
    std::span<const Entry> before, std::span<const Entry> after,
    const std::vector<std::int64_t>& ranks_before,
    const std::vector<std::int64_t>& ranks_after) const {
  Difference difference;
  std::size_t b = 0;
  std::size_t a = 0;
  while (b < before.size() || a < after.size()) {
    const int order = b == before.size()  ? 1
                      : a == after.size() ? -1
                                          : compare_entries(before[b], after[a]);
    if (order == 0 && (!spec_.shows_rank || ranks_before[b] == ranks_after[a])) {
      ++b;
      ++a;
      continue;
    }
    if (order <= 0) {
      difference.removed.push_back(b++);
    }
    if (order >= 0) {
      difference.added.push_back(a++);
    }
  }
  return difference;
}

// The same where each number has one row, which stands in for the one that had it before.
TopNTable::Difference TopNTable::compare_by_number(std::span<const Entry> before,
                                                   std::span<const Entry> after) const {
  Difference difference;
  for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    if (i < before.size() && i < after.size() && compare_entries(before[i], after[i]) == 0) {
      continue;
    }
    if (i < before.size()) {
      difference.removed.push_back(i);
    }
    if (i < after.size()) {
      difference.added.push_back(i);
    }
  }
  return difference;
}

void TopNTable::compare_touched(const Touched& touched, Picked& picked) {
  const std::span<const Entry> before(before_.data() + touched.begin, touched.count);
  const std::span<const Entry> all = arrays_.get(touched.id);
  const std::span<const Entry> after = all.first(counted(all));
  const std::vector<std::int64_t> ranks_before = ranks_of(before);
  const std::vector<std::int64_t> ranks_after = ranks_of(after);
  const bool by_number = spec_.shows_rank && spec_.ranking == Ranking::kRowNumber;
  const Difference difference = by_number
                                    ? compare_by_number(before, after)
                                    : compare_by_row(before, after, ranks_before, ranks_after);
  const auto& [removed, added] = difference;
  for (std::size_t i = 0; i < std::max(removed.size(), added.size()); ++i) {
    if (i < removed.size() && i < added.size() &&
        (!spec_.shows_rank || ranks_before[removed[i]] == ranks_after[added[i]]) &&
        compare_values(RowRef::kept(before[removed[i]].slot), ref_of(after[added[i]].slot)) == 0) {
      continue;
    }
    if (i < removed.size()) {
      picked.add(RowRef::kept(before[removed[i]].slot), -1);
      if (spec_.shows_rank) {
        picked.ranks.push_back(ranks_before[removed[i]]);
      }
    }
    if (i < added.size()) {
      picked.add(ref_of(after[added[i]].slot), 1);
      if (spec_.shows_rank) {
        picked.ranks.push_back(ranks_after[added[i]]);
      }
    }
  }
}

// Nothing unless ranks are shown.
std::vector<std::int64_t> TopNTable::ranks_of(std::span<const Entry> entries) const {
  std::vector<std::int64_t> ranks;
  if (!spec_.shows_rank) {
    return ranks;
  }
  std::int64_t distinct = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i) + 1;
    const bool ties = i > 0 && are_tied(entries[i - 1], entries[i]);
    distinct += ties ? 0 : 1;
    switch (spec_.ranking) {
      case Ranking::kRowNumber:
        ranks.push_back(number);
        break;
      case Ranking::kRank:
        ranks.push_back(ties ? ranks.back() : number);
        break;
      case Ranking::kDenseRank:
        ranks.push_back(distinct);
        break;
    }
  }
  return ranks;
}

// How many of the entries have a rank within the limit: they come first.
std::size_t TopNTable::counted(std::span<const Entry> entries) const {
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

std::vector<Column> TopNTable::results(GroupId begin, GroupId end) {
  Picked picked;
  for (GroupId id = begin; id < end; ++id) {
    const std::span<const Entry> all = arrays_.get(id);
    const std::span<const Entry> entries = all.first(counted(all));
    for (const Entry& entry : entries) {
      picked.add(RowRef::kept(entry.slot), 1);
    }
    for (const std::int64_t rank : ranks_of(entries)) {
      picked.ranks.push_back(rank);
    }
  }
  return columns_of(picked);
}

std::vector<Column> TopNTable::columns_of(const Picked& picked) const {
  std::vector<Column> columns = rows_.rows(picked.refs, columns_, spec_.types.size());
  if (spec_.shows_rank) {
    columns.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), picked.ranks.size(),
                                                 [&](std::size_t i) { return picked.ranks[i]; }));
  }
  return columns;
}

RowRef TopNTable::ref_of(RowSlot slot) const {
  const RowIndex row = row_of_slot_[slot];
  return row == 0 ? RowRef::kept(slot) : RowRef::in_batch(row - 1);
}

bool TopNTable::are_tied(const Entry& a, const Entry& b) const {
  return a.word == b.word && compare_order(ref_of(a.slot), ref_of(b.slot)) == 0;
}

int TopNTable::compare_order(RowRef a, RowRef b) const {
  for (const SortKey& key : spec_.order) {
    const int order = rows_.compare(key.column, a, b, columns_);
    if (order == 0) {
      continue;
    }
    const bool null =
        rows_.is_null(key.column, a, columns_) || rows_.is_null(key.column, b, columns_);
    return (null ? key.nulls_first : key.descending) ? -order : order;
  }
  return 0;
}

int TopNTable::compare_all(RowRef a, RowRef b) const {
  if (const int order = compare_order(a, b); order != 0) {
    return order;
  }
  for (std::size_t i = 0; i < origins_; ++i) {
    if (const int order = rows_.compare(spec_.types.size() + i, a, b, columns_); order != 0) {
      return spec_.latest_first ? -order : order;
    }
  }
  return compare_values(a, b);
}

int TopNTable::compare_values(RowRef a, RowRef b) const {
  for (std::size_t i = 0; i < spec_.types.size(); ++i) {
    if (const int order = rows_.compare(i, a, b, columns_); order != 0) {
      return order;
    }
  }
  return 0;
}

std::size_t TopNTable::place_of(std::span<const Entry> entries, std::uint64_t word,
                                RowRef row) const {
  const auto found = std::partition_point(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.word != word ? entry.word < word : compare_all(ref_of(entry.slot), row) <= 0;
  });
  return static_cast<std::size_t>(found - entries.begin());
}

void TopNTable::clear() {
  index_->clear();
  arrays_.clear();
  rows_.clear();
  is_touched_.clear();
  row_of_slot_.clear();
}

std::size_t TopNTable::memory_bytes() const {
  return index_->memory_bytes() + arrays_.memory_bytes() + rows_.memory_bytes();
}

}  // namespace thalweg
