#include "api/standing_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace thalweg {
namespace {

bool is_time(const ResultHeader::Column& column) {
  return column.type.starts_with("TIMESTAMP") || column.type == "DATE";
}

// The query's order, then the key's columns, or all where there is no key, those of time first.
std::vector<SortKey> order_of(const ResultHeader& header) {
  std::vector<SortKey> order;
  for (const ResultHeader::Order& key : header.order) {
    order.push_back({key.column, key.descending, key.nulls_first});
  }
  std::vector<std::uint32_t> others;
  for (std::uint32_t i = 0; i < header.columns.size(); ++i) {
    if (!header.key || std::find(header.key->begin(), header.key->end(), i) != header.key->end()) {
      others.push_back(i);
    }
  }
  std::stable_partition(others.begin(), others.end(), [&header](std::uint32_t column) {
    return is_time(header.columns[column]);
  });
  for (const std::uint32_t column : others) {
    order.push_back({.column = column, .descending = false, .nulls_first = false});
  }
  return order;
}

}  // namespace

StandingRows::StandingRows(const ResultHeader& header, std::size_t rows_max)
    : key_(header.key),
      order_(order_of(header)),
      shows_last_(header.order.empty() && !order_.empty() &&
                  is_time(header.columns[order_[0].column])),
      order_follows_values_(!header.order.empty()),
      rows_max_(rows_max) {}

void StandingRows::apply(const Batch& changes) {
  const Batch batch = Batch(changes).compacted();
  if (!store_) {
    std::vector<Type> types;
    for (const Column& column : batch.columns) {
      types.push_back(column.type());
    }
    store_.emplace(std::move(types));
  }
  encode_keys_of(batch);
  const auto goes = [&batch](RowIndex row) {
    return batch.changes && batch.changes->values<std::int16_t>()[row] < 0;
  };
  for (RowIndex row = 0; row < batch.length; ++row) {
    const bool pair = goes(row) && row + 1 < batch.length && !goes(row + 1);
    if (!goes(row)) {
      add(key_of(row), row);
    } else if (pair && key_of(row) == key_of(row + 1)) {
      ++row;
      replace(key_of(row), row);
    } else {
      take_back(key_of(row), row);
    }
  }
  if (!put_rows_.empty()) {
    store_->put(batch.columns, put_rows_, put_slots_);
    put_rows_.clear();
    put_slots_.clear();
    ordered_ = order_follows_values_ ? 0 : ordered_;
  }
  forget_gone();
}

void StandingRows::encode_keys_of(const Batch& batch) {
  std::vector<Column> columns;
  for (std::uint32_t i = 0; i < batch.columns.size(); ++i) {
    if (!key_ || std::find(key_->begin(), key_->end(), i) != key_->end()) {
      columns.push_back(batch.columns[i]);
    }
  }
  encode_keys(columns, batch.length, keys_);
}

absl::string_view StandingRows::key_of(RowIndex row) const {
  const std::string_view key = keys_.key(row);
  return {key.data(), key.size()};
}

void StandingRows::add(absl::string_view key, RowIndex row) {
  ++total_;
  const std::optional<RowSlot> slot = slot_for(key);
  if (!slot) {
    return;
  }
  Kept& kept = kept_[*slot];
  ++kept.times;
  kept_rows_ += !key_ || kept.times == 1 ? 1 : 0;
  put_rows_.push_back(row);
  put_slots_.push_back(*slot);
}

// Most changes are such: a row goes and one of the same key comes.
void StandingRows::replace(absl::string_view key, RowIndex row) {
  if (const auto found = slots_.find(key);
      found != slots_.end() && kept_[found->second].times > 0) {
    put_rows_.push_back(row);
    put_slots_.push_back(found->second);
  } else {
    --total_;
    add(key, row);
  }
}

// The row that a change takes back may come before or behind the one that takes its place.
void StandingRows::take_back(absl::string_view key, RowIndex row) {
  --total_;
  const auto found = slots_.find(key);
  if (found == slots_.end() || kept_[found->second].times == 0) {
    return;
  }
  Kept& kept = kept_[found->second];
  --kept.times;
  kept_rows_ -= !key_ || kept.times == 0 ? 1 : 0;
  if (kept.times == 0) {
    gone_rows_.push_back(row);
  }
}

