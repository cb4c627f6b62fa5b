#pragma once

#include "formats/format.h"

namespace thalweg {

// A row is one value: a line, or a record, as it is.
const Format& raw_format();

}  // namespace thalweg
