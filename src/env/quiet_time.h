#pragma once

#include <cstdint>
#include <optional>

namespace thalweg {

// For how long nothing has come of a file that was renamed. Who wrote to it may go on for a while,
// until it is told to open the new one; its reader leaves it once it has been quiet.
class QuietTime {
 public:
  void stirred() { since_.reset(); }
  // Nothing has come until `now`; whether that has been so for long enough.
  bool is_enough(std::int64_t now_nanos) {
    since_ = since_.value_or(now_nanos);
    return now_nanos - *since_ >= kEnoughNanos;
  }

  static constexpr std::int64_t kEnoughNanos = 5'000'000'000;

 private:
  std::optional<std::int64_t> since_;
};

}  // namespace thalweg
