#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "expr/over.h"

namespace thalweg {

// How far before a row the frames of all these calls reach, in what the order measures. Nothing
// where some call may need any row from before: a number, a frame of so many rows, or one from the
// partition's start.
inline std::optional<std::int64_t> reach_before(const std::vector<OverCall>& calls) {
  std::int64_t reach = 0;
  for (const OverCall& call : calls) {
    if (!call.has_frame() || call.frame.unit != FrameUnit::kRange || !call.frame.start) {
      return std::nullopt;
    }
    reach = std::max(reach, -*call.frame.start);
  }
  return reach;
}

}  // namespace thalweg
