#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "connectors/kafka_topics.h"
#include "thalweg/kafka/admin.h"

namespace thalweg {

// Looks, in a thread of its own, for partitions that come while a table is read: in its topics, and
// of topics that match its patterns; and for topics that go.
class KafkaDiscovery {
 public:
  struct Options {
    kafka::Connection connection;
    std::chrono::microseconds interval;
    // Whether brokers are away as far as others know: it does not ask meanwhile.
    std::function<bool()> is_away;
  };

  // `known`: what is read already. `topics` outlives it.
  KafkaDiscovery(Options options, const TopicChoice& topics,
                 const std::vector<PartitionBounds>& known);

  // What has come since the last call; mostly nothing, and then it costs nothing. Fails when a
  // topic that is read has gone, or looking has failed in a way that never passes. Thread-safe.
  Result<std::vector<PartitionBounds>> take();

 private:
  void run(const std::stop_token& stop);
  kafka::Error look(const std::stop_token& stop);
  // Counts the looks at which a topic that is read was not among those that there are.
  void note_missing(const std::vector<kafka::TopicListing>& topics);
  Status gone() const;
  void fail(Status failure);

  const Options options_;
  const TopicChoice& topics_;
  // Its thread's.
  std::map<std::string, std::int32_t> counts_;  // Of the partitions that are known, by topic.
  std::map<std::string, int> missing_;  // Looks in a row that did not find a topic that is read.
  std::optional<kafka::Admin> admin_;

  std::atomic<bool> has_news_{false};
  std::mutex mutex_;  // Guards what follows.
  std::vector<PartitionBounds> found_;
  Status failure_;

  std::jthread thread_;  // Last: it ends before all else goes.
};

}  // namespace thalweg
