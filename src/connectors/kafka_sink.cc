#include "connectors/kafka_sink.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "connectors/kafka_limits.h"
#include "connectors/kafka_messages.h"
#include "connectors/kafka_options.h"
#include "connectors/kafka_outage.h"
#include "connectors/kafka_transactions.h"
#include "kafka/error_mapping.h"
#include "thalweg/kafka/producer.h"

namespace thalweg {
namespace {

// How long what is written waits for brokers.
constexpr std::chrono::milliseconds kFlushMax{120'000};
// Of records that are on their way; then sources wait. A producer takes twice that, and no more.
constexpr std::uint64_t kInFlightBytesMax = 32 << 20;
// Of records that wait for the transaction before; then sources wait.
constexpr std::size_t kWaitingBytesMax = 16 << 20;

kafka::OutputRecord to_record(const std::string& topic, const KafkaMessage& message) {
  kafka::OutputRecord record{.topic = topic, .key = message.key, .value = message.value};
  if (message.time) {
    record.time = Timestamp{*message.time};
  }
  record.headers = message.headers;
  return record;
}

// The records that rows make, without those that their topic does not take.
class SizedMessages {
 public:
  SizedMessages(KafkaMessages messages, const RecordLimit& limit)
      : messages_(std::move(messages)), limit_(limit) {}

  // `send` takes a message.
  template <typename Send>
  Status send_all(const Batch& batch, Send send) {
    refused_.clear();
    for (const KafkaMessage& message : messages_.of(batch)) {
      const RowError error = message.bytes() > limit_.bytes ? RowError::kTooLong : message.error;
      if (error != RowError::kNone) {
        refused_.push_back({.row = message.row, .error = error});
      } else {
        TW_TRY(send(message));
      }
    }
    return {};
  }
  std::span<const RefusedRow> refused() const { return refused_; }
  std::string reason(RowError error) const {
    return error == RowError::kTooLong ? limit_.reason : std::string(explain(error));
  }

 private:
  KafkaMessages messages_;
  const RecordLimit limit_;
  std::vector<RefusedRow> refused_;  // Of the last batch.
};

// Sends records as they come. When one has failed nothing counts any more that is not delivered
// yet: whoever is told first, all others are too. Thread-safe.
class PlainSending {
 public:
  // Borrows the outage and the topic's name.
  PlainSending(kafka::Producer producer, KafkaOutage& outage, const std::string& topic)
      : producer_(std::move(producer)), outage_(outage), topic_(topic) {}

  Status post(const KafkaMessage& message) {
    const kafka::Error error = producer_.post(to_record(topic_, message));
    return error ? outage_.status_of(error) : Status();
  }

  // Whether any has failed so far. Cheap.
  Status check() {
    if (producer_.failures() == 0) {
      return {};
    }
    const std::lock_guard lock(mutex_);  // What is taken here is known to others when they look.
    note(producer_.flush(std::chrono::milliseconds(0)));
    return Status(failure_);
  }

  // Waits until all that was posted before is delivered, while others may go on posting.
  Status deliver() { return told(producer_.flush(kFlushMax)); }
  Status close() { return told(producer_.close(kFlushMax)); }

  bool is_full() const { return producer_.in_flight_bytes() > kInFlightBytesMax; }

 private:
  Status told(const kafka::Flushed& flushed) {
    const std::lock_guard lock(mutex_);
    note(flushed);
    return Status(failure_);
  }

  void note(const kafka::Flushed& flushed) {
    if (!flushed.error || !failure_.ok()) {
      return;
    }
    const Status status = outage_.status_of(flushed.error);
    failure_ = {status.code(), fmt::format("{} records of topic \"{}\" were not delivered: {}",
                                           flushed.undelivered, topic_, status.message())};
  }

  kafka::Producer producer_;
  KafkaOutage& outage_;
  const std::string& topic_;
  std::mutex mutex_;  // Guards what follows.
  Status failure_;    // The first one.
};

class KafkaWriter final : public SinkWriter {
 public:
  KafkaWriter(PlainSending& sending, SizedMessages messages)
      : sending_(sending), messages_(std::move(messages)) {}

  Status write(const Batch& batch) override {
    TW_TRY(messages_.send_all(
        batch, [this](const KafkaMessage& message) { return sending_.post(message); }));
    return sending_.check();
  }
  std::span<const RefusedRow> refused() const override { return messages_.refused(); }
  std::string reason(RowError error) const override { return messages_.reason(error); }

  // What waits goes by itself within the producer's linger.
  Status flush() override { return sending_.check(); }

  bool is_full() const override { return sending_.is_full(); }

 private:
  PlainSending& sending_;
  SizedMessages messages_;
};

// Records that wait, one behind the other.
class WaitingMessages {
 public:
  void add(const KafkaMessage& message) {
    messages_.push_back({.key = keep(message.key),
                         .value = keep(message.value),
                         .time = message.time,
                         .headers = message.headers.size()});
    for (const kafka::HeaderView& header : message.headers) {
      headers_.push_back({.name = *keep(header.name), .value = keep(header.value)});
    }
  }

  bool empty() const { return messages_.empty(); }
  std::size_t bytes() const {
    return bytes_.size() + messages_.size() * sizeof(Message) + headers_.size() * sizeof(Header);
  }

  template <typename Send>
  Status send_all(Send send) {
    std::vector<kafka::HeaderView> headers;
    auto header = headers_.begin();
    for (const Message& message : messages_) {
      headers.clear();
      for (std::size_t i = 0; i < message.headers; ++i, ++header) {
        headers.push_back({.name = *view(header->name), .value = view(header->value)});
      }
      TW_TRY(send(KafkaMessage{.key = view(message.key),
                               .value = view(message.value),
                               .time = message.time,
                               .headers = headers}));
    }
    messages_.clear();
    headers_.clear();
    bytes_.clear();
    return {};
  }

 private:
  struct Text {
    std::size_t begin;
    std::size_t size;
  };
  struct Message {
    std::optional<Text> key;
    std::optional<Text> value;
    std::optional<std::int64_t> time;
    std::size_t headers = 0;  // How many of headers_, behind those of the messages before.
  };
  struct Header {
    Text name;
    std::optional<Text> value;
  };

  std::optional<Text> keep(std::optional<std::string_view> text) {
    if (!text) {
      return std::nullopt;
    }
    const Text kept{.begin = bytes_.size(), .size = text->size()};
    bytes_ += *text;
    return kept;
  }
  std::optional<std::string_view> view(const std::optional<Text>& text) const {
    return text ? std::optional(std::string_view(bytes_).substr(text->begin, text->size))
                : std::nullopt;
  }

  std::string bytes_;
  std::vector<Message> messages_;
  std::vector<Header> headers_;
};

// Sends what an epoch writes in that epoch's transaction. What comes before the one before has been
// decided waits here.
class TransactionalWriter final : public SinkWriter {
 public:
  TransactionalWriter(KafkaTransactions& transactions, std::uint64_t epoch,
                      const std::string& topic, SizedMessages messages)
      : transactions_(transactions), epoch_(epoch), topic_(topic), messages_(std::move(messages)) {}

  Status write(const Batch& batch) override {
    TW_TRY(flush());
    const bool waits = !transactions_.takes(epoch_);
    return messages_.send_all(batch, [&](const KafkaMessage& message) {
      if (waits) {
        waiting_.add(message);
      }
      return waits ? Status() : transactions_.post(to_record(topic_, message));
    });
  }
  std::span<const RefusedRow> refused() const override { return messages_.refused(); }
  std::string reason(RowError error) const override { return messages_.reason(error); }

  Status flush() override {
    if (waiting_.empty() || !transactions_.takes(epoch_)) {
      return {};
    }
    return waiting_.send_all([this](const KafkaMessage& message) {
      return transactions_.post(to_record(topic_, message));
    });
  }

  // An epoch is begun when the one before has been decided, and so ends in its own transaction.
  Status end_epoch(std::uint64_t epoch) override {
    TW_CHECK(epoch == epoch_ && transactions_.takes(epoch));
    TW_TRY(flush());
    ++epoch_;
    return {};
  }

  bool is_full() const override { return waiting_.bytes() > kWaitingBytesMax; }

 private:
  KafkaTransactions& transactions_;
  std::uint64_t epoch_;
  const std::string& topic_;
  SizedMessages messages_;
  WaitingMessages waiting_;
};

// Rows are seen with their epoch where there is a decider. Else at least once: an epoch counts when
// all that was written in it has been delivered, and what was written since the last one is written
// again after a crash.
class KafkaSink final : public Sink {
 public:
  KafkaSink(const World& world, const SinkRequest& request, KafkaMessages first)
      : table_(request.table),
        key_(request.key),
        topic_(request.table.options.text("topic")),
        first_(std::move(first)),
        transactions_(may_be_exactly_once(request.table.options)
                          ? static_cast<KafkaTransactions*>(request.decider)
                          : nullptr),
        outage_(world.stop_requested) {}

  Status recover(const EpochStart& start) override {
    first_epoch_ = start.decided + 1;
    return {};
  }

  Status open() override {
    if (transactions_ == nullptr && table_.options.has("delivery") &&
        may_be_exactly_once(table_.options)) {
      return invalid_argument(
          fmt::format("table \"{}\": delivery = 'exactly-once' needs a job that keeps its state; "
                      "give it a --state-dir",
                      table_.name));
    }
    kafka::ProducerOptions options{
        .connection = outage_.watched(kafka_connection(table_.options, kafka::Side::kProducer)),
        .delivery_timeout = kFlushMax,
        .in_flight_bytes_max = 2 * kInFlightBytesMax,
        .block_max = kFlushMax};
    TW_TRY_ASSIGN(limit_, record_limit(options.connection, topic_));
    if (transactions_ != nullptr) {
      return transactions_->begin(first_epoch_);
    }
    TW_TRY(fit_to_topics(std::span(&topic_, 1), options));
    kafka::Expected<kafka::Producer> producer = kafka::Producer::open(std::move(options));
    if (!producer) {
      return kafka::to_status(producer.error());
    }
    sending_.emplace(std::move(*producer), outage_, topic_);
    return {};
  }

  bool is_exactly_once() const override { return transactions_ != nullptr; }

  std::optional<Outage> outage() const override {
    return transactions_ != nullptr ? transactions_->outage() : outage_.now();
  }

  std::unique_ptr<SinkWriter> make_writer() override {
    SizedMessages messages(
        first_ ? std::move(*first_) : KafkaMessages::make({.table = table_, .key = key_}).take(),
        limit_);
    first_.reset();
    if (transactions_ != nullptr) {
      return std::make_unique<TransactionalWriter>(*transactions_, first_epoch_, topic_,
                                                   std::move(messages));
    }
    return std::make_unique<KafkaWriter>(*sending_, std::move(messages));
  }

  Status prepare(std::uint64_t /*epoch*/) override {
    return sending_ ? sending_->deliver() : Status();
  }

  Status close(bool completed) override {
    if (!sending_) {
      return {};
    }
    const Status status = completed ? sending_->close() : Status();
    sending_.reset();
    return status;
  }

 private:
  const Table& table_;
  const RowKey key_;
  const std::string topic_;
  std::optional<KafkaMessages> first_;  // Made to see whether it can be.
  KafkaTransactions* const transactions_;
  std::uint64_t first_epoch_ = 1;
  RecordLimit limit_;
  KafkaOutage outage_;
  std::optional<PlainSending> sending_;  // Without transactions.
};

}  // namespace

Result<std::unique_ptr<Sink>> make_kafka_sink(World& world, const SinkRequest& request) {
  TW_TRY_ASSIGN(KafkaMessages messages, KafkaMessages::make(request));
  return std::unique_ptr<Sink>(std::make_unique<KafkaSink>(world, request, std::move(messages)));
}

}  // namespace thalweg
