#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "thalweg/kafka/handling.h"

namespace thalweg::kafka {

// Decides about one failure after the other, and counts those of one record. Of one thread.
class Retries {
 public:
  Retries(const HandlingOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  // How often this record has failed by now.
  std::uint32_t count(const Record& record);
  OnFailure decide(const Failure& failure) const;
  // The pause before a record is tried again that has failed so often.
  std::chrono::milliseconds backoff(std::uint32_t attempts);

 private:
  const HandlingOptions& options_;
  std::mt19937_64 random_;
  std::string topic_;
  std::int32_t partition_ = -1;
  std::int64_t offset_ = -1;
  std::uint32_t attempts_ = 0;
};

}  // namespace thalweg::kafka
