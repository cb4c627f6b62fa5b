#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/detail/columns.h"

namespace thalweg::detail {

// One row or one timer of a key on its way through a function of the program: what the engine says
// of it, and what the function wants done.
struct KeyedCall {
  struct TimerChange {
    std::int64_t micros = 0;
    bool by_wall_clock = false;
    bool set = true;  // Else removed.
  };

  bool is_timer = false;
  bool by_wall_clock = false;     // The timer.
  std::int64_t timer_micros = 0;  // For which it was set.
  bool has_event_time = false;    // The stream.
  std::int64_t time_micros = 0;   // As KeyedContext::time() says.
  std::int64_t now_micros = 0;    // The wall clock.
  RowsIn* rows = nullptr;         // Of a row: the batch that it stands in.
  std::uint32_t row = 0;          // Its number there among the existing rows.
  RowsIn* key = nullptr;          // Of a timer: the key's columns, of one row.
  std::string_view state;         // Empty: there is none.
  std::string new_state = {};     // Empty: none is kept.
  std::vector<TimerChange> timers = {};
};

// A function of the program over rows and timers by key; one per worker.
class KeyedRowsFunction {
 public:
  virtual ~KeyedRowsFunction() = default;
  // Throws what the program throws; nothing of the call counts then.
  virtual void call(KeyedCall& call, RowsOut& out) = 0;
};

}  // namespace thalweg::detail
