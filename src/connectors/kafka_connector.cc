#include "connectors/connector.h"
#include "connectors/kafka_checks.h"
#include "connectors/kafka_options.h"
#include "connectors/kafka_place.h"
#include "connectors/kafka_sink.h"
#include "connectors/kafka_source.h"
#include "connectors/kafka_transactions.h"

namespace thalweg {

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
                   .refuses_option = refuses_kafka_option,
                   .refuses_value = refuses_kafka_value,
                   .refuses_writing = refuses_kafka_writing},
          .make_source = make_kafka_source,
          .make_sink = make_kafka_sink,
          .make_decider = &KafkaTransactions::make,
          .take_place = take_kafka_place};
}

}  // namespace thalweg
