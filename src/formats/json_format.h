#pragma once

#include "formats/format.h"

namespace thalweg {

const Format& json_format();

}  // namespace thalweg
