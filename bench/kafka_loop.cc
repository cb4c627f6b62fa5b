#include "kafka_loop.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

namespace thalweg::bench {
namespace {

constexpr int kWaitMs = 60'000;
constexpr std::size_t kNumbers = 4096;  // Answered at a time.
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kPaddingBytes = 64;  // That may be read behind a block.

struct Free {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Free>;

using Settings = std::vector<std::pair<const char*, std::string>>;

void count_failure(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* failures) {
  *static_cast<std::uint64_t*>(failures) += message->err != RD_KAFKA_RESP_ERR_NO_ERROR ? 1 : 0;
}

// `failures` counts records that a producer could not deliver, and outlives the client.
Result<Client> open(rd_kafka_type_t type, const Settings& settings, std::uint64_t* failures) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  std::array<char, 512> why{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return unavailable(why.data());
    }
  }
  if (failures != nullptr) {
    rd_kafka_conf_set_dr_msg_cb(conf, count_failure);
    rd_kafka_conf_set_opaque(conf, failures);
  }
  Client client(rd_kafka_new(type, conf, why.data(), why.size()));
  if (!client) {
    rd_kafka_conf_destroy(conf);
    return unavailable(why.data());
  }
  return client;
}

// A producer with no more than it needs.
class LoopProducer {
 public:
  static Result<std::unique_ptr<LoopProducer>> open_for(const std::string& brokers,
                                                        const std::string& topic) {
    auto made = std::make_unique<LoopProducer>();
    TW_TRY_ASSIGN(made->client_, open(RD_KAFKA_PRODUCER,
                                      {{"bootstrap.servers", brokers},
                                       {"enable.idempotence", "true"},
                                       {"linger.ms", "5"},
                                       {"batch.size", "1000000"},
                                       {"queue.buffering.max.kbytes", "65536"}},
                                      &made->failures_));
    made->topic_.reset(rd_kafka_topic_new(made->client_.get(), topic.c_str(), nullptr));
    made->name_ = topic;
    return made;
  }

  Status send(const void* value, std::size_t size) {
    while (rd_kafka_produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                            const_cast<void*>(value), size, nullptr, 0, nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return unavailable(rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(client_.get(), 10);
    }
    if (sent_++ % 1024 == 0) {
      rd_kafka_poll(client_.get(), 0);
    }
    return {};
  }

  Status finish() {
    const rd_kafka_resp_err_t flushed = rd_kafka_flush(client_.get(), kWaitMs);
    if (flushed != RD_KAFKA_RESP_ERR_NO_ERROR || failures_ != 0) {
      return unavailable("not every record was delivered to " + name_);
    }
    return {};
  }

 private:
  std::string name_;
  std::uint64_t failures_ = 0;
  std::uint64_t sent_ = 0;
  Client client_;
  std::unique_ptr<rd_kafka_topic_t, Free> topic_;
};

// Calls see(message) for each of partition 0, from its beginning.
template <typename See>
Status consume_each(const std::string& brokers, const std::string& topic, std::uint64_t rows,
                    See see) {
  TW_TRY_ASSIGN(const Client client, open(RD_KAFKA_CONSUMER,
                                          {{"bootstrap.servers", brokers},
                                           {"group.id", "bench"},
                                           {"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"auto.offset.reset", "error"},
                                           {"queued.max.messages.kbytes", "65536"}},
                                          nullptr));
  rd_kafka_poll_set_consumer(client.get());
  const std::unique_ptr<rd_kafka_topic_partition_list_t, Free> all(
      rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), 0)->offset = 0;
  if (const rd_kafka_resp_err_t error = rd_kafka_assign(client.get(), all.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unavailable(rd_kafka_err2str(error));
  }
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::unique_ptr<rd_kafka_message_t, Free> message(
        rd_kafka_consumer_poll(client.get(), kWaitMs));
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unavailable("no record came from " + topic);
    }
    TW_TRY(see(*message));
  }
  rd_kafka_consumer_close(client.get());
  return {};
}

}  // namespace

std::string& NumberedValue::of(std::int64_t number) {
  std::memcpy(value_.data(), &number, sizeof number);
  return value_;
}

std::int64_t number_of(const void* value) {
  std::int64_t number = 0;
  std::memcpy(&number, value, sizeof number);
  return number;
}

Status produce_by_loop(const std::string& brokers, const std::string& topic, std::uint64_t rows) {
  TW_TRY_ASSIGN(const auto producer, LoopProducer::open_for(brokers, topic));
  NumberedValue value;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::string& text = value.of(static_cast<std::int64_t>(row));
    TW_TRY(producer->send(text.data(), text.size()));
  }
  return producer->finish();
}

Status produce_lines(const std::string& brokers, const std::string& topic,
                     const std::string& path) {
  TW_TRY_ASSIGN(const auto producer, LoopProducer::open_for(brokers, topic));
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    TW_TRY(producer->send(line.data(), line.size()));
  }
  return producer->finish();
}

Status consume_by_loop(const std::string& brokers, const std::string& topic, std::uint64_t rows,
                       Answer& answer) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(kNumbers);
  std::uint64_t seen = 0;
  return consume_each(brokers, topic, rows, [&](const rd_kafka_message_t& message) {
    numbers.push_back(number_of(message.payload));
    if (++seen == rows || numbers.size() == kNumbers) {
      answer.add(std::array<const std::int64_t*, 1>{numbers.data()}, numbers.size());
      numbers.clear();
    }
    return Status();
  });
}

Status consume_lines_by_loop(const std::string& brokers, const std::string& topic,
                             std::uint64_t rows, const SeeLines& see) {
  std::vector<char> block(kBlockBytes + kPaddingBytes);
  std::size_t size = 0;
  const auto add = [&](const rd_kafka_message_t& message) {
    if (size + message.len + 1 > kBlockBytes) {
      TW_TRY(see(block.data(), std::exchange(size, 0), kBlockBytes));
    }
    std::memcpy(block.data() + size, message.payload, message.len);
    size += message.len;
    block[size++] = '\n';
    return Status();
  };
  TW_TRY(consume_each(brokers, topic, rows, add));
  return see(block.data(), size, kBlockBytes);
}

}  // namespace thalweg::bench
