#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "thalweg/kafka/producer.h"

namespace thalweg {

// Fits a producer to the topics that it writes to: that a record which one of them takes is sent,
// and that none refuses a record for having travelled with others. Fails where a topic is missing.
Status fit_to_topics(std::span<const std::string> topics, kafka::ProducerOptions& options);

// How large a record may be for a topic to take it from a producer.
struct RecordLimit {
  std::size_t bytes = 0;  // Of key and value, before compression.
  std::string reason;     // For people: what sets it, and how to raise it.
};
Result<RecordLimit> record_limit(const kafka::Connection& producer, const std::string& topic);

}  // namespace thalweg
