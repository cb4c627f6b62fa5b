// The public producer and consumer against loops on librdkafka, on one broker that shares the
// machine. What the broker uses counts too: a client may spare itself work and give it the broker.
#include <fmt/format.h>

#include <array>
#include <vector>

#include "bench.h"
#include "kafka_broker.h"
#include "kafka_loop.h"
#include "kept_job.h"
#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/producer.h"

namespace thalweg::bench {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kRows = 2'000'000;
constexpr const char* kTopic = "bench";

Status produce(const std::string& brokers, std::uint64_t rows) {
  auto producer = kafka::Producer::open({.connection = {.brokers = brokers}});
  if (!producer) {
    return unavailable(producer.error().message());
  }
  NumberedValue value;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const kafka::OutputRecord record{.topic = kTopic,
                                     .value = value.of(static_cast<std::int64_t>(row))};
    if (const kafka::Error error = producer->post(record)) {
      return unavailable(error.message());
    }
  }
  const kafka::Flushed flushed = producer->close(seconds(60));
  return flushed.error ? unavailable(flushed.error.message()) : Status();
}

Status consume(const std::string& brokers, std::uint64_t rows, Answer& answer) {
  auto consumer = kafka::Consumer::open(
      {.connection = {.brokers = brokers}, .partitions = {{.topic = kTopic, .offset = 0}}});
  if (!consumer) {
    return unavailable(consumer.error().message());
  }
  std::vector<std::int64_t> numbers;
  for (std::uint64_t done = 0; done < rows; done += numbers.size()) {
    const auto batch = consumer->poll();
    if (!batch) {
      return unavailable(batch.error().message());
    }
    numbers.clear();
    for (const kafka::Record& record : *batch) {
      numbers.push_back(number_of(record.value->data()));
    }
    answer.add(std::array<const std::int64_t*, 1>{numbers.data()}, numbers.size());
  }
  const kafka::Error closing = consumer->close(seconds(10));
  return closing ? unavailable(closing.message()) : Status();
}

Status run_produce(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  TW_TRY_ASSIGN(const KafkaBroker broker, KafkaBroker::start(folder.path() + "/broker"));
  const std::uint64_t rows = settings.scaled(kRows);
  const std::string& brokers = broker.address();
  return report.add({.name = "client_produce",
                     .rows = rows,
                     .engine = broker.timed_filling(kTopic, [&] { return produce(brokers, rows); }),
                     .limit = broker.timed_filling(
                         kTopic, [&] { return produce_by_loop(brokers, kTopic, rows); }),
                     .rounds = settings.rounds(5)});
}

Status run_consume(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
  TW_TRY_ASSIGN(const KafkaBroker broker, KafkaBroker::start(folder.path() + "/broker"));
  const std::uint64_t rows = settings.scaled(kRows);
  const std::string& brokers = broker.address();
  TW_TRY(broker.make_topic(kTopic));
  TW_TRY(produce_by_loop(brokers, kTopic, rows));
  return report.add(
      {.name = "client_consume",
       .rows = rows,
       .engine = broker.timed([&](Answer& a) { return consume(brokers, rows, a); }),
       .limit = broker.timed([&](Answer& a) { return consume_by_loop(brokers, kTopic, rows, a); }),
       .rounds = settings.rounds(5)});
}

}  // namespace

Bench bench_client_produce() {
  return {.name = "client_produce",
          .text = "records of 200 bytes by the public producer, against librdkafka alone",
          .floor = 0.8,
          .aim = 0.95,
          .run = run_produce};
}

Bench bench_client_consume() {
  return {.name = "client_consume",
          .text = "the same by the public consumer",
          .floor = 0.8,
          .aim = 0.95,
          .run = run_consume};
}

}  // namespace thalweg::bench
