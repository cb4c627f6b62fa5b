#pragma once

#include <string_view>

#include "base/result.h"
#include "columnar/type.h"

namespace thalweg {

// Fields in the order in which they first appear, each with the narrowest type that holds all its
// values: TEXT where they do not agree or there are none.
Result<Schema> infer_json(std::string_view sample);

}  // namespace thalweg
