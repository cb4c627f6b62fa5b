#include "kafka/retries.h"

#include <algorithm>

namespace thalweg::kafka {

std::uint32_t Retries::count(const Record& record) {
  const bool is_same =
      record.offset == offset_ && record.partition == partition_ && record.topic == topic_;
  if (!is_same) {
    topic_ = record.topic;
    partition_ = record.partition;
    offset_ = record.offset;
    attempts_ = 0;
  }
  return ++attempts_;
}

OnFailure Retries::decide(const Failure& failure) const {
  if (options_.decide) {
    return options_.decide(failure);
  }
  return failure.attempts <= options_.retries ? OnFailure::kRetry : options_.then;
}

std::chrono::milliseconds Retries::backoff(std::uint32_t attempts) {
  constexpr std::uint32_t kDoublingsMax = 30;
  const std::int64_t factor = std::int64_t{1} << std::min(attempts - 1, kDoublingsMax);
  const std::int64_t first = options_.backoff.count();
  const std::int64_t longest = options_.backoff_max.count();
  const std::int64_t pause = first > longest / factor ? longest : first * factor;
  const double share =
      std::clamp(options_.jitter, 0.0, 1.0) * std::uniform_real_distribution<double>(0, 1)(random_);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(pause) * (1 - share)));
}

}  // namespace thalweg::kafka
