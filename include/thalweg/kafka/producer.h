#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

enum class Compression : std::uint8_t { kNone, kGzip, kSnappy, kLz4, kZstd };
enum class Acks : std::uint8_t { kNone, kLeader, kAll };

struct ProducerOptions {
  Connection connection;
  Compression compression = Compression::kNone;
  std::chrono::milliseconds linger{5};    // How long a record waits for others to travel with.
  std::uint32_t batch_bytes = 1'000'000;  // Of records that travel together.
  Acks acks = Acks::kAll;
  bool idempotent = true;  // A record that is sent again counts once. Needs kAll.
  std::uint32_t retries = 2'147'483'647;
  std::chrono::milliseconds delivery_timeout{120'000};  // Then a record has failed; 0: never.

  // Keys and values that have been sent and are not delivered, in bytes. A record above that waits
  // for room, and is refused when there is none in time. A block_max of 0 refuses at once.
  std::uint64_t in_flight_bytes_max = 64ULL << 20;
  std::chrono::milliseconds block_max{60'000};
};

struct HeaderView {
  std::string_view name;
  std::optional<std::string_view> value = {};
};

// A record to send. It is copied: what it refers to may go when the call returns.
struct OutputRecord {
  std::string_view topic;
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};  // None: a tombstone, which deletes its key.
  std::optional<std::int32_t> partition = {};  // None: by the key, as Java's clients do.
  std::optional<Timestamp> time = {};          // None: now.
  std::span<const HeaderView> headers = {};
};

// What has become of a record.
struct Delivery {
  Error error;  // None: the brokers have it.
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

// A record that was not delivered.
struct Undelivered {
  std::string topic;
  std::optional<std::string> key;
  Error error;
};

struct Flushed {
  Error error;                    // None: everything was delivered.
  std::uint64_t undelivered = 0;  // Records that failed since the last flush, or still wait.
  std::vector<Undelivered> examples = {};  // Of those that failed; at most 100.
};

// Sends records. Thread-safe. Deliveries are told in a thread of the producer's own, which must not
// wait for other deliveries.
class Producer {
 public:
  using Callback = std::function<void(const Delivery& delivery)>;

  static Expected<Producer> open(ProducerOptions options);
  Producer(Producer&& other) noexcept;
  Producer& operator=(Producer&& other) noexcept;
  ~Producer();  // Closes, within ten seconds.

  // The future is ready when the record is delivered or has failed, also when it is refused at
  // once.
  std::future<Delivery> send(const OutputRecord& record);
  // The callback is called once, but not where there is an error.
  Error send(const OutputRecord& record, Callback callback);
  // The cheapest: a failure is told by the next flush().
  Error post(const OutputRecord& record);
  // Sends all and waits for each; one result for each record, in order.
  std::vector<Delivery> send_all(std::span<const OutputRecord> records);

  // Waits until everything that was sent before is delivered or has failed; others may go on
  // sending. What still waits then goes on.
  Flushed flush(std::chrono::milliseconds timeout);
  // Waits for everything, and then gives up what is left. Nothing can be sent afterwards.
  Flushed close(std::chrono::milliseconds timeout);

  // How many partitions a topic has, for those who choose them.
  Expected<std::int32_t> partition_count(const std::string& topic);
  std::uint64_t in_flight_bytes() const;
  // How many records have failed that no flush() has told of.
  std::uint64_t failures() const;

 private:
  struct Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg::kafka
