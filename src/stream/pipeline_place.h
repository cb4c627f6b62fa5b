#pragma once

#include "base/result.h"

namespace thalweg {

// A pipeline's place in the world outside, which one process has at a time.
class PipelinePlace {
 public:
  virtual ~PipelinePlace() = default;

  // Fails where another process has taken it. From any thread.
  virtual Status check() const = 0;
};

}  // namespace thalweg
