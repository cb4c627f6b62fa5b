#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "connectors/connector.h"
#include "formats/format.h"

namespace thalweg {

// What a decoder is to yield of a table's columns: `columns`, of rows that have those at `places`,
// numbered as physical_schema() has them.
DecoderSpec decoder_spec(const Table& table, std::span<const std::uint32_t> columns,
                         std::span<const std::uint32_t> places);

// What a table's format needs to decode them.
Result<std::unique_ptr<Decoder>> make_table_decoder(const Table& table, DecoderSpec spec);

// The same for the columns of a scan.
Result<std::unique_ptr<Decoder>> make_table_decoder(const ScanRequest& request);

// Reads blocks of bytes by a decoder. `row_bytes_max`: beyond which they say that a row is too
// long.
std::unique_ptr<BlockReader> make_format_reader(std::unique_ptr<Decoder> decoder,
                                                std::size_t row_bytes_max);

}  // namespace thalweg
