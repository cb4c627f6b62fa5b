#include <fmt/format.h>

#include "connectors/connector.h"
#include "connectors/kafka_options.h"
#include "connectors/kafka_place.h"
#include "connectors/kafka_sink.h"
#include "connectors/kafka_source.h"
#include "connectors/kafka_topics.h"
#include "connectors/kafka_transactions.h"

namespace thalweg {
namespace {

std::optional<OptionRefusal> refuses_writing(const Options& options) {
  const std::string& topic = options.text("topic");
  const bool is_pattern = is_topic_pattern(topic);
  if (!is_pattern && topic.find(';') == std::string::npos) {
    return std::nullopt;
  }
  return OptionRefusal{.option = "topic",
                       .message = fmt::format("topic '{}' {}, which can only be read", topic,
                                              is_pattern ? "is a pattern (it begins with ^)"
                                                         : "names several topics")};
}

}  // namespace

Connector kafka_connector() {
  return {.info = {.name = "kafka",
                   .aliases = {},
                   .text = "Topics of Apache Kafka. A record is a row.",
                   .can_read = true,
                   .can_write = true,
                   .takes_format = true,
                   .takes_changes = false,
                   .reads_upserts = true,
                   .writes_event_time = true,
                   .default_format = {},
                   .options = kafka_options(),
                   .metadata = kafka_metadata(),
                   .bounded = [](const Options& options) { return options.boolean("bounded"); },
                   .own_schema = nullptr,
                   .refuses_writing = refuses_writing},
          .make_source = make_kafka_source,
          .make_sink = make_kafka_sink,
          .make_decider = &KafkaTransactions::make,
          .take_place = take_kafka_place};
}

}  // namespace thalweg
