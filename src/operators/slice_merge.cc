#include "operators/slice_merge.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace thalweg {
namespace {

// Groups below which it does not pay to renumber them.
constexpr std::uint32_t kSqueezeGroupsMin = 1024;

std::vector<GroupId> numbers(std::uint32_t count) {
  std::vector<GroupId> ids(count);
  std::iota(ids.begin(), ids.end(), 0U);
  return ids;
}

}  // namespace

SliceMerge::SliceMerge(const AggregationSpec& spec)
    : spec_(spec), index_(KeyIndex::make(key_types(spec))) {
  for (const AggregateCall& call : spec.aggregates) {
    TW_CHECK(can_combine(call));
    Slot& slot = slots_.emplace_back();
    slot.back = make_accumulator(call, /*updating=*/false);
    if (!can_subtract(call)) {
      slot.front = make_accumulator(call, /*updating=*/false);
      slot.scratch = make_accumulator(call, /*updating=*/false);
      has_stacks_ = true;
    }
  }
}

void SliceMerge::find_groups(Slice& slice) {
  slice.own = numbers(slice.table->size());
  slice.ids.resize(slice.own.size());
  index_->find_or_insert(slice.table->keys(slice.own), {.rows = {}, .all = true}, slice.ids);
  grow_to_index();
}

void SliceMerge::grow_to_index() {
  slices_with_.grow_to(index_->size());
  for (const Slot& slot : slots_) {
    slot.back->grow_to(index_->size());
    if (slot.front != nullptr) {
      slot.front->grow_to(index_->size());
    }
  }
}

void SliceMerge::add(const TimeWindow& bounds, std::unique_ptr<GroupTable> table) {
  Slice slice;
  slice.bounds = bounds;
  slice.table = std::move(table);
  find_groups(slice);
  for (const GroupId id : slice.ids) {
    live_groups_ += slices_with_[id]++ == 0 ? 1 : 0;
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slice.table->combine_into(i, *slots_[i].back, Combine::kAdd, slice.ids, slice.own);
  }
  const auto place = std::upper_bound(
      slices_.begin(), slices_.end(), bounds.start,
      [](EventTime start, const Slice& other) { return start < other.bounds.start; });
  // A slice of late rows, older than some of the front.
  const bool breaks_order = place != slices_.end() && place->in_front;
  slices_.insert(place, std::move(slice));
  if (breaks_order && has_stacks_) {
    turn();
  }
}

std::unique_ptr<GroupTable> SliceMerge::take_oldest() {
  if (has_stacks_ && !slices_.front().in_front) {
    turn();
  }
  Slice slice = std::move(slices_.front());
  slices_.pop_front();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.front == nullptr) {
      slice.table->combine_into(i, *slot.back, Combine::kSubtract, slice.ids, slice.own);
    } else {
      slot.front->combine(Combine::kReplace, slice.ids, *slice.before[i], slice.own);
    }
  }
  for (const GroupId id : slice.ids) {
    live_groups_ -= --slices_with_[id] == 0 ? 1 : 0;
  }
  if (index_->size() > kSqueezeGroupsMin && index_->size() / 2 > live_groups_) {
    squeeze();
  }
  return std::move(slice.table);
}

std::vector<std::unique_ptr<GroupTable>> SliceMerge::take_all() {
  std::vector<std::unique_ptr<GroupTable>> tables;
  for (Slice& slice : slices_) {
    tables.push_back(std::move(slice.table));
  }
  slices_.clear();
  index_->clear();
  slices_with_.clear();
  live_groups_ = 0;
  for (const Slot& slot : slots_) {
    slot.back->clear();
    if (slot.front != nullptr) {
      slot.front->clear();
    }
  }
  return tables;
}

void SliceMerge::turn() {
  for (const Slot& slot : slots_) {
    if (slot.front != nullptr) {
      for (Accumulator* accumulator : {slot.front.get(), slot.back.get()}) {
        accumulator->clear();
        accumulator->grow_to(index_->size());
      }
    }
  }
  for (auto slice = slices_.rbegin(); slice != slices_.rend(); ++slice) {
    push_front(*slice);
  }
}