std::optional<RowSlot> StandingRows::slot_for(absl::string_view key) {
  if (const auto found = slots_.find(key); found != slots_.end()) {
    return found->second;
  }
  if (!has_room()) {
    return std::nullopt;
  }
  const RowSlot slot = store_->obtain();
  kept_.resize(std::max<std::size_t>(kept_.size(), slot + 1));
  kept_[slot] = {.times = 0, .serial = ++serials_};
  slots_.emplace(key, slot);
  slots_changed_ = true;
  return slot;
}

bool StandingRows::has_room() const {
  return slots_.size() < rows_max_ && (slots_.empty() || store_->memory_bytes() < kBytesMax);
}

// A row that goes and comes again within a batch keeps its place.
void StandingRows::forget_gone() {
  for (const RowIndex row : gone_rows_) {
    const auto found = slots_.find(key_of(row));
    if (found != slots_.end() && kept_[found->second].times == 0) {
      store_->release(found->second);
      slots_.erase(found);
      slots_changed_ = true;
    }
  }
  gone_rows_.clear();
}

std::vector<RowSlot> StandingRows::first(std::size_t count) {
  put_in_order(count);
  std::vector<RowSlot> shown;
  for (const RowSlot slot : in_order_) {
    const std::size_t times = key_ ? 1 : kept_[slot].times;
    shown.insert(shown.end(), std::min(times, count - shown.size()), slot);
    if (shown.size() == count) {
      break;
    }
  }
  if (shows_last_) {
    std::reverse(shown.begin(), shown.end());
  }
  return shown;
}

// Puts that many slots at the front of in_order_, those to be shown first.
void StandingRows::put_in_order(std::size_t count) {
  if (std::exchange(slots_changed_, false)) {
    in_order_.clear();
    for (const auto& [key, slot] : slots_) {
      in_order_.push_back(slot);
    }
    ordered_ = 0;
  }
  const std::size_t wanted = std::min(count, in_order_.size());
  if (ordered_ >= wanted) {
    return;
  }
  const std::vector<Column> keys = order_columns();
  std::vector<RowIndex> rows(in_order_.size());
  std::iota(rows.begin(), rows.end(), 0);
  const auto before = [&](RowIndex a, RowIndex b) {
    return shows_last_ ? comes_before(keys, b, a) : comes_before(keys, a, b);
  };
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(wanted);
  std::nth_element(rows.begin(), end - 1, rows.end(), before);
  std::sort(rows.begin(), end, before);
  std::vector<RowSlot> ordered;
  for (const RowIndex row : rows) {
    ordered.push_back(in_order_[row]);
  }
  in_order_ = std::move(ordered);
  ordered_ = wanted;
}

// What the rows of in_order_ are ordered by.
std::vector<Column> StandingRows::order_columns() const {
  std::vector<RowRef> refs;
  for (const RowSlot slot : in_order_) {
    refs.push_back(RowRef::kept(slot));
  }
  std::vector<Column> columns;
  for (const SortKey& key : order_) {
    columns.push_back(store_->column(refs, Column(), key.column));
  }
  return columns;
}

bool StandingRows::comes_before(const std::vector<Column>& keys, RowIndex a, RowIndex b) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool a_null = !keys[i].is_valid(a);
    if (a_null != !keys[i].is_valid(b)) {
      return a_null == order_[i].nulls_first;
    }
    if (const int order = compare_rows(keys[i], a, keys[i], b); order != 0) {
      return (order < 0) != order_[i].descending;
    }
  }
  return false;
}

std::vector<Column> StandingRows::columns(const std::vector<RowSlot>& slots) const {
  std::vector<RowRef> refs;
  for (const RowSlot slot : slots) {
    refs.push_back(RowRef::kept(slot));
  }
  return store_->rows(refs, {}, store_->width());
}

}  // namespace thalweg
