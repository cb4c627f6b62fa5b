#include "state/row_buffer.h"

#include <algorithm>
#include <utility>

namespace thalweg {

RowBuffer::RowBuffer(RowLayout layout)
    : whole_(std::move(layout), WholeRows::Slices::kNone), schema_(whole_.schema("rows")) {}

void RowBuffer::add(Batch batch) {
  if (batch.empty()) {
    return;
  }
  // Selected rows may keep many others alive.
  batch = whole_.kept(std::move(batch));
  rows_ += batch.length;
  if (notes_) {
    batch.columns.push_back(numbers_from(next_number_, batch.length));
    next_number_ += batch.length;
  }
  batches_.push_back(std::move(batch));
}

// All rows with their numbers, which are not in batches_ any more.
Batch RowBuffer::joined() {
  Batch all = concat(std::exchange(batches_, {}));
  first_fresh_ = 0;
  return all;
}

void RowBuffer::sort(std::span<const SortKey> keys, std::uint64_t count) {
  const Batch all = joined();
  const std::vector<RowIndex> order = sort_rows(all.columns, keys, all.length);
  const std::size_t kept = std::min<std::uint64_t>(order.size(), count);
  note_gone(all, RowSpan(order).subspan(kept));
  batches_.push_back(gather(all, RowSpan(order).first(kept)));
  rows_ = kept;
}

Batch RowBuffer::take() {
  Batch all = joined();
  rows_ = 0;
  if (notes_) {
    std::vector<RowIndex> rows(all.length);
    for (RowIndex row = 0; row < all.length; ++row) {
      rows[row] = row;
    }
    note_gone(all, rows);
    take_last_column(all);
  }
  return all;
}

void RowBuffer::note_gone(const Batch& batch, RowSpan rows) {
  if (!notes_) {
    return;
  }
  const auto numbers = batch.columns.back().values<std::int64_t>();
  std::vector<RowIndex> told;
  for (const RowIndex row : rows) {
    if (numbers[row] < told_to_) {
      told.push_back(row);
    }
  }
  std::vector<Column> keys;
  for (const Column& column : whole_.keys(batch, batch.columns.back())) {
    keys.push_back(gather(column, told));
  }
  gone_.add(std::move(keys));
}

std::size_t RowBuffer::memory_bytes() const {
  std::size_t bytes = 0;
  for (const Batch& batch : batches_) {
    bytes += batch.memory_bytes();
  }
  return bytes;
}

bool RowBuffer::next_changes(std::uint32_t rows_max, StateChanges& out) {
  out = {.dropped_to = {}, .erased = gone_.take(rows_max), .puts = {}};
  std::uint32_t room = rows_max - out.erased_rows();
  RowPieces puts;
  next_batch_ = std::max(next_batch_, first_fresh_);
  while (room > 0 && next_batch_ < batches_.size()) {
    const Batch& batch = batches_[next_batch_];
    const auto numbers = batch.columns.back().values<std::int64_t>();
    std::vector<RowIndex> rows;
    for (; next_row_ < batch.length && rows.size() < room; ++next_row_) {
      if (numbers[next_row_] >= told_to_) {
        rows.push_back(next_row_);
      }
    }
    room -= static_cast<std::uint32_t>(rows.size());
    if (!rows.empty()) {
      Batch fresh = gather(batch, rows);
      const Column fresh_numbers = take_last_column(fresh);
      puts.add(whole_.columns(fresh, fresh_numbers));
    }
    if (next_row_ == batch.length) {
      ++next_batch_;
      next_row_ = 0;
    }
  }
  out.puts = puts.take(rows_max);
  if (out.empty()) {
    told_to_ = next_number_;
    first_fresh_ = batches_.size();
    next_batch_ = 0;
  }
  return !out.empty();
}

std::vector<GroupId> RowBuffer::find_restored(std::span<const Column> keys) {
  if (restored_ == nullptr) {
    restored_ = KeyIndex::make(schema_.key_types());
  }
  std::vector<GroupId> ids(keys.back().length());
  restored_->find_or_insert(keys, {.rows = {}, .all = true}, ids);
  places_.resize(restored_->size());
  return ids;
}

Status RowBuffer::apply(const StateChanges& changes) {
  if (changes.dropped_to) {
    return wrong_rows(schema_, "they have no time");
  }
  if (changes.erased_rows() > 0) {
    for (const GroupId id : find_restored(changes.erased)) {
      places_[id] = Place();
    }
  }
  if (changes.put_rows() > 0) {
    Result<Batch> rows = whole_.rows(changes.puts);
    if (!rows.ok()) {
      return wrong_rows(schema_, rows.status().message());
    }
    const std::span<const Column> puts(changes.puts);
    RowIndex row = 0;
    for (const GroupId id : find_restored(puts.first(schema_.key_columns))) {
      places_[id] = {.batch = batches_.size(), .row = row++};
    }
    batches_.push_back(std::move(rows).take());
  }
  return {};
}

// Leaves of the batches of apply() the rows that have not gone again.
void RowBuffer::leave_placed() {
  std::vector<std::vector<RowIndex>> rows(batches_.size());
  for (const Place& place : places_) {
    if (place.batch != Place::kNowhere) {
      rows[place.batch].push_back(place.row);
    }
  }
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    std::sort(rows[i].begin(), rows[i].end());
    batches_[i] = std::move(batches_[i]).select(std::move(rows[i])).compacted();
  }
  std::erase_if(batches_, [](const Batch& batch) { return batch.empty(); });
  restored_.reset();
  places_.clear();
}

void RowBuffer::note_changes() {
  notes_ = true;
  leave_placed();
  if (batches_.empty()) {
    return;
  }
  Batch all = joined();
  const std::size_t number = all.columns.size() - 1;
  const SortKey keys[] = {{.column = number}};
  next_number_ = number_after(all.columns[number], next_number_);
  told_to_ = next_number_;
  all = gather(all, sort_rows(all.columns, keys, all.length));
  rows_ = all.length;
  batches_.push_back(std::move(all));
  first_fresh_ = 1;
}

}  // namespace thalweg
