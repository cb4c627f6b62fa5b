#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/event_time.h"

namespace thalweg {

// Timers by bucket of event time: setting one costs no search among the others. Only the bucket
// that time has reached is put in order.
class TimeBuckets {
 public:
  struct Timer {
    EventTime time;
    std::uint32_t id = 0;
  };

  // Requires: width_micros > 0.
  explicit TimeBuckets(std::int64_t width_micros) : width_(width_micros) {
    TW_CHECK(width_micros > 0);
  }

  void set(EventTime time, std::uint32_t id) {
    const std::int64_t bucket = bucket_of(time);
    if (bucket <= reached_bucket_) {
      reached_.push_back({time, id});
      std::push_heap(reached_.begin(), reached_.end(), later);
    } else {
      ahead_[bucket].push_back({time, id});
    }
  }

  // Calls visit(id) for each timer set for a time before `now`, at kEndOfTime for all, in order of
  // time, and forgets it. A visit may set timers, also such as fire at once.
  template <typename Visit>
  void fire_before(EventTime now, Visit visit) {
    reached_bucket_ = std::max(reached_bucket_, bucket_of(now));
    while (!ahead_.empty() && ahead_.begin()->first <= reached_bucket_) {
      std::vector<Timer> timers = std::move(ahead_.begin()->second);
      ahead_.erase(ahead_.begin());
      reached_.insert(reached_.end(), timers.begin(), timers.end());
      std::make_heap(reached_.begin(), reached_.end(), later);
    }
    while (!reached_.empty() && (reached_.front().time < now || now == kEndOfTime)) {
      std::pop_heap(reached_.begin(), reached_.end(), later);
      const std::uint32_t id = reached_.back().id;
      reached_.pop_back();
      visit(id);
    }
  }

  // Nothing fires before it: the earliest timer of the bucket that time stands in, else the
  // beginning of the next bucket with timers. kEndOfTime: no timer is set.
  EventTime next_time() const {
    if (!reached_.empty()) {
      return reached_.front().time;
    }
    if (ahead_.empty()) {
      return kEndOfTime;
    }
    // The first bucket there is begins before all times.
    EventTime begin;
    return __builtin_mul_overflow(ahead_.begin()->first, width_, &begin.micros) ? kStartOfTime
                                                                                : begin;
  }

  // Takes all timers out, in no order.
  std::vector<Timer> take_all() {
    std::vector<Timer> all = std::exchange(reached_, {});
    for (const auto& [bucket, timers] : ahead_) {
      all.insert(all.end(), timers.begin(), timers.end());
    }
    ahead_.clear();
    return all;
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = reached_.capacity() * sizeof(Timer);
    for (const auto& [bucket, timers] : ahead_) {
      bytes += timers.capacity() * sizeof(Timer);
    }
    return bytes;
  }

 private:
  static bool later(const Timer& a, const Timer& b) { return a.time > b.time; }

  std::int64_t bucket_of(EventTime time) const {
    return time.micros / width_ - (time.micros % width_ < 0 ? 1 : 0);
  }

  const std::int64_t width_;
  std::map<std::int64_t, std::vector<Timer>> ahead_;  // By bucket, those beyond reached_bucket_.
  std::vector<Timer> reached_;                        // A heap, the earliest in front.
  std::int64_t reached_bucket_ = INT64_MIN;           // The one that time stands in.
};

}  // namespace thalweg
