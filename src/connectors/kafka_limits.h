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

// The most bytes that key and value of a record may have for a topic to take it from this producer,
// before compression.
Result<std::size_t> record_bytes_max(const kafka::Connection& producer, const std::string& topic);

}  // namespace thalweg
