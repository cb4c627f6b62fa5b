// A client that is killed: BROKERS produce TOPIC sends the numbers from 0 on, and prints each that
// brokers have; BROKERS consume TOPIC GROUP MILLIS handles records, prints the value of each that
// it has handled, and commits every so often. Both run until they are killed.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/producer.h"

namespace thalweg::kafka {
namespace {

void tell(std::string_view text) {
  std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
  std::fflush(stdout);
}

Error produce(const std::string& brokers, const std::string& topic) {
  Expected<Producer> producer =
      Producer::open({.connection = {.brokers = brokers}, .in_flight_bytes_max = 4096});
  if (!producer) {
    return producer.error();
  }
  for (std::uint64_t number = 0;; ++number) {
    const std::string text = std::to_string(number);
    const Error error =
        producer->send({.topic = topic, .value = text}, [text](const Delivery& delivery) {
          if (!delivery.error) {
            tell(text);
          }
        });
    if (error) {
      return error;
    }
  }
}

Error consume(const std::string& brokers, const std::string& topic, const std::string& group,
              std::chrono::milliseconds commit_interval) {
  Expected<Consumer> consumer = Consumer::open({.connection = {.brokers = brokers},
                                                .group = group,
                                                .topics = {topic},
                                                .instance_id = "one",
                                                .start = Start::earliest()});
  if (!consumer) {
    return consumer.error();
  }
  const HandlingSummary summary = consumer->run(
      [](const Record& record) {
        tell(record.value.value_or(""));
        return Handled::done();
      },
      {.commit_interval = commit_interval});
  return summary.error;
}

}  // namespace
}  // namespace thalweg::kafka

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const thalweg::kafka::Error error =
      words.size() == 5
          ? thalweg::kafka::consume(words[0], words[2], words[3],
                                    std::chrono::milliseconds(std::atoi(words[4].c_str())))
          : thalweg::kafka::produce(words.at(0), words.at(2));
  std::fprintf(stderr, "%s\n", error.message().c_str());
  return 1;
}
