#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "kafka/client.h"
#include "thalweg/kafka/admin.h"

namespace thalweg::kafka {

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using EventPtr = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

// One call of librdkafka's administration: `ask` sends the request, with these options, to answer
// in that queue. Works with a client of any kind.
Expected<EventPtr> admin_call(
    const Client& client, rd_kafka_admin_op_t operation, std::chrono::milliseconds timeout,
    std::string_view doing,
    const std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& ask);

// The offsets that a group has committed, in these partitions, once no transaction is open that
// would change them. Without partitions, in all that are known: brokers leave out those in which a
// transaction that is still being ended commits for the first time.
Expected<std::vector<PartitionOffset>> committed_offsets(
    const Client& client, const std::string& group, const std::vector<TopicPartition>& partitions,
    std::chrono::milliseconds timeout);

// A broker that has just begun to coordinate a group cannot answer for it yet.
inline bool is_about_coordinator(const Error& error) {
  return error.name() == "COORDINATOR_LOAD_IN_PROGRESS" ||
         error.name() == "COORDINATOR_NOT_AVAILABLE" || error.name() == "NOT_COORDINATOR";
}

// Asks again, for so long at most, while the answer is one that passes by itself.
template <typename Ask, typename Passes>
auto ask_while_passing(const Client& client, std::chrono::milliseconds timeout, Ask ask,
                       Passes passes) {
  constexpr std::chrono::milliseconds kPause{20};
  Env& env = client.events().env();
  const std::int64_t until = env.steady_nanos() + timeout.count() * 1'000'000;
  while (true) {
    auto answer = ask();
    if (!passes(answer) || env.steady_nanos() >= until) {
      return answer;
    }
    std::this_thread::sleep_for(kPause);
  }
}

// Never creates the topic.
Expected<std::int32_t> partition_count_of(const Client& client, const std::string& topic,
                                          std::chrono::milliseconds timeout);

struct Admin::Impl {
  Impl(AdminOptions given, std::unique_ptr<Client> made)
      : options(std::move(given)), client(std::move(made)) {}

  Expected<EventPtr> call(
      rd_kafka_admin_op_t operation, std::string_view doing,
      const std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& ask) const {
    return admin_call(*client, operation, options.timeout, doing, ask);
  }

  // Once, which a broker that has just begun to coordinate the group refuses.
  Expected<GroupDescription> describe_group(const std::string& group) const;
  Error delete_group(const std::string& group) const;

  const AdminOptions options;
  const std::unique_ptr<Client> client;
};

}  // namespace thalweg::kafka
