#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "stream/operator.h"

namespace thalweg {

// Gives each row the wall clock of its batch as event time, and shows it in `column` (TIMESTAMP or
// TIMESTAMPTZ), if there is one. Never goes back, and never behind the watermark.
std::unique_ptr<Operator> make_wall_time(std::optional<std::uint32_t> column);

}  // namespace thalweg
