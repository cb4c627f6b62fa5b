#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "columnar/row_error.h"

namespace thalweg {

// A row that was rejected, kept as an example for the summary.
struct RejectedExample {
  std::string origin;  // "quakes.jsonl, byte 1204", or the operator as EXPLAIN shows it.
  RowError error = RowError::kNone;
  std::string detail;
};

// The first few of each reason, written by workers and read by others.
class RejectedExamples {
 public:
  bool wants(RowError error) const {
    const std::lock_guard lock(mutex_);
    return counts_[static_cast<std::size_t>(error)] < kMaxOfReason;
  }

  void add(RejectedExample example) {
    const std::lock_guard lock(mutex_);
    if (std::size_t& count = counts_[static_cast<std::size_t>(example.error)];
        count < kMaxOfReason) {
      ++count;
      examples_.push_back(std::move(example));
    }
  }

  std::vector<RejectedExample> all() const {
    const std::lock_guard lock(mutex_);
    return examples_;
  }

 private:
  static constexpr std::size_t kMaxOfReason = 5;
  mutable std::mutex mutex_;
  std::vector<RejectedExample> examples_;
  std::array<std::size_t, kRowErrorCount> counts_{};  // By reason.
};

}  // namespace thalweg
