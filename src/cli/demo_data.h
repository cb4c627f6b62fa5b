#pragma once

#include <string_view>

namespace thalweg::cli {

// examples/data/quakes.jsonl, compiled in.
std::string_view quakes_jsonl();

}  // namespace thalweg::cli
