#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "columnar/type.h"
#include "stream/operator.h"

namespace thalweg {

// Windows of `rows` rows of one key in order of event time, one beginning every `step` rows.
struct CountWindowsSpec {
  std::vector<Type> types;          // Of the input's columns.
  std::vector<std::uint32_t> keys;  // Columns of the input.
  bool has_origin = false;          // Whether rows carry partition and position.
  std::uint64_t rows = 0;           // More than zero, like `step`.
  std::uint64_t step = 0;
  // A row that comes more than so much event time after its key's last one begins the key anew, and
  // windows that were not full come out. 0: never.
  std::int64_t ttl_micros = 0;
};

// Repeats each row for the windows that it is in, with window_start, window_end and window_time
// (TIMESTAMP: of the window's first row, a microsecond after its last row, and of that row) and
// window_number (BIGINT, from 1 within each key) behind the input's columns. The rows of a window
// come out together when the watermark has passed its last one; at the end of the input, or of the
// key's ttl, also those of windows that are not full. Event time is window_time: what passes
// a window's last row closes it further down too. Windows that are not full may come out long after
// their last row; their event time is not before the watermark that has left.
std::unique_ptr<Operator> make_count_windows(CountWindowsSpec spec);

}  // namespace thalweg
