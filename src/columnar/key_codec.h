#pragma once

#include <cstddef>

#include "columnar/column.h"

namespace thalweg {

// Canonical bytes of one value, as docs/formats/keys.md defines them.
std::size_t encoded_size(const Column& column, RowIndex row);
// Writes encoded_size() bytes and returns the place after them.
char* encode_value(const Column& column, RowIndex row, char* out);

}  // namespace thalweg
