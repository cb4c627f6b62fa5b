#pragma once

#include "formats/format.h"

namespace thalweg {

const Format& csv_format();

}  // namespace thalweg
