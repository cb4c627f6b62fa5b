#pragma once

#include <cstdint>
#include <string>

namespace thalweg::plan {

// Microseconds as people say them: "1 hour 30 minutes", "500 milliseconds".
std::string duration_text(std::int64_t micros);

}  // namespace thalweg::plan
