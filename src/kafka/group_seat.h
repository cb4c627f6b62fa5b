#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "env/env.h"
#include "kafka/client.h"
#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

struct SeatOptions {
  Connection connection;
  std::string group;
  std::string instance_id;  // Whoever takes it later ends this membership for good.
  std::string topic;        // Of which nothing is read.
};

// A membership in a group that reads nothing: a sign of life for others. It begins when the broker
// lets it, and lasts, after its end, until the session is over, as that of a process that was
// killed does.
class GroupSeat {
 public:
  static Expected<std::unique_ptr<GroupSeat>> take(Env& env, const SeatOptions& options);
  ~GroupSeat();

  // Whether another member has taken its place.
  bool is_lost() const { return is_lost_.load(std::memory_order_relaxed); }

 private:
  explicit GroupSeat(std::unique_ptr<Client> client) : client_(std::move(client)) {}
  void stay(const std::stop_token& stop);

  std::unique_ptr<Client> client_;
  std::atomic<bool> is_lost_{false};
  std::jthread thread_;  // Serves what librdkafka asks.
};

}  // namespace thalweg::kafka
