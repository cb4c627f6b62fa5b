#include "operators/over_frames.h"

#include <algorithm>
#include <limits>

#include "operators/over_function.h"

namespace thalweg {
namespace {

std::int64_t plus(std::int64_t value, std::int64_t distance) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(value, distance, &sum)) {
    return distance < 0 ? std::numeric_limits<std::int64_t>::min()
                        : std::numeric_limits<std::int64_t>::max();
  }
  return sum;
}

std::uint32_t clamped(std::int64_t row, const OverRun& run) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(row, 0, run.rows()));
}

}  // namespace

FrameRows OverFrames::find(const OverInput& input) {
  ranges_.resize(input.answers);
  previous_.clear();
  for (const OverRun& run : input.runs) {
    Numbers& last = last_[run.id];
    const RowRange previous = last_of(run);
    previous_.push_back(previous);
    if (run.out_begin == run.out_end) {
      continue;
    }
    if (frame_.unit == FrameUnit::kRows) {
      find_rows(run);
    } else {
      find_range(input, run, previous);
    }
    const RowRange& range = ranges_[run.answer + (run.out_end - run.out_begin) - 1];
    last = {.begin = run.number + range.begin, .end = run.number + range.end};
  }
  return {.ranges = ranges_, .previous = previous_, .from_start = !frame_.start};
}

RowRange OverFrames::last_of(const OverRun& run) const {
  const auto relative = [&](std::uint64_t number) {
    return clamped(static_cast<std::int64_t>(number) - static_cast<std::int64_t>(run.number), run);
  };
  const Numbers& last = last_[run.id];
  return {.begin = frame_.start ? relative(last.begin) : 0, .end = relative(last.end)};
}

void OverFrames::find_rows(const OverRun& run) {
  RowRange* const ranges = ranges_.data() + run.answer;
  for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
    const std::int64_t at = row;
    ranges[row - run.out_begin] = {
        .begin = frame_.start ? clamped(plus(at, *frame_.start), run) : 0,
        .end = frame_.end ? clamped(plus(at + 1, *frame_.end), run) : run.rows()};
  }
}

void OverFrames::find_range(const OverInput& input, const OverRun& run, RowRange previous) {
  const bool measures = frame_.start.value_or(0) != 0 || frame_.end.value_or(0) != 0;
  RunValues<std::int64_t> firsts(input, peers_.first);
  RunValues<std::int64_t> ends(input, peers_.end);
  RunValues<std::int64_t> values(input, measures ? value_ : peers_.first);
  firsts.enter(run);
  ends.enter(run);
  values.enter(run);
  RowRange now = previous;
  const auto number = static_cast<std::int64_t>(run.number);
  for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
    // NULLs are near nothing but NULLs.
    const bool alone = measures && !values.is_valid(row);
    const auto before = [&](std::uint32_t other, std::int64_t bound) {
      return values.is_valid(other) ? values[other] < bound : nulls_first_;
    };
    if (!frame_.start) {
      now.begin = 0;
    } else if (*frame_.start == 0 || alone) {
      now.begin = clamped(firsts[row] - number, run);
    } else {
      while (now.begin < run.rows() && before(now.begin, plus(values[row], *frame_.start))) {
        ++now.begin;
      }
    }
    if (!frame_.end) {
      now.end = run.rows();
    } else if (*frame_.end == 0 || alone) {
      now.end = clamped(ends[row] - number, run);
    } else {
      const std::int64_t last = plus(values[row], *frame_.end);
      while (now.end < run.rows() &&
             (before(now.end, last) || (values.is_valid(now.end) && values[now.end] == last))) {
        ++now.end;
      }
    }
    now.end = std::max(now.begin, now.end);
    ranges_[run.answer + (row - run.out_begin)] = now;
  }
}

std::uint32_t OverFrames::first_needed(const OverRun& run, bool needs_all) const {
  if (needs_all && !frame_.start) {
    return 0;
  }
  const Numbers& last = last_[run.id];
  const std::uint64_t first = frame_.start ? last.begin : last.end - (last.end > 0 ? 1 : 0);
  return clamped(static_cast<std::int64_t>(first) - static_cast<std::int64_t>(run.number), run);
}

}  // namespace thalweg
