#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "columnar/batch.h"

namespace thalweg {

// What the state of a key has apart from its record: parts with a number and a name, each of which
// is read and written by itself. What has had its ttl is not there.
class PartsOfKey {
 public:
  virtual ~PartsOfKey() = default;
  // Valid until the turn is over.
  virtual std::optional<std::string_view> find(std::uint32_t field,
                                               std::string_view name) const = 0;
  // In the order of their names' bytes.
  using Visit = std::function<void(std::string_view name, std::string_view bytes)>;
  virtual void visit(std::uint32_t field, const Visit& visit) const = 0;
  // The last one in that order, though it has had its ttl; empty: there is none.
  virtual std::string_view last_name(std::uint32_t field) const = 0;
};

// One row or one timer of a key, as a function of the program gets it, and what it wants done. The
// key's state is bytes that only the function understands.
struct KeyedTurn {
  // kExpiry: some of the state has had its ttl; no row or timer.
  enum class Cause : std::uint8_t { kRow, kTimer, kWallTimer, kExpiry };
  struct TimerChange {
    EventTime time;
    bool by_wall_clock = false;
    bool set = true;  // Else removed.
  };
  struct PartChange {
    std::uint32_t field = 0;
    std::string name;
    std::optional<std::string> bytes;  // Nothing: it goes.
    EventTime expires = kEndOfTime;
  };

  Cause cause = Cause::kRow;
  std::uint32_t row = 0;        // kRow: its number among the existing rows of the batch.
  std::span<const Column> key;  // Of a timer: the key's columns, of one row.
  EventTime timer_time;         // For which it was set.
  EventTime time;               // Event time; the wall clock where there is none.
  bool has_event_time = false;
  EventTime now;           // The wall clock.
  EventTime ttl_time;      // How far the time has come in which ttl counts.
  std::string_view state;  // Empty: there is none.
  const PartsOfKey* parts = nullptr;

  std::string new_state;             // Empty: none is kept.
  EventTime expires = kEndOfTime;    // When some of it has had its ttl.
  bool state_is_unreadable = false;  // The call failed: the state is not what the function writes.
  std::vector<TimerChange> timers;
  std::vector<PartChange> part_changes;
};

// A function of the program over the rows and timers of keys, one after the other. Owned by one
// worker.
class KeyedFunction {
 public:
  virtual ~KeyedFunction() = default;

  // The rows that the following calls are about. The batch outlives them.
  virtual void begin(const Batch& batch) = 0;

  // False: it failed, and nothing of the call counts.
  virtual bool call(KeyedTurn& turn) = 0;
  // What the last call that failed said.
  virtual std::string failure() const = 0;

  // The same of a second input, where it has one: every worker takes all of its rows, in one order.
  virtual void begin_broadcast(const Batch& /*batch*/) {}
  // False: it failed on the row of that number, and nothing of it counts.
  virtual bool call_broadcast(RowIndex /*row*/, EventTime /*time*/) { return false; }
  // What those rows have left behind, and the same put back. False: it is not what it writes.
  virtual std::string broadcast_state() const { return {}; }
  virtual bool restore_broadcast_state(std::string_view /*bytes*/) { return false; }

  // Whether some of its state has a ttl.
  virtual bool has_ttl() const { return false; }

  // Rows made since the last take(), and their columns.
  virtual std::uint32_t rows_made() const = 0;
  virtual std::vector<Column> take() = 0;
};

// Called by any worker, perhaps several at a time.
using MakeKeyedFunction = std::function<std::unique_ptr<KeyedFunction>()>;

}  // namespace thalweg
