#include "thalweg/kafka/producer.h"

#include <map>
#include <thread>

#include "broker_fixture.h"

namespace thalweg::kafka {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class ProducerTest : public BrokerTest {
 protected:
  Producer open(ProducerOptions options = {}) {
    options.connection = connection;
    Expected<Producer> opened = Producer::open(std::move(options));
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
};

TEST_F(ProducerTest, AFutureTellsWhereTheRecordIs) {
  const std::string topic = new_topic();
  Producer producer = open();
  const Delivery first = producer.send({.topic = topic, .value = "a"}).get();
  const Delivery second = producer.send({.topic = topic, .value = "b"}).get();
  EXPECT_FALSE(first.error) << first.error.message();
  EXPECT_EQ(first.partition, 0);
  EXPECT_EQ(first.offset, 0);
  EXPECT_EQ(second.offset, 1);
}

TEST_F(ProducerTest, EveryPartOfARecordArrives) {
  const std::string topic = new_topic(3);
  const HeaderView headers[] = {{"a", "1"}, {"a", ""}, {"b"}};
  Producer producer = open();
  ASSERT_FALSE(producer
                   .send({.topic = topic,
                          .key = "",
                          .value = std::nullopt,
                          .partition = 2,
                          .time = Timestamp{1'700'000'000'123'000},
                          .headers = headers})
                   .get()
                   .error);
  const std::vector<RecordBatch> batches = read_all(topic, 1);
  ASSERT_FALSE(batches.empty());
  const Record record = batches[0][0];
  EXPECT_EQ(record.topic, topic);
  EXPECT_EQ(record.partition, 2);
  EXPECT_EQ(record.offset, 0);
  EXPECT_EQ(record.time->micros, 1'700'000'000'123'000);
  EXPECT_EQ(record.key, "");
  EXPECT_EQ(record.value, std::nullopt);
  ASSERT_EQ(record.headers().size(), 3U);
  EXPECT_EQ(record.headers()[1].value, "");
  EXPECT_EQ(record.headers()[2].value, std::nullopt);
  EXPECT_EQ(record.header("a"), "");
  EXPECT_EQ(record.header("c"), std::nullopt);
}

TEST_F(ProducerTest, KeysGoWhereJavasClientsPutThem) {
  const std::string topic = new_topic(4);
  Producer producer = open();
  EXPECT_EQ(*producer.partition_count(topic), 4);
  // murmur2("21") = -973932308 and murmur2("foobar") = -790332482, as Kafka's own tests have them.
  const Delivery one = producer.send({.topic = topic, .key = "21", .value = "x"}).get();
  const Delivery two = producer.send({.topic = topic, .key = "foobar", .value = "x"}).get();
  EXPECT_EQ(one.partition, (-973'932'308 & 0x7fffffff) % 4);
  EXPECT_EQ(two.partition, (-790'332'482 & 0x7fffffff) % 4);
}

TEST_F(ProducerTest, EveryCompressionArrives) {
  const std::string topic = new_topic();
  const std::string value(5'000, 'x');
  std::size_t sent = 0;
  for (const Compression compression :
       {Compression::kNone, Compression::kGzip, Compression::kSnappy, Compression::kLz4,
        Compression::kZstd}) {
    Producer producer = open({.compression = compression});
    ASSERT_FALSE(producer.send({.topic = topic, .value = value}).get().error);
    ++sent;
  }
  EXPECT_THAT(values_of(read_all(topic, sent)), testing::Each(value));
}

TEST_F(ProducerTest, ABatchHasOneResultForEachRecord) {
  const std::string topic = new_topic();
  Producer producer = open();
  const std::string too_large(2'000'000, 'x');
  const std::vector<OutputRecord> records = {{.topic = topic, .value = "a"},
                                             {.topic = topic, .value = too_large},
                                             {.topic = topic, .value = "c"}};
  const std::vector<Delivery> results = producer.send_all(records);
  ASSERT_EQ(results.size(), 3U);
  EXPECT_FALSE(results[0].error);
  EXPECT_EQ(results[1].error.kind(), ErrorKind::kRecord);
  EXPECT_THAT(results[1].error.message(), AllOf(HasSubstr(topic), HasSubstr("message.max.bytes")));
  EXPECT_EQ(results[2].offset, 1);
}

TEST_F(ProducerTest, ACallbackIsCalledOnce) {
  const std::string topic = new_topic();
  Producer producer = open();
  std::atomic<int> calls{0};
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(producer.send({.topic = topic, .value = "a"}, [&](const Delivery& delivery) {
      calls += delivery.error ? 1000 : 1;
    }));
  }
  EXPECT_FALSE(producer.flush(10s).error);
  EXPECT_EQ(calls, 100);
  EXPECT_EQ(producer.in_flight_bytes(), 0U);
}

TEST_F(ProducerTest, FlushingWaitsForWhatWasSentBeforeAndForNothingElse) {
  const std::string topic = new_topic();
  const std::string value(1'000, 'x');
  Producer producer = open({.in_flight_bytes_max = 8 << 20});
  std::atomic<bool> is_enough{false};
  std::thread other([&] {
    while (!is_enough) {
      ASSERT_FALSE(producer.post({.topic = topic, .value = value}));
    }
  });
  while (producer.in_flight_bytes() < (4 << 20)) {
    std::this_thread::yield();
  }
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> delivered{0};
    for (int i = 0; i < 100; ++i) {
      ASSERT_FALSE(producer.send({.topic = topic, .value = value}, [&](const Delivery& delivery) {
        delivered += delivery.error ? 0 : 1;
      }));
    }
    const Flushed flushed = producer.flush(20s);
    EXPECT_FALSE(flushed.error) << flushed.error.message();
    EXPECT_EQ(delivered, 100);
  }
  is_enough = true;
  other.join();
  EXPECT_FALSE(producer.flush(20s).error);
  EXPECT_EQ(producer.in_flight_bytes(), 0U);
}

TEST_F(ProducerTest, AFullProducerRefusesOrWaits) {
  const std::string topic = new_topic();
  const std::string value(1'000, 'x');
  Producer refuses = open({.linger = 5'000ms, .in_flight_bytes_max = 3'000, .block_max = 0ms});
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(refuses.post({.topic = topic, .value = value}));
  }
  const Error full = refuses.post({.topic = topic, .value = value});
  EXPECT_EQ(full.name(), "_QUEUE_FULL");
  EXPECT_EQ(full.kind(), ErrorKind::kRetriable);
  EXPECT_THAT(full.message(), HasSubstr("3000 bytes"));

  Producer waits = open({.linger = 0ms, .in_flight_bytes_max = 3'000, .block_max = 10'000ms});
  for (int i = 0; i < 200; ++i) {
    ASSERT_FALSE(waits.post({.topic = topic, .value = value}));
    EXPECT_LE(waits.in_flight_bytes(), 3'000U);
  }
  EXPECT_FALSE(waits.flush(10s).error);
}

TEST_F(ProducerTest, ATopicThatIsNotThereFailsEachRecord) {
  const std::string topic = fresh("nowhere");
  connection.properties = {{"topic.metadata.propagation.max.ms", "100"}};
  Producer producer = open();
  ASSERT_FALSE(producer.post({.topic = topic, .key = "k", .value = "v"}));
  const Flushed flushed = producer.flush(20s);
  EXPECT_EQ(flushed.undelivered, 1U);
  ASSERT_EQ(flushed.examples.size(), 1U);
  EXPECT_EQ(flushed.examples[0].topic, topic);
  EXPECT_EQ(flushed.examples[0].key, "k");
  EXPECT_EQ(flushed.error.kind(), ErrorKind::kConfiguration);
  EXPECT_EQ(producer.flush(1s).undelivered, 0U) << "it is told once";
}

TEST_F(ProducerTest, ClosingTellsWhatWasNotDelivered) {
  connection.brokers = "127.0.0.1:1";
  Producer producer = open();
  std::future<Delivery> future = producer.send({.topic = "t", .key = "k", .value = "v"});
  ASSERT_FALSE(producer.post({.topic = "t", .value = "v"}));
  const Flushed closed = producer.close(200ms);
  EXPECT_EQ(closed.undelivered, 2U);
  EXPECT_EQ(closed.examples.size(), 2U);
  EXPECT_THAT(closed.error.message(), HasSubstr("127.0.0.1:1"));
  EXPECT_TRUE(future.get().error);
  EXPECT_EQ(producer.post({.topic = "t"}).kind(), ErrorKind::kMisuse);
}

TEST_F(ProducerTest, ManyThreadsSendThroughOneProducer) {
  const std::string topic = new_topic(2);
  Producer producer = open();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        EXPECT_FALSE(producer.post({.topic = topic, .key = std::to_string(i), .value = "v"}));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_FALSE(producer.flush(20s).error);
  EXPECT_EQ(values_of(read_all(topic, 2'000)).size(), 2'000U);
}

TEST_F(ProducerTest, WhatDoesNotGoTogetherIsRefused) {
  const auto producer =
      Producer::open({.connection = connection, .acks = Acks::kLeader, .idempotent = true});
  ASSERT_FALSE(producer);
  EXPECT_EQ(producer.error().kind(), ErrorKind::kConfiguration);
  EXPECT_THAT(producer.error().message(), HasSubstr("acks"));
}

}  // namespace
}  // namespace thalweg::kafka
