#pragma once

#include <memory>

#include "formats/csv_dialect.h"
#include "formats/format.h"

namespace thalweg {

std::unique_ptr<Framer> make_csv_framer(const CsvDialect& dialect);
std::unique_ptr<Decoder> make_csv_decoder(DecoderSpec spec, const CsvDialect& dialect);

}  // namespace thalweg
