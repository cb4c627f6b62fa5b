#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "thalweg/kafka/admin.h"
#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/producer.h"

namespace thalweg::kafka {

// Tests against a real broker, whose address the environment gives: THALWEG_KAFKA_BROKERS.
class BrokerTest : public testing::Test {
 protected:
  BrokerTest() {
    const char* const given = std::getenv("THALWEG_KAFKA_BROKERS");
    connection.brokers = given == nullptr ? "" : given;
  }
  void SetUp() override {
    ASSERT_NE(connection.brokers, "") << "THALWEG_KAFKA_BROKERS names no broker: tests/run.py does";
  }

  Admin& admin() {
    if (!admin_) {
      Expected<Admin> opened = Admin::open({.connection = connection});
      EXPECT_TRUE(opened) << opened.error().message();
      admin_.emplace(std::move(*opened));
    }
    return *admin_;
  }

  // A name that no other test has, in this run or another.
  static std::string fresh(const std::string& word) {
    static const unsigned int kRun = std::random_device()();
    static std::atomic<int> number{0};
    return word + "-" + std::to_string(kRun) + "-" + std::to_string(++number);
  }

  std::string new_topic(std::int32_t partitions = 1,
                        std::map<std::string, std::string> settings = {}) {
    const std::string name = fresh("topic");
    const Error error = admin().create_topic(
        {.name = name, .partitions = partitions, .settings = std::move(settings)});
    EXPECT_FALSE(error) << error.message();
    // A broker may answer a moment longer as if it were not there.
    constexpr int kLooksMax = 1000;
    for (int looks = 0; looks < kLooksMax && !is_listed(name); ++looks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return name;
  }

  bool is_listed(const std::string& name) {
    const Expected<std::vector<TopicListing>> topics = admin().list_topics();
    return topics && std::any_of(topics->begin(), topics->end(),
                                 [&](const TopicListing& topic) { return topic.name == name; });
  }

  Consumer open_consumer(ConsumerOptions options) {
    options.connection = connection;
    Expected<Consumer> opened = Consumer::open(std::move(options));
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }

  // The next records, of which so many have to come within a minute.
  static std::vector<RecordBatch> poll_records(Consumer& consumer, std::size_t count) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::vector<RecordBatch> batches;
    std::size_t found = 0;
    while (found < count && std::chrono::steady_clock::now() < until) {
      Expected<RecordBatch> batch = consumer.poll({.records = count - found});
      if (!batch) {
        ADD_FAILURE() << batch.error().message();
        break;
      }
      found += batch->size();
      if (!batch->empty()) {
        batches.push_back(std::move(*batch));
      }
    }
    EXPECT_EQ(found, count);
    return batches;
  }

  // Their values, in the order they came.
  static std::vector<std::string> values_of(const std::vector<RecordBatch>& batches) {
    std::vector<std::string> values;
    for (const RecordBatch& batch : batches) {
      for (const Record record : batch) {
        values.emplace_back(record.value.value_or("(tombstone)"));
      }
    }
    return values;
  }

  // What is in a topic, of which there are so many records, by a reader of its own.
  std::vector<RecordBatch> read_all(const std::string& topic, std::size_t count) {
    ConsumerOptions options;
    const auto described = admin().describe_topic(topic);
    EXPECT_TRUE(described);
    for (const PartitionDescription& partition : described->partitions) {
      options.partitions.push_back({topic, partition.partition});
    }
    Consumer consumer = open_consumer(std::move(options));
    return poll_records(consumer, count);
  }

  void produce(const std::string& topic, const std::vector<std::string>& values,
               std::optional<std::int32_t> partition = {}) {
    Expected<Producer> producer = Producer::open({.connection = connection});
    ASSERT_TRUE(producer);
    std::vector<OutputRecord> records;
    for (const std::string& value : values) {
      records.push_back({.topic = topic, .key = value, .value = value, .partition = partition});
    }
    for (const Delivery& delivery : producer->send_all(records)) {
      ASSERT_FALSE(delivery.error) << delivery.error.message();
    }
  }

  Connection connection;

 private:
  std::optional<Admin> admin_;
};

}  // namespace thalweg::kafka
