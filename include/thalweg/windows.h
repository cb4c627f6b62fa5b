#pragma once

#include <chrono>
#include <cstdint>

namespace thalweg {

// The windows that a stream is cut into by event time: what Stream::window() takes. Made by one of
// the functions below. Spans are counted in microseconds; any std::chrono duration will do.
// A window [start, end) holds the rows with start <= time < end. Spans that make no window (a size
// of nothing, a step beyond the size) are told of when the pipeline runs.
struct Windows {
  enum class Kind : std::uint8_t { kTumbling, kHopping, kCumulating, kSession, kRows };

  Kind kind = Kind::kTumbling;
  std::chrono::microseconds size{0};
  std::chrono::microseconds step{0};  // A slide, or a step of cumulating windows.
  std::chrono::microseconds offset{0};
  std::chrono::microseconds gap{0};  // Of sessions.
  std::uint64_t rows = 0;            // Of kRows, and how many a window begins after another.
  std::uint64_t rows_apart = 0;
};

// One after the other, beginning at 1970-01-01 00:00 UTC plus the offset. TUMBLE of SQL.
inline Windows tumbling(std::chrono::microseconds size, std::chrono::microseconds offset = {}) {
  return {.kind = Windows::Kind::kTumbling, .size = size, .offset = offset};
}

// One of `size` begins at every `slide`. A slide needs not divide the size; one beyond it leaves
// out the rows between two windows.
struct Hop {
  std::chrono::microseconds size;
  std::chrono::microseconds slide;
  std::chrono::microseconds offset{0};
};

// hopping({.size = 10min, .slide = 1min}): each row counts in every window that holds it, and each
// slide gives the result of the size before it. HOP of SQL.
inline Windows hopping(const Hop& hop) {
  return {
      .kind = Windows::Kind::kHopping, .size = hop.size, .step = hop.slide, .offset = hop.offset};
}
// The same, under the name that other systems give it.
inline Windows sliding(const Hop& hop) { return hopping(hop); }

struct Cumulation {
  std::chrono::microseconds size;
  std::chrono::microseconds step;  // At most the size.
  std::chrono::microseconds offset{0};
};

// cumulating({.size = 24h, .step = 1h}): the day so far, each hour. Windows begin together with the
// tumbling ones of `size` and end a step after one another. CUMULATE of SQL.
inline Windows cumulating(const Cumulation& cumulation) {
  return {.kind = Windows::Kind::kCumulating,
          .size = cumulation.size,
          .step = cumulation.step,
          .offset = cumulation.offset};
}

// For each key, rows that are at most `gap` apart: [first row, last row + gap). SESSION of SQL.
inline Windows session(std::chrono::microseconds gap) {
  return {.kind = Windows::Kind::kSession, .gap = gap};
}

struct RowHop {
  std::uint64_t rows;
  std::uint64_t slide;
};

// hopping_rows({.rows = 100, .slide = 10}): of each key, in order of event time, the last hundred
// rows at every tenth. window_number counts a key's windows from 1; at the end of a bounded stream
// those that are not full come too. For aggregate() and rows(), whose rows have no event time then.
// HOP_ROWS of SQL.
inline Windows hopping_rows(const RowHop& hop) {
  return {.kind = Windows::Kind::kRows, .rows = hop.rows, .rows_apart = hop.slide};
}
// One after the other. TUMBLE_ROWS of SQL.
inline Windows tumbling_rows(std::uint64_t rows) { return hopping_rows({rows, rows}); }

}  // namespace thalweg
