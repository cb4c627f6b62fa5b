#pragma once

#include <memory>
#include <string>

#include "kafka/producer_core.h"
#include "thalweg/kafka/handling.h"

namespace thalweg::kafka {

// Writes records that could not be handled to a topic, each with where it came from. Thread-safe.
class DeadLetters {
 public:
  // `connection`: a consumer's; the settings that are for consumers alone are left out.
  static Expected<std::unique_ptr<DeadLetters>> open(Env& env, Connection connection,
                                                     std::string topic);

  // Returns when the brokers have it. One that is too large goes without the end of its value, and
  // a header says so: thalweg.truncated, with the size it had.
  Error write(const Failure& failure);

 private:
  explicit DeadLetters(std::string topic) : topic_(std::move(topic)) {}

  const std::string topic_;
  std::unique_ptr<ProducerCore> producer_;
};

}  // namespace thalweg::kafka
