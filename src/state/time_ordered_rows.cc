#include "state/time_ordered_rows.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"
#include "state/row_pieces.h"

namespace thalweg {
namespace {

// In order of time, rows of one time as they are.
Batch in_order_of_time(Batch batch) {
  const auto times = batch.event_time->values<std::int64_t>();
  if (std::is_sorted(times.begin(), times.end())) {
    return batch;
  }
  const Column time[] = {*batch.event_time};
  const SortKey by_time[] = {{.column = 0}};
  return gather(batch, sort_rows(time, by_time, batch.length));
}

// The rows later than `time`.
Batch later_than(EventTime time, Batch batch) {
  const auto times = batch.event_time->values<std::int64_t>();
  std::vector<RowIndex> left;
  for (RowIndex row = 0; row < batch.length; ++row) {
    if (times[row] > time.micros) {
      left.push_back(row);
    }
  }
  return std::move(batch).select(std::move(left)).compacted();
}

}  // namespace

TimeOrderedRows::TimeOrderedRows(RowLayout layout, std::string name)
    : on_every_worker_(layout.on_every_worker),
      whole_(std::move(layout), WholeRows::Slices::kByTime),
      schema_(whole_.schema(std::move(name))) {}

void TimeOrderedRows::add(Batch batch) {
  TW_CHECK(batch.event_time.has_value());
  if (batch.empty()) {
    return;
  }
  // Selected rows may keep many others alive.
  batch = in_order_of_time(whole_.kept(std::move(batch)));
  rows_ += batch.length;
  const std::int64_t number = next_number_;
  next_number_ += batch.length;
  put({.batch = std::move(batch), .taken = 0, .told = 0, .first = {}, .number = number});
}

void TimeOrderedRows::put(Run run) {
  run.first = EventTime{run.batch.event_time->values<std::int64_t>()[run.taken]};
  runs_.push_back(std::move(run));
  std::push_heap(runs_.begin(), runs_.end(), is_later);
}

std::optional<Batch> TimeOrderedRows::take_before(EventTime now) {
  taken_to_ = now;
  std::vector<Run> passed;
  while (!runs_.empty() && (runs_.front().first < now || now == kEndOfTime)) {
    std::pop_heap(runs_.begin(), runs_.end(), is_later);
    passed.push_back(std::move(runs_.back()));
    runs_.pop_back();
  }
  if (passed.empty()) {
    return std::nullopt;
  }
  std::sort(passed.begin(), passed.end(),
            [](const Run& a, const Run& b) { return a.number < b.number; });
  std::vector<Batch> out;
  for (Run& run : passed) {
    const auto times = run.batch.event_time->values<std::int64_t>();
    const auto first = times.begin() + run.taken;
    const auto last =
        now == kEndOfTime ? times.end() : std::lower_bound(first, times.end(), now.micros);
    const auto count = static_cast<std::uint32_t>(last - first);
    out.push_back(run.batch.slice(run.taken, count));
    told_are_gone_ |= run.taken < run.told;
    run.taken += count;
    rows_ -= count;
    if (run.taken < run.batch.length) {
      put(std::move(run));
    }
  }
  return concat(out);
}

std::size_t TimeOrderedRows::memory_bytes() const {
  std::size_t bytes = 0;
  for (const Run& run : runs_) {
    bytes += run.batch.memory_bytes();
  }
  return bytes;
}

bool TimeOrderedRows::next_changes(std::uint32_t rows_max, StateChanges& out) {
  out = {};
  if (std::exchange(told_are_gone_, false)) {
    out.dropped_to = taken_to_ == kEndOfTime ? kEndOfTime : EventTime{taken_to_.micros - 1};
  }
  RowPieces puts;
  for (std::uint32_t room = rows_max; room > 0 && next_run_ < runs_.size();) {
    Run& run = runs_[next_run_];
    const std::uint32_t begin = std::max(run.taken, run.told);
    const std::uint32_t count = std::min(room, run.batch.length - begin);
    if (count > 0) {
      puts.add(
          whole_.columns(run.batch.slice(begin, count), numbers_from(run.number + begin, count)));
    }
    room -= count;
    run.told = begin + count;
    next_run_ += run.told == run.batch.length ? 1 : 0;
  }
  out.puts = puts.take(rows_max);
  next_run_ = out.empty() ? 0 : next_run_;
  return !out.empty();
}

Status TimeOrderedRows::apply(const StateChanges& changes) {
  if (changes.erased_rows() > 0) {
    return wrong_rows(schema_, "single ones have gone");
  }
  if (changes.dropped_to) {
    for (Batch& batch : restored_) {
      if (batch.time_min <= *changes.dropped_to) {
        batch = later_than(*changes.dropped_to, std::move(batch));
      }
    }
    std::erase_if(restored_, [](const Batch& batch) { return batch.empty(); });
  }
  if (changes.put_rows() > 0) {
    Result<Batch> rows = whole_.rows(changes.puts);
    if (!rows.ok()) {
      return wrong_rows(schema_, rows.status().message());
    }
    restored_.push_back(std::move(rows).take());
  }
  return {};
}

void TimeOrderedRows::note_changes() {
  if (restored_.empty()) {
    return;
  }
  Batch all = concat(std::exchange(restored_, {}));
  next_number_ = number_after(all.columns.back(), next_number_);
  const Column order[] = {*all.event_time, all.columns.back()};
  const SortKey keys[] = {{.column = 0}, {.column = 1}};
  all = gather(all, sort_rows(order, keys, all.length));
  take_last_column(all);
  const std::uint32_t length = all.length;
  rows_ += length;
  put({.batch = std::move(all), .taken = 0, .told = length, .first = {}, .number = -1});
}

}  // namespace thalweg
