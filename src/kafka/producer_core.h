#pragma once

#include <absl/container/flat_hash_map.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/client.h"
#include "kafka/records_under_way.h"
#include "thalweg/kafka/producer.h"
#include "thalweg/kafka/types.h"

namespace thalweg::kafka {

// Waits for one record's delivery. Its address travels with the record; `done` is called once, in
// librdkafka's thread, and may end the waiter's life.
struct DeliveryWaiter {
  void (*done)(DeliveryWaiter& waiter, Delivery&& delivery) = nullptr;
  RecordsUnderWay::Side side = 0;  // On which the record is counted.
};

// A producing handle: what plain and transactional producers share. Thread-safe.
class ProducerCore {
 public:
  static Expected<std::unique_ptr<ProducerCore>> make(Env& env, const ProducerOptions& options,
                                                      const SettingValues& more_fields);
  ~ProducerCore();

  // `waiter`: null where nobody waits. Not called where there is an error.
  Error send(const OutputRecord& record, DeliveryWaiter* waiter);
  std::vector<Delivery> send_all(std::span<const OutputRecord> records);

  // Waits for what was sent before; what others send meanwhile does not prolong it.
  Flushed flush(std::chrono::milliseconds timeout);
  Flushed close(std::chrono::milliseconds timeout);
  // What has failed since it was asked last.
  Flushed take_failures();

  Expected<std::int32_t> partition_count(const std::string& topic);
  // Of those that have been delivered there; waits for others that are on their way.
  std::optional<std::int64_t> last_offset(const TopicPartition& partition,
                                          std::chrono::milliseconds timeout);
  std::uint64_t in_flight_bytes() const { return in_flight_.load(std::memory_order_relaxed); }
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  Client& client() { return *client_; }

 private:
  struct TopicDeleter {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };
  using TopicPtr = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;
  class Events;

  explicit ProducerCore(ProducerOptions options) : options_(std::move(options)) {}

  rd_kafka_topic_t* topic_named(std::string_view name);
  // `waiter`: never null.
  rd_kafka_error_t* produce(rd_kafka_topic_t* topic, const OutputRecord& record,
                            DeliveryWaiter* waiter);
  bool wait_for_sent(std::chrono::milliseconds timeout);
  bool wait_for_all(std::chrono::milliseconds timeout);
  bool reserve(std::uint64_t bytes);
  void release(std::uint64_t bytes);
  bool wait_for_room(std::int64_t until_nanos);
  Error refused(rd_kafka_error_t* error, const OutputRecord& record);
  void on_event(rd_kafka_event_t* event);
  void delivered(const rd_kafka_message_t& message);
  void note_offset(const rd_kafka_message_t& message);
  void failed(const rd_kafka_message_t& message, const Error& error);

  const ProducerOptions options_;
  std::atomic<std::uint64_t> in_flight_{0};
  std::atomic<std::uint32_t> waiting_for_room_{0};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> failures_{0};  // Of records, since they were told last.
  RecordsUnderWay under_way_;
  std::timed_mutex flushing_;  // Held by who waits for what is under way.
  // Those of records that nobody waits for, by side.
  std::array<DeliveryWaiter, 2> nobody_{DeliveryWaiter{.side = 0}, DeliveryWaiter{.side = 1}};

  std::shared_mutex topics_mutex_;  // Guards topics_.
  absl::flat_hash_map<std::string, TopicPtr> topics_;

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable room_;
  std::vector<Undelivered> examples_;
  std::map<TopicPartition, std::int64_t> last_offsets_;  // Of what has been delivered.

  std::unique_ptr<Client> client_;  // Last made and first to go: its thread uses all of the above.
};

}  // namespace thalweg::kafka
