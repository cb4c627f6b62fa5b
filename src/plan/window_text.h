#pragma once

#include <string>

#include "plan/plan.h"

namespace thalweg::plan {

// `HOP 1 hour every 5 minutes`.
std::string window_text(const Window& window);

}  // namespace thalweg::plan
