// What docs/reference/kafka-clients.md shows; check_docs.py sees to it that it stands here.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker_fixture.h"
#include "thalweg/kafka/transaction.h"

namespace thalweg::kafka {
namespace {

using namespace std::chrono_literals;

[[maybe_unused]] Error produce() {
  Expected<Producer> producer = Producer::open({.connection = {.brokers = "localhost:9092"}});
  if (!producer) {
    return producer.error();
  }
  const HeaderView headers[] = {{.name = "origin", .value = "usgs"}};
  if (Error error =
          producer->post({.topic = "quakes", .key = "us", .value = "5.1", .headers = headers})) {
    return error;
  }
  if (const Flushed flushed = producer->flush(30s); flushed.error) {
    return flushed.error;
  }
  return {};
}

Error copy(const Connection& connection, Consumer& consumer, const std::function<bool()>& wanted) {
  Expected<TransactionalProducer> producer = TransactionalProducer::open(
      {.producer = {.connection = connection}, .transactional_id = "copy.1"});
  if (!producer) {
    return producer.error();
  }
  while (wanted()) {
    Expected<RecordBatch> batch = consumer.poll({.records = 1000});
    if (!batch) {
      return batch.error();
    }
    if (batch->empty()) {
      continue;
    }
    Expected<Transaction> transaction = producer->begin();
    if (!transaction) {
      return transaction.error();
    }
    for (const Record record : *batch) {
      if (Error error =
              transaction->post({.topic = "copy", .key = record.key, .value = record.value})) {
        return error;
      }
    }
    Error error = transaction->send_offsets(consumer, consumer.positions());
    if (!error) {
      error = transaction->commit();
    }
    if (error) {
      return error;  // Where it is kAbortable: open both anew, and go on.
    }
  }
  return {};
}

Error read(const Connection& connection, const std::function<bool()>& wanted,
           const std::function<void(std::string_view, std::string_view)>& handle) {
  Expected<Consumer> consumer =
      Consumer::open({.connection = connection, .group = "readers", .topics = {"quakes"}});
  if (!consumer) {
    return consumer.error();
  }
  while (wanted()) {
    Expected<RecordBatch> batch = consumer->poll();
    if (!batch) {
      return batch.error();
    }
    for (const Record record : *batch) {
      handle(record.key.value_or(""), record.value.value_or(""));
    }
    consumer->done(*batch);
    if (Error error = consumer->commit(); error && error.kind() != ErrorKind::kRetriable) {
      return error;
    }
  }
  return consumer->close(10s);
}

[[maybe_unused]] Error run_handlers(Consumer& consumer) {
  const HandlingSummary summary = consumer.run(
      [](const Record& record) {
        return record.value ? Handled::done() : Handled::failed("a tombstone");
      },
      {.threads = 4, .retries = 5, .then = OnFailure::kDeadLetter, .dead_letter_topic = "broken"});
  return summary.error;
}

class PageTest : public BrokerTest {};

TEST_F(PageTest, WhatIsShownCopiesAndReads) {
  for (const std::string topic : {"quakes", "copy"}) {
    if (!is_listed(topic)) {
      ASSERT_FALSE(admin().create_topic({.name = topic}));
    }
  }
  Expected<Producer> producer = Producer::open({.connection = connection});
  ASSERT_TRUE(producer);
  const std::string value = fresh("value");
  ASSERT_FALSE(producer->post({.topic = "quakes", .key = "k", .value = value}));
  ASSERT_FALSE(producer->flush(30s).error);

  Consumer consumer = open_consumer({.group = fresh("copying"), .topics = {"quakes"}});
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto is_in_time = [&] { return std::chrono::steady_clock::now() < until; };
  const Error copied = copy(connection, consumer, [&] {
    const auto lag = consumer.lag();
    return is_in_time() && (!lag || lag->empty() || lag->front().records() > 0);
  });
  ASSERT_FALSE(copied) << copied.message();

  bool is_there = false;
  const Error problem = read(
      connection, [&] { return is_in_time() && !is_there; },
      [&](std::string_view, std::string_view read) { is_there |= read == value; });
  EXPECT_FALSE(problem) << problem.message();
  EXPECT_TRUE(is_there);
}

}  // namespace
}  // namespace thalweg::kafka
