#include "operators/over_reach.h"

#include <algorithm>
#include <limits>

#include "operators/over_calls.h"

namespace thalweg {
namespace {

using Entry = ChangingRows::Entry;
using Entries = std::span<const Entry>;
using Extent = ChangingRows::Extent;

std::uint64_t less(std::uint64_t word, std::int64_t distance) {
  const auto by = static_cast<std::uint64_t>(std::max<std::int64_t>(distance, 0));
  return word < by ? 0 : word - by;
}

std::uint64_t more(std::uint64_t word, std::int64_t distance) {
  const auto by = static_cast<std::uint64_t>(std::max<std::int64_t>(distance, 0));
  const std::uint64_t sum = word + by;
  return sum < word ? std::numeric_limits<std::uint64_t>::max() : sum;
}

std::size_t first_from(Entries entries, std::uint64_t word) {
  return static_cast<std::size_t>(
      std::partition_point(entries.begin(), entries.end(),
                           [word](const Entry& entry) { return entry.word < word; }) -
      entries.begin());
}

std::size_t first_behind(Entries entries, std::uint64_t word) {
  return static_cast<std::size_t>(
      std::partition_point(entries.begin(), entries.end(),
                           [word](const Entry& entry) { return entry.word <= word; }) -
      entries.begin());
}

}  // namespace

Extent rows_to_answer(const OverCall& call, Entries entries, const ChangingRows::Touched& touched) {
  const Extent all{.begin = 0, .end = entries.size()};
  const OverFrame& frame = call.frame;
  if (!call.has_frame()) {
    return {.begin = counts_all_rows(call) ? 0 : touched.rows.begin, .end = all.end};
  }
  Extent rows = all;
  if (frame.unit == FrameUnit::kRows) {
    if (frame.end) {
      const auto back = static_cast<std::size_t>(std::max<std::int64_t>(*frame.end, 0));
      rows.begin = touched.rows.begin - std::min(touched.rows.begin, back);
    }
    if (frame.start) {
      const auto on = static_cast<std::size_t>(std::max<std::int64_t>(-*frame.start, 0));
      rows.end = std::min(all.end, touched.rows.end + on);
    }
    return rows;
  }
  if (frame.end) {
    rows.begin = first_from(entries, less(touched.first_word, *frame.end));
  }
  if (frame.start) {
    rows.end = first_behind(entries, more(touched.last_word, -*frame.start));
  }
  return rows;
}

Extent rows_to_see(const OverCall& call, Entries entries, Extent rows) {
  const Extent all{.begin = 0, .end = entries.size()};
  const OverFrame& frame = call.frame;
  Extent seen = rows;
  if (!call.has_frame()) {
    if (call.kind == OverKind::kDenseRank || counts_all_rows(call)) {
      seen = all;
    } else if (call.kind == OverKind::kRank) {
      seen.begin = first_from(entries, entries[rows.begin].word);
    }
    return seen;
  }
  if (frame.unit == FrameUnit::kRows) {
    const std::int64_t before = -frame.start.value_or(0);
    const auto back = static_cast<std::size_t>(std::max<std::int64_t>(before, 0));
    const auto on = static_cast<std::size_t>(std::max<std::int64_t>(frame.end.value_or(0), 0));
    seen.begin = frame.start ? rows.begin - std::min(rows.begin, back) : 0;
    seen.end = frame.end ? std::min(all.end, rows.end + on) : all.end;
    return seen;
  }
  seen.begin = frame.start ? first_from(entries, less(entries[rows.begin].word, -*frame.start)) : 0;
  seen.end =
      frame.end ? first_behind(entries, more(entries[rows.end - 1].word, *frame.end)) : all.end;
  return seen;
}

}  // namespace thalweg
