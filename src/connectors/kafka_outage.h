#pragma once

#include <atomic>
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
  // `stop_requested`: whether the job is to end; null: it is not asked to.
  explicit KafkaOutage(const std::atomic<bool>* stop_requested = nullptr)
      : stop_requested_(stop_requested) {}

  // The connection of a client that tells.
  kafka::Connection watched(kafka::Connection connection);
  std::optional<Outage> now() const;
  // Of what a client could not do: where it could be done again, the outage lasts until a client
  // has an answer. So a job that ends with it may wait and go on.
  Status status_of(const kafka::Error& error);

 private:
  void begin();
  // Whether a job that is to end waits for brokers in vain.
  bool gives_up();

  const std::atomic<bool>* const stop_requested_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::string brokers_;
  std::optional<std::chrono::steady_clock::time_point> since_;
  std::optional<std::chrono::steady_clock::time_point> in_vain_since_;  // It is to end.
};

}  // namespace thalweg
