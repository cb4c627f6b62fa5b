#pragma once

#include <cstdint>

#include "base/result.h"

namespace thalweg::bench {

// How far this process's resident memory grows above what it is at the beginning.
class MemoryGrowth {
 public:
  static Result<MemoryGrowth> begin();

  // The highest so far.
  Result<std::uint64_t> bytes_max() const;

 private:
  explicit MemoryGrowth(std::uint64_t bytes) : bytes_before_(bytes) {}

  std::uint64_t bytes_before_;
};

// A process's resident memory now, from /proc. `pid` may be "self".
Result<std::uint64_t> resident_bytes(const char* pid);

}  // namespace thalweg::bench
