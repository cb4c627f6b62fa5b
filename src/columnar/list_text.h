#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/value.h"

namespace thalweg {

// {1,2,NULL,"a b"} for an ARRAY, (1,,"a b") for a STRUCT. Requires: a value that is not null.
std::string format_list(const Value& value);
Result<Value> parse_list(std::string_view text, const Type& type);

}  // namespace thalweg
