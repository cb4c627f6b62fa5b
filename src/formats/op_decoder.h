#pragma once

#include <memory>

#include "formats/format.h"

namespace thalweg {

// The same with the field `op`, TEXT, behind the others; in the rows it comes first.
DecoderSpec with_op_field(DecoderSpec spec);

// Reads the last field of `inner` as what becomes of the row: +I and +U come, -U and -D go. Rows
// with any other are rejected.
std::unique_ptr<Decoder> make_op_decoder(std::unique_ptr<Decoder> inner);

// Leaves only the named rows.
void keep_rows(DecodedRows& rows, std::span<const RowIndex> kept);

// Where a row stands in the block.
std::uint64_t offset_of(const DecodedRows& rows, RowIndex row);

}  // namespace thalweg
