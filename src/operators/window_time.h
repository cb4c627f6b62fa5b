#pragma once

#include <cstdint>
#include <memory>

#include "stream/operator.h"

namespace thalweg {

struct WindowTimeSpec {
  std::uint32_t window_end = 0;    // A column, TIMESTAMP: each row's window ends there,
  std::int64_t micros_to_end = 0;  // plus this.
};

// Gives each row the last microsecond of its window as event time.
std::unique_ptr<Operator> make_window_time(WindowTimeSpec spec);

}  // namespace thalweg
