#pragma once

#include <cstdint>

namespace thalweg {

// How rows in order are numbered: 1, 2, 3 whatever is equal; equal rows alike, with a gap behind
// them (1, 1, 3) or without (1, 1, 2).
enum class Ranking : std::uint8_t { kRowNumber, kRank, kDenseRank };

}  // namespace thalweg