void SliceMerge::push_front(Slice& slice) {
  slice.in_front = true;
  slice.before.resize(slots_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.front == nullptr) {
      continue;
    }
    if (slice.before[i] == nullptr) {
      slice.before[i] = make_accumulator(spec_.aggregates[i], /*updating=*/false);
      slice.before[i]->grow_to(static_cast<std::uint32_t>(slice.own.size()));
    }
    slice.before[i]->combine(Combine::kReplace, slice.own, *slot.front, slice.ids);
    slice.table->combine_into(i, *slot.front, Combine::kAdd, slice.ids, slice.own);
  }
}

void SliceMerge::squeeze() {
  std::vector<GroupId> live;
  std::vector<GroupId> place_of(index_->size());
  for (GroupId id = 0; id < index_->size(); ++id) {
    if (is_live(id)) {
      place_of[id] = static_cast<GroupId>(live.size());
      live.push_back(id);
    }
  }
  const std::vector<GroupId> fresh = numbers(static_cast<std::uint32_t>(live.size()));
  std::unique_ptr<KeyIndex> index = KeyIndex::make(key_types(spec_));
  std::vector<GroupId> found(live.size());
  index->find_or_insert(index_->keys(live), {.rows = {}, .all = true}, found);
  index_ = std::move(index);
  StateArray<std::uint32_t> slices_with;
  slices_with.grow_to(live.size());
  for (std::size_t i = 0; i < live.size(); ++i) {
    slices_with[i] = slices_with_[live[i]];
  }
  slices_with_ = std::move(slices_with);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    for (std::unique_ptr<Accumulator>* old : {&slots_[i].back, &slots_[i].front}) {
      if (*old != nullptr) {
        auto moved = make_accumulator(spec_.aggregates[i], /*updating=*/false);
        moved->grow_to(static_cast<std::uint32_t>(live.size()));
        moved->combine(Combine::kReplace, fresh, **old, live);
        *old = std::move(moved);
      }
    }
  }
  for (Slice& slice : slices_) {
    for (GroupId& id : slice.ids) {
      id = place_of[id];
    }
  }
}

std::vector<Column> SliceMerge::results(std::span<const GroupId> ids,
                                        std::vector<RowIndex>& overflow) {
  std::vector<Column> columns = index_->keys(ids);
  const std::vector<GroupId> places = numbers(static_cast<std::uint32_t>(ids.size()));
  for (const Slot& slot : slots_) {
    if (slot.front == nullptr) {
      columns.push_back(slot.back->results(ids, overflow));
      continue;
    }
    slot.scratch->clear();
    slot.scratch->grow_to(static_cast<std::uint32_t>(ids.size()));
    slot.scratch->combine(Combine::kReplace, places, *slot.front, ids);
    slot.scratch->combine(Combine::kAdd, places, *slot.back, ids);
    columns.push_back(slot.scratch->results(places, overflow));
  }
  std::sort(overflow.begin(), overflow.end());
  overflow.erase(std::unique(overflow.begin(), overflow.end()), overflow.end());
  return columns;
}

std::size_t SliceMerge::memory_bytes() const {
  std::size_t bytes = index_->memory_bytes() + slices_with_.memory_bytes();
  for (const Slot& slot : slots_) {
    bytes += slot.back->memory_bytes();
    bytes += slot.front == nullptr ? 0 : slot.front->memory_bytes() + slot.scratch->memory_bytes();
  }
  for (const Slice& slice : slices_) {
    bytes += slice.table->memory_bytes() +
             (slice.own.capacity() + slice.ids.capacity()) * sizeof(GroupId);
    for (const auto& before : slice.before) {
      bytes += before == nullptr ? 0 : before->memory_bytes();
    }
  }
  return bytes;
}

}  // namespace thalweg
