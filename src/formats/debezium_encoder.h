#pragma once

#include <memory>

#include "formats/format.h"

namespace thalweg {

// An event a line: c for a row that comes, d for one that goes, u for one that replaces another of
// its key.
std::unique_ptr<Encoder> make_debezium_encoder(RowKey key);

}  // namespace thalweg
