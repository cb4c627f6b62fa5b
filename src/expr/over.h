#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "expr/aggregate.h"

namespace thalweg {

enum class FrameUnit : std::uint8_t { kRows, kRange };

// The rows that a call OVER a window sees from each row. Bounds count from the row itself, negative
// before it, the start not behind the end; without a bound the frame reaches to the partition's
// end. 0 is the row, in RANGE all rows equal to it in the order.
struct OverFrame {
  FrameUnit unit = FrameUnit::kRange;
  std::optional<std::int64_t> start;    // Rows, or what the order's one column may be apart:
  std::optional<std::int64_t> end = 0;  // microseconds of times, days of dates.
  friend bool operator==(const OverFrame&, const OverFrame&) = default;
};

enum class OverKind : std::uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,
  kNthValue,  // first_value, lag and lead too, whose frames begin where they look.
  kLastValue,
  kAggregate,
};

// When the answers come out.
enum class OverEmit : std::uint8_t {
  kAtEnd,            // All when the bounded input has ended; append-only.
  kBehindWatermark,  // Each row once, when the watermark has passed its frame; append-only.
  kChanges,          // After each batch what is other than it was told, -old and +new.
};

// One call OVER a window, bound. Columns are the input's.
struct OverCall {
  OverKind kind = OverKind::kAggregate;
  AggregateKind aggregate = AggregateKind::kCountStar;
  std::optional<std::uint32_t> arg;     // NULL where a FILTER leaves the row out,
  std::optional<std::uint32_t> filter;  // but of array_agg: BOOLEAN.
  std::int64_t number = 1;              // ntile's buckets, nth_value's row of the frame.
  OverFrame frame;
  Type type;         // Of the result.
  std::string name;  // As users know it.

  bool has_frame() const { return kind >= OverKind::kNthValue; }
};

}  // namespace thalweg
