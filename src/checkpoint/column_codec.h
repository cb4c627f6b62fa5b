#pragma once

#include <cstdint>
#include <string>

#include "checkpoint/byte_codec.h"
#include "columnar/column.h"

namespace thalweg {

// A column's bytes in a block: docs/formats/checkpoint.md.
void encode_column(const Column& column, std::string& out);

// About how many bytes encode_column() appends.
std::size_t encoded_bytes(const Column& column);

// A column of that type and length from the front of `in`, which fails where the bytes are none.
// Every length and offset is checked, so that whatever the bytes say, the column can be used.
Column decode_column(const Type& type, std::uint32_t rows, ByteReader& in);

}  // namespace thalweg
