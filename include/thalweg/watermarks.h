#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace thalweg {

// How a source's watermark follows from its rows: the promise that none older will come, which
// closes windows and fires timers. Made by one of the functions below. What is not set is as in
// SQL: a source that never ends has an idle_timeout of 30 s and a max_future_skew of 1 day, one
// that ends has neither, and its partitions are read at most 1 hour of event time apart.
// Zero turns a span off.
struct Watermarks {
  std::chrono::microseconds delay{0};
  std::string bound = {};  // In SQL, over the source's fields; empty: the time less the delay.
  std::optional<std::chrono::microseconds> idle_timeout_span = std::nullopt;
  std::optional<std::chrono::microseconds> max_future_skew_span = std::nullopt;
  std::optional<std::chrono::microseconds> max_drift_span = std::nullopt;
  bool advances_when_idle = false;

  // A partition (a file, an Input) that is read to its end and silent for so long holds nobody
  // back until it speaks again.
  Watermarks idle_timeout(std::chrono::microseconds span) && {
    idle_timeout_span = span;
    return std::move(*this);
  }

  // When all partitions are idle the watermark follows the wall clock less the delay, so that the
  // last windows of a quiet stream close too.
  Watermarks advance_when_idle() && {
    advances_when_idle = true;
    return std::move(*this);
  }

  // A row whose time is further ahead of the wall clock is rejected, as too_far_ahead, rather than
  // let it close everybody's windows.
  Watermarks max_future_skew(std::chrono::microseconds span) && {
    max_future_skew_span = span;
    return std::move(*this);
  }

  // A partition further ahead of the one that is furthest behind waits for it.
  Watermarks max_drift(std::chrono::microseconds span) && {
    max_drift_span = span;
    return std::move(*this);
  }
};

// Rows come at most `delay` after others that are younger: a watermark is the largest time so far
// less the delay. One that comes later may be late.
inline Watermarks bounded_out_of_order(std::chrono::microseconds delay) { return {.delay = delay}; }

// Rows come in order of time.
inline Watermarks ascending() { return {}; }

// The largest value so far of an expression in SQL over the source's fields, of the time's type:
// watermark("sent_at - INTERVAL '5 seconds'").
inline Watermarks watermark(std::string bound) { return {.bound = std::move(bound)}; }

}  // namespace thalweg
