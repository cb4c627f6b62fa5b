#pragma once

#include <stdexcept>
#include <utility>
#include <vector>

#include "thalweg/detail/keyed_call.h"
#include "thalweg/keyed_state.h"
#include "thalweg/timestamp.h"

namespace thalweg {

// What fires: set by KeyedContext::set_timer() or set_wall_timer().
struct Timer {
  Timestamp time;  // For which it was set.
  bool by_wall_clock = false;
};

// What a keyed processor can see and do beside the row and its state. Valid during the call.
// What is done counts when the call returns: one that throws has emitted nothing and set nothing.
template <typename Key, typename Out>
class KeyedContext {
 public:
  KeyedContext(detail::KeyedCall& call, const Key& key, detail::RowsOut& out)
      : call_(call), key_(key), out_(out) {}

  const Key& key() const { return key_; }

  // Event time: the row's, or that for which the timer was set. Never moves back from one call to
  // the next. In a stream without event time, and for a timer of the wall clock: now().
  Timestamp time() const { return {call_.time_micros}; }
  // The wall clock.
  Timestamp now() const { return {call_.now_micros}; }

  // The row's event time is time(); of a timer of the wall clock, how far event time has come.
  void emit(const Out& row) {
    detail::write_row(row, out_.columns);
    out_.origins.push_back(0);
  }

  // Calls on_timer() once when event time has passed `at`: after all rows of the key up to `at`,
  // and before any later one. A time that has passed counts as time(). A timer that is set twice is
  // one. At the end of a bounded stream those that are set fire, in order; from then on no more can
  // be set. Requires a stream with event time; throws std::logic_error where there is none.
  void set_timer(Timestamp at) {
    require_event_time();
    call_.timers.push_back({at.micros, /*by_wall_clock=*/false, /*set=*/true});
  }
  void remove_timer(Timestamp at) {
    require_event_time();
    call_.timers.push_back({at.micros, /*by_wall_clock=*/false, /*set=*/false});
  }

  // The same by the wall clock, as soon after `at` as the engine comes to it; not once the stream
  // has ended. Results that follow from it are not a function of the input.
  void set_wall_timer(Timestamp at) {
    call_.timers.push_back({at.micros, /*by_wall_clock=*/true, /*set=*/true});
  }
  void remove_wall_timer(Timestamp at) {
    call_.timers.push_back({at.micros, /*by_wall_clock=*/true, /*set=*/false});
  }

 private:
  void require_event_time() const {
    if (!call_.has_event_time) {
      throw std::logic_error("a timer of event time, in a stream without event time");
    }
  }

  detail::KeyedCall& call_;
  const Key& key_;
  detail::RowsOut& out_;
};

// A step written by hand that remembers something of each key and can wait: for KeyedStream::
// process(). Where the stream has event time, the rows of a key come in its order, each when the
// watermark has passed it, so that results are a function of the input; rows that come later than
// that are counted as late. Without event time they come as they arrive.
//
// Key: the type of the key's field, or a struct of the fields in the order of key_by(). State: a
// number, an enum, a std::string, a ValueState, ListState or MapState, a type with a StateEncoding,
// a plain struct, or a std::optional, pair, vector, map or set of such; every key begins with
// State{}, and one whose state is State{} again and that has no timer is forgotten. Entries of a
// ListState or MapState that is a field of State, or of a struct in it, are read and written one by
// one as they are used; the rest as a whole at each call. Names and types of its fields and their
// ttls are what it means: a program that has changed them is refused the state of before.
//
// Each worker has a copy of the processor and some of the keys; what it keeps in members it shares
// between those and loses at a restart. A row on which process() throws is rejected and counted,
// and leaves no trace in the state; when on_timer() throws the run fails.
template <typename KeyOf, typename In, typename StateOf, typename Out>
class KeyedProcessor {
 public:
  using Key = KeyOf;
  using Input = In;
  using State = StateOf;
  using Result = Out;
  using Context = KeyedContext<Key, Out>;

  virtual ~KeyedProcessor() = default;
  virtual void process(const In& row, State& state, Context& context) = 0;
  virtual void on_timer(const Timer& /*timer*/, State& /*state*/, Context& /*context*/) {}
};

// The same with the state that the rows of a broadcast stream have left behind.
template <typename Key, typename Out, typename BroadcastState>
class KeyedBroadcastContext : public KeyedContext<Key, Out> {
 public:
  KeyedBroadcastContext(detail::KeyedCall& call, const Key& key, detail::RowsOut& out,
                        const BroadcastState& broadcast_state)
      : KeyedContext<Key, Out>(call, key, out), broadcast_state_(broadcast_state) {}

  const BroadcastState& broadcast_state() const { return broadcast_state_; }

 private:
  const BroadcastState& broadcast_state_;
};

// What is known of a row of a broadcast stream beside the row.
class BroadcastContext {
 public:
  explicit BroadcastContext(Timestamp time) : time_(time) {}
  // The row's event time; in a stream without event time the wall clock.
  Timestamp time() const { return time_; }

 private:
  Timestamp time_;
};

// A KeyedProcessor with a second input, whose rows (rules, thresholds, control messages) every
// worker sees, all in the same order: for KeyedStream::process(processor, stream). What they leave
// behind is the same on all workers, is kept once, and comes back whole on any number of them.
//
// Where the streams have event time, a broadcast row counts from its time on: it is taken before
// the keyed rows of that time, and those wait for the watermarks of both streams. Without event
// time rows are taken as they come.
//
// process_broadcast() must do the same on every worker: what it does follows from the row, the
// state and the time alone. It can neither emit nor touch the state of keys. A row on which it
// throws is rejected, counted once, and leaves no trace. BroadcastState is what State can be,
// without a ttl; it is copied at each broadcast row, and written down whole at an epoch before
// which it has changed.
template <typename KeyOf, typename In, typename StateOf, typename BroadcastIn,
          typename BroadcastStateOf, typename Out>
class KeyedBroadcastProcessor {
 public:
  using Key = KeyOf;
  using Input = In;
  using State = StateOf;
  using BroadcastInput = BroadcastIn;
  using BroadcastState = BroadcastStateOf;
  using Result = Out;
  using Context = KeyedBroadcastContext<Key, Out, BroadcastState>;

  virtual ~KeyedBroadcastProcessor() = default;
  virtual void process(const In& row, State& state, Context& context) = 0;
  virtual void process_broadcast(const BroadcastIn& row, BroadcastState& state,
                                 const BroadcastContext& context) = 0;
  virtual void on_timer(const Timer& /*timer*/, State& /*state*/, Context& /*context*/) {}
};

}  // namespace thalweg
