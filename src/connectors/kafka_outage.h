#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "stream/outage.h"
#include "thalweg/kafka/connection.h"

namespace thalweg {

// Whether the brokers that clients of ours talk to are away, and since when. Outlives the clients.
// Thread-safe.
class KafkaOutage {
 public:
  // The connection of a client that tells.
  kafka::Connection watched(kafka::Connection connection);
  std::optional<Outage> now() const;
  // Of what a client could not do: where it could be done again, the outage lasts until a client
  // has an answer. So a job that ends with it may wait and go on.
  Status status_of(const kafka::Error& error);

 private:
  void begin();

  mutable std::mutex mutex_;  // Guards what follows.
  std::string brokers_;
  std::optional<std::chrono::steady_clock::time_point> since_;
};

}  // namespace thalweg
