#pragma once

#include <memory>

#include "connectors/connector.h"

namespace thalweg {

// What a scan of a topic needs: the decoder of values, and what the record itself tells. Fails
// where the format does not fit the columns.
Result<std::unique_ptr<BlockReader>> make_kafka_reader(const ScanRequest& request);

// Whether the scan reads the headers of records.
bool reads_headers(const ScanRequest& request);

}  // namespace thalweg
