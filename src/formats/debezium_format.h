#pragma once

#include "formats/format.h"

namespace thalweg {

// The events of Debezium, as JSON lines.
const Format& debezium_format();

}  // namespace thalweg
