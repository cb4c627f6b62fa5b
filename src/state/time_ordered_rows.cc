#include "state/time_ordered_rows.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

Batch gathered(Batch batch, const std::vector<RowIndex>& order) {
  for (Column& column : batch.columns) {
    column = gather(column, order);
  }
  for (auto* column :
       {&batch.event_time, &batch.stamps, &batch.changes, &batch.partition, &batch.position}) {
    if (*column) {
      *column = gather(**column, order);
    }
  }
  batch.length = static_cast<std::uint32_t>(order.size());
  return batch;
}

}  // namespace

void TimeOrderedRows::add(Batch batch) {
  TW_CHECK(batch.event_time.has_value());
  if (batch.empty()) {
    return;
  }
  // Selected rows may keep many others alive.
  batch = std::move(batch).compacted();
  rows_ += batch.length;
  const auto times = batch.event_time->values<std::int64_t>();
  if (!std::is_sorted(times.begin(), times.end())) {
    const Column time[] = {*batch.event_time};
    const SortKey by_time[] = {{.column = 0}};
    const std::vector<RowIndex> order = sort_rows(time, by_time, batch.length);
    batch = gathered(std::move(batch), order);
  }
  put({.batch = std::move(batch), .taken = 0, .first = {}, .number = runs_made_++});
}

void TimeOrderedRows::put(Run run) {
  run.first = EventTime{run.batch.event_time->values<std::int64_t>()[run.taken]};
  runs_.push_back(std::move(run));
  std::push_heap(runs_.begin(), runs_.end(), is_later);
}

std::optional<Batch> TimeOrderedRows::take_before(EventTime now) {
  std::vector<Batch> out;
  std::vector<Run> left;
  while (!runs_.empty() && (runs_.front().first < now || now == kEndOfTime)) {
    std::pop_heap(runs_.begin(), runs_.end(), is_later);
    Run run = std::move(runs_.back());
    runs_.pop_back();
    const auto times = run.batch.event_time->values<std::int64_t>();
    const auto first = times.begin() + run.taken;
    const auto last =
        now == kEndOfTime ? times.end() : std::lower_bound(first, times.end(), now.micros);
    const auto count = static_cast<std::uint32_t>(last - first);
    out.push_back(run.batch.slice(run.taken, count));
    run.taken += count;
    rows_ -= count;
    if (run.taken < run.batch.length) {
      left.push_back(std::move(run));
    }
  }
  for (Run& run : left) {
    put(std::move(run));
  }
  return out.empty() ? std::nullopt : std::optional(concat(out));
}

std::size_t TimeOrderedRows::memory_bytes() const {
  std::size_t bytes = 0;
  for (const Run& run : runs_) {
    bytes += run.batch.memory_bytes();
  }
  return bytes;
}

}  // namespace thalweg
