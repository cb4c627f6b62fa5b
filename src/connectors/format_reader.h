#pragma once

#include <memory>

#include "connectors/connector.h"
#include "formats/format.h"

namespace thalweg {

// What a table's format needs to decode the columns of a scan.
Result<std::unique_ptr<Decoder>> make_table_decoder(const ScanRequest& request);

// Reads blocks of bytes by a decoder.
std::unique_ptr<BlockReader> make_format_reader(std::unique_ptr<Decoder> decoder);

}  // namespace thalweg
