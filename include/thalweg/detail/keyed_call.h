#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/detail/columns.h"
#include "thalweg/detail/state_parts.h"

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
  bool only_expires = false;          // Neither row nor timer: what has had its ttl is to go.
  bool by_wall_clock = false;         // The timer.
  std::int64_t timer_micros = 0;      // For which it was set.
  bool has_event_time = false;        // The stream.
  std::int64_t time_micros = 0;       // As KeyedContext::time() says.
  std::int64_t now_micros = 0;        // The wall clock.
  std::int64_t ttl_micros = 0;        // How far the time has come in which ttl counts.
  RowsIn* rows = nullptr;             // Of a row: the batch that it stands in.
  std::uint32_t row = 0;              // Its number there among the existing rows.
  RowsIn* key = nullptr;              // Of a timer: the key's columns, of one row.
  std::string_view state;             // Empty: there is none.
  std::string new_state = {};         // Empty: none is kept.
  std::int64_t expires_micros = 0;    // When some of it has had its ttl; INT64_MAX: never.
  const StateParts* parts = nullptr;  // Of the key.
  std::vector<PartChange> part_changes = {};
  bool state_is_unreadable = false;  // It is not what the function writes; nothing was called.
  std::vector<TimerChange> timers = {};
};

// A function of the program over rows and timers by key; one per worker.
class KeyedRowsFunction {
 public:
  virtual ~KeyedRowsFunction() = default;
  // Throws what the program throws; nothing of the call counts then.
  virtual void call(KeyedCall& call, RowsOut& out) = 0;

  // A row of the broadcast input, where there is one, in the same way.
  virtual void call_broadcast(const RowsIn& /*rows*/, std::uint32_t /*row*/,
                              std::int64_t /*time_micros*/) {}
  // What those rows have left behind; and the same put back. False: it is not what it writes.
  virtual std::string broadcast_state() const { return {}; }
  virtual bool restore_broadcast_state(std::string_view /*bytes*/) { return false; }
};

}  // namespace thalweg::detail
