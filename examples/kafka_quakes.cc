// Earthquakes into a Kafka topic and out of it again, with the clients alone, without a pipeline:
// the producer keeps reports of one network in order, the consumer commits what it has handled.
//
//   kafka_quakes [BROKERS [TOPIC]]       BROKERS: localhost:9092 where nothing is given
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "thalweg/event.h"
#include "thalweg/kafka/kafka.h"

namespace {

using namespace std::chrono_literals;
namespace kafka = thalweg::kafka;

int failed(const kafka::Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message().c_str());
  return 1;
}

// A topic that is there already is as good as a new one.
kafka::Error create(const kafka::Connection& connection, const std::string& topic) {
  kafka::Expected<kafka::Admin> admin = kafka::Admin::open({.connection = connection});
  if (!admin) {
    return admin.error();
  }
  const kafka::Error error = admin->create_topic({.name = topic, .partitions = 3});
  return error.name() == "TOPIC_ALREADY_EXISTS" ? kafka::Error() : error;
}

// Each line of the file is a record, with the network as its key.
kafka::Expected<std::size_t> produce(const kafka::Connection& connection,
                                     const std::string& topic) {
  kafka::Expected<kafka::Producer> producer =
      kafka::Producer::open({.connection = connection, .compression = kafka::Compression::kLz4});
  if (!producer) {
    return producer.error();
  }
  std::ifstream file("data/quakes.jsonl");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const std::string network = thalweg::Event{.data = line}.text("net").value_or("");
    if (kafka::Error error = producer->post({.topic = topic, .key = network, .value = line})) {
      return error;
    }
  }
  const kafka::Flushed flushed = producer->flush(30s);
  if (flushed.error) {
    return flushed.error;
  }
  return count;
}

// Handles so many records, and then stops.
kafka::HandlingSummary count_strong(const kafka::Connection& connection, const std::string& topic,
                                    std::size_t count, std::map<std::string, int>& strong) {
  kafka::Expected<kafka::Consumer> consumer = kafka::Consumer::open(
      {.connection = connection, .group = topic + "-readers", .topics = {topic}});
  if (!consumer) {
    return {.error = consumer.error()};
  }
  std::size_t seen = 0;
  const auto handler = [&](const kafka::Record& record) {
    const thalweg::Event quake{.data = std::string(record.value.value_or(""))};
    if (quake.number("mag").value_or(0) >= 5) {
      ++strong[quake.text("net").value_or("?")];
    }
    if (++seen == count) {
      consumer->stop();
    }
    return kafka::Handled::done();
  };
  return consumer->run(handler, {.retries = 5, .then = kafka::OnFailure::kSkip});
}

}  // namespace

int main(int argc, char** argv) {
  const kafka::Connection connection{.brokers = argc > 1 ? argv[1] : "localhost:9092"};
  const std::string topic = argc > 2 ? argv[2] : "quakes";
  if (kafka::Error error = create(connection, topic)) {
    return failed(error);
  }
  const kafka::Expected<std::size_t> sent = produce(connection, topic);
  if (!sent) {
    return failed(sent.error());
  }
  std::map<std::string, int> strong;
  const kafka::HandlingSummary summary = count_strong(connection, topic, *sent, strong);
  if (summary.error) {
    return failed(summary.error);
  }
  std::printf("%zu earthquakes, of which had a magnitude of 5 or more:\n",
              static_cast<std::size_t>(summary.handled));
  for (const auto& [network, quakes] : strong) {
    std::printf("  %s  %d\n", network.c_str(), quakes);
  }
  return 0;
}
