#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "thalweg/run_progress.h"

namespace thalweg {

// What the first failures of a program's functions said, as examples for the summary of a run.
class FailureNotes {
 public:
  void add(const std::string& step, const std::string& reason, const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (samples_.size() < kSamplesMax) {
      samples_.push_back({.origin = step, .reason = reason, .detail = text});
    }
  }
  std::vector<RunProgress::Sample> samples() const {
    const std::lock_guard lock(mutex_);
    return samples_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    samples_.clear();
  }

 private:
  static constexpr std::size_t kSamplesMax = 5;

  mutable std::mutex mutex_;  // Guards samples_.
  std::vector<RunProgress::Sample> samples_;
};

}  // namespace thalweg
