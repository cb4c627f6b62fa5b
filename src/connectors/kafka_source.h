#pragma once

#include <memory>

#include "connectors/connector.h"

namespace thalweg {

// Reads topics, each partition a partition of the source, at positions that are Kafka's offsets.
Result<std::unique_ptr<Source>> make_kafka_source(World& world, const ScanRequest& request);

}  // namespace thalweg
