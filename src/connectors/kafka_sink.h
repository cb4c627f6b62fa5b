#pragma once

#include <memory>

#include "connectors/connector.h"

namespace thalweg {

// Writes each row as a record of a topic; a row that goes, in mode 'upsert', as a record without a
// value.
Result<std::unique_ptr<Sink>> make_kafka_sink(World& world, const SinkRequest& request);

}  // namespace thalweg
