#pragma once

#include <memory>

#include "formats/csv_dialect.h"
#include "formats/format.h"

namespace thalweg {

// Values in PostgreSQL's text forms, in quotes where they need them; rows end with a newline.
std::unique_ptr<Encoder> make_csv_encoder(const CsvDialect& dialect, const ChangeStyle& changes);

}  // namespace thalweg
