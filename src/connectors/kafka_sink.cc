#include "connectors/kafka_sink.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "connectors/kafka_messages.h"
#include "connectors/kafka_options.h"
#include "kafka/error_mapping.h"
#include "thalweg/kafka/admin.h"
#include "thalweg/kafka/producer.h"

namespace thalweg {
namespace {

// How long a clean end waits for brokers.
constexpr std::chrono::milliseconds kFlushMax{120'000};

Status to_status(const kafka::Flushed& flushed, const std::string& topic) {
  if (!flushed.error) {
    return {};
  }
  const Status status = kafka::to_status(flushed.error);
  return {status.code(), fmt::format("{} records of topic \"{}\" were not delivered: {}",
                                     flushed.undelivered, topic, status.message())};
}

class KafkaWriter final : public SinkWriter {
 public:
  KafkaWriter(kafka::Producer& producer, const std::string& topic, KafkaMessages messages)
      : producer_(producer), topic_(topic), messages_(std::move(messages)) {}

  Status write(const Batch& batch) override {
    for (const KafkaMessage& message : messages_.of(batch)) {
      kafka::OutputRecord record{.topic = topic_, .key = message.key, .value = message.value};
      if (message.time) {
        record.time = Timestamp{*message.time};
      }
      if (const kafka::Error error = producer_.post(record)) {
        return kafka::to_status(error);
      }
    }
    return {};
  }

  // What waits goes by itself within the producer's linger.
  Status flush() override { return {}; }

 private:
  kafka::Producer& producer_;
  const std::string& topic_;
  KafkaMessages messages_;
};

// At least once: an epoch counts when all that was written in it has been delivered, and what was
// written since the last one is written again after a crash.
class KafkaSink final : public Sink {
 public:
  KafkaSink(const SinkRequest& request, KafkaMessages first)
      : table_(request.table),
        key_(request.key),
        topic_(request.table.options.text("topic")),
        first_(std::move(first)) {}

  Status open() override {
    const kafka::Connection connection = kafka_connection(table_.options);
    kafka::Expected<kafka::Admin> admin = kafka::Admin::open({.connection = connection});
    if (!admin) {
      return kafka::to_status(admin.error());
    }
    if (kafka::Expected<kafka::TopicDescription> found = admin->describe_topic(topic_); !found) {
      return kafka::to_status(found.error());
    }
    kafka::Expected<kafka::Producer> producer =
        kafka::Producer::open({.connection = connection, .delivery_timeout = kFlushMax});
    if (!producer) {
      return kafka::to_status(producer.error());
    }
    producer_.emplace(std::move(*producer));
    return {};
  }

  std::unique_ptr<SinkWriter> make_writer() override {
    KafkaMessages messages =
        first_ ? std::move(*first_) : KafkaMessages::make({.table = table_, .key = key_}).take();
    first_.reset();
    return std::make_unique<KafkaWriter>(*producer_, topic_, std::move(messages));
  }

  Status prepare(std::uint64_t /*epoch*/) override {
    return to_status(producer_->flush(kFlushMax), topic_);
  }

  Status close(bool completed) override {
    if (!producer_) {
      return {};
    }
    const Status status = completed ? to_status(producer_->close(kFlushMax), topic_) : Status();
    producer_.reset();
    return status;
  }

 private:
  const Table& table_;
  const RowKey key_;
  const std::string topic_;
  std::optional<KafkaMessages> first_;  // Made to see whether it can be.
  std::optional<kafka::Producer> producer_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_kafka_sink(World& /*world*/, const SinkRequest& request) {
  TW_TRY_ASSIGN(KafkaMessages messages, KafkaMessages::make(request));
  return std::unique_ptr<Sink>(std::make_unique<KafkaSink>(request, std::move(messages)));
}

}  // namespace thalweg
