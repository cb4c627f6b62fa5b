#pragma once

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

// The first few, written by workers and read by others.
class RejectedExamples {
 public:
  bool full() const {
    const std::lock_guard lock(mutex_);
    return examples_.size() >= kMax;
  }

  void add(RejectedExample example) {
    const std::lock_guard lock(mutex_);
    if (examples_.size() < kMax) {
      examples_.push_back(std::move(example));
    }
  }

  std::vector<RejectedExample> all() const {
    const std::lock_guard lock(mutex_);
    return examples_;
  }

 private:
  static constexpr std::size_t kMax = 20;
  mutable std::mutex mutex_;
  std::vector<RejectedExample> examples_;
};

}  // namespace thalweg
