#include "kafka_loop.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace thalweg::bench {
namespace {

constexpr int kWaitMs = 60'000;
constexpr std::size_t kNumbers = 4096;  // Answered at a time.

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
  std::uint64_t failures = 0;
  TW_TRY_ASSIGN(const Client client, open(RD_KAFKA_PRODUCER,
                                          {{"bootstrap.servers", brokers},
                                           {"enable.idempotence", "true"},
                                           {"linger.ms", "5"},
                                           {"batch.size", "1000000"},
                                           {"queue.buffering.max.kbytes", "65536"}},
                                          &failures));
  const std::unique_ptr<rd_kafka_topic_t, Free> to(
      rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
  NumberedValue value;
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::string& text = value.of(static_cast<std::int64_t>(row));
    while (rd_kafka_produce(to.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, text.data(),
                            text.size(), nullptr, 0, nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return unavailable(rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(client.get(), 10);
    }
    if (row % 1024 == 0) {
      rd_kafka_poll(client.get(), 0);
    }
  }
  const rd_kafka_resp_err_t flushed = rd_kafka_flush(client.get(), kWaitMs);
  if (flushed != RD_KAFKA_RESP_ERR_NO_ERROR || failures != 0) {
    return unavailable("not every record was delivered to " + topic);
  }
  return {};
}

Status consume_by_loop(const std::string& brokers, const std::string& topic, std::uint64_t rows,
                       Answer& answer) {
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
  std::vector<std::int64_t> numbers;
  numbers.reserve(kNumbers);
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::unique_ptr<rd_kafka_message_t, Free> message(
        rd_kafka_consumer_poll(client.get(), kWaitMs));
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unavailable("no record came from " + topic);
    }
    numbers.push_back(number_of(message->payload));
    if (numbers.size() == kNumbers || row + 1 == rows) {
      answer.add(std::array<const std::int64_t*, 1>{numbers.data()}, numbers.size());
      numbers.clear();
    }
  }
  rd_kafka_consumer_close(client.get());
  return {};
}

}  // namespace thalweg::bench
