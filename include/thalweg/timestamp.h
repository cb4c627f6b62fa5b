#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace thalweg {

// A moment: microseconds since 1970, UTC. What SQL calls TIMESTAMP.
struct Timestamp {
  std::int64_t micros = 0;

  static Timestamp from_millis(std::int64_t millis) { return {millis * 1000}; }
  static Timestamp from(std::chrono::system_clock::time_point time) {
    return {std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count()};
  }

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
  friend Timestamp operator+(Timestamp time, std::chrono::microseconds span) {
    return {time.micros + span.count()};
  }
  friend Timestamp operator-(Timestamp time, std::chrono::microseconds span) {
    return {time.micros - span.count()};
  }
  friend std::chrono::microseconds operator-(Timestamp a, Timestamp b) {
    return std::chrono::microseconds(a.micros - b.micros);
  }
};

// 2018-02-01 13:45:00.25
std::string to_string(Timestamp time);

}  // namespace thalweg
